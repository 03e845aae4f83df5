//! What the three services have in common: the event contract, and the plumbing. No rule of the restaurant.

pub mod app;
pub mod bus;
pub mod config;
pub mod contract;
pub mod db;
pub mod dead;
pub mod event;
pub mod host;
pub mod http;
pub mod idempotency;
pub mod live;
pub mod log;
mod openapi;
pub mod pages;
pub mod problem;
mod prune;
pub mod pump;
pub mod relay;
pub mod routes;
pub mod rows;
pub mod service;
pub mod supervise;
pub mod telemetry;
pub mod time;
pub mod topology;
pub mod trace;
