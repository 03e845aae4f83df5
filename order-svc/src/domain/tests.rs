//! Decisions, text in and text out.
