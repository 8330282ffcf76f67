//! The steps, one file for those that belong together.

mod delegation;
mod exec;
mod http;
mod killed;
mod prompt;
mod recall;
