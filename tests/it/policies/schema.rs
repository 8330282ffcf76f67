//! The schema and the page, from the types.
