//! demo

pub mod git_server;
