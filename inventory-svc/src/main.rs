//! The inventory service, alone.

use std::process::ExitCode;

use inventory_svc::InventorySvc;

#[tokio::main]
async fn main() -> ExitCode {
    shared::process::alone::main::<InventorySvc>().await
}
