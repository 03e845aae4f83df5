//! The kitchen service, alone.

use std::process::ExitCode;

use kitchen_svc::KitchenSvc;

#[tokio::main]
async fn main() -> ExitCode {
    shared::process::alone::main::<KitchenSvc>().await
}
