//! The commands about who may do what.

pub(crate) mod key;
pub(crate) mod token;
