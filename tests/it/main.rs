//! System tests: the three services together, each flow on both pairs of backends with the same text.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod agree;
mod api;
mod broker;
mod bus;
mod checker;
mod crowd;
mod db;
mod demo;
mod developer;
mod disk;
mod faults;
mod flows;
mod harness;
mod history;
mod inbox;
mod journal;
mod kitchen;
mod line;
mod misconfigured;
mod owner;
mod pages;
mod plans;
mod poison;
mod process;
mod readme;
mod replicas;
mod retention;
mod rules;
mod scripts;
mod servers;
mod silence;
mod start;
mod taster;
mod upgrade;
mod wire;
