//! Schema and reference pages, written from the types so that they cannot be stale.

pub mod policy_page;
pub mod schema;
