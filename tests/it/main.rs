//! System tests: the three services together, each flow on both pairs of backends with the same text.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod api;
mod audit;
mod broker;
mod bus;
mod checker;
mod db;
mod faults;
mod flows;
mod harness;
mod inbox;
mod misconfigured;
mod pages;
mod poison;
mod process;
mod rules;
mod servers;
mod start;
mod taster;
mod wire;
