//! The text helpers: tables that were worked out with Python's own rules, and properties.

mod properties;
mod tables;
