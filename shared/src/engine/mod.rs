//! How a service decides and remembers: every write goes through its pump, whatever asks for it. Knows nothing of HTTP.

pub mod backoff;
mod batch;
pub mod call;
pub mod condition;
pub mod dead;
mod decide;
mod gather;
pub mod health;
pub mod idempotency;
mod inbox;
pub mod journal;
pub mod live;
pub mod log;
pub mod pump;
pub mod redrive;
pub mod relay;
pub mod replay;
pub mod retention;
pub mod rows;
pub mod schema;
pub mod service;
pub mod wake;
