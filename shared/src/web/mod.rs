//! The HTTP interface: reading requests, errors, lists, live views, pages, documentation, the server.

pub mod access;
mod asyncapi;
mod dead;
pub mod docs;
pub mod doors;
pub mod etag;
mod exemplars;
pub mod extract;
pub mod history;
mod objects;
mod observe;
mod openapi;
mod packed;
pub mod page;
pub mod pages;
pub mod problem;
pub mod quota;
mod resend;
pub mod routes;
pub mod serve;
pub mod site;
pub mod sse;
mod state;
pub(crate) mod still;
