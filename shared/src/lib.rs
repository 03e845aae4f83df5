//! What the three services have in common: the event contract, and the plumbing. No rule of the restaurant.
//!
//! Rooms, each of which may look only at those above it in this list: `contract`, `db`, `bus`, `engine`, `web`, `process`.

pub mod bus;
pub mod contract;
pub mod db;
pub mod engine;
pub mod process;
pub mod web;
