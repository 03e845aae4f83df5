//! The order service, alone.

use std::process::ExitCode;

use order_svc::OrderSvc;

#[tokio::main]
async fn main() -> ExitCode {
    shared::process::alone::main::<OrderSvc>().await
}
