//! A process: its configuration, logs and metrics, and the services that it hosts.

pub mod alone;
pub mod config;
mod files;
pub mod health;
pub mod host;
pub mod pages;
pub mod secrets;
pub mod still;
pub mod supervise;
pub mod telemetry;
pub mod traces;
