//! System tests: the three services together, each flow on both pairs of backends with the same text.

mod audit;
mod bus;
mod db;
mod flows;
mod harness;
mod servers;
