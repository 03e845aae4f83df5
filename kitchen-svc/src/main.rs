//! The kitchen service, alone.

use std::process::ExitCode;

use kitchen_svc::KitchenSvc;

#[tokio::main]
async fn main() -> ExitCode {
    shared::process::host::run_one::<KitchenSvc>(8083).await
}
