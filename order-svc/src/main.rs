//! The order service, alone.

use std::process::ExitCode;

use order_svc::OrderSvc;

#[tokio::main]
async fn main() -> ExitCode {
    shared::process::host::run_one::<OrderSvc>(8081).await
}
