//! A process: its configuration, logs and metrics, and the services that it hosts.

pub mod config;
mod files;
pub mod host;
pub mod supervise;
pub mod telemetry;
