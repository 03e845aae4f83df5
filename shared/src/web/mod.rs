//! The HTTP interface: reading requests, errors, lists, live views, pages, documentation, the server.

mod dead;
pub mod docs;
pub mod etag;
pub mod extract;
pub mod history;
mod objects;
mod openapi;
pub mod page;
pub mod pages;
pub mod problem;
pub mod routes;
pub mod serve;
pub mod site;
pub mod sse;
