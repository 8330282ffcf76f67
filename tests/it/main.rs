//! The tests that need a repository, a server or the program. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may"
)]
#![allow(clippy::disallowed_methods, reason = "tests start git and servers")]

mod circles;
mod cli;
mod compatibility;
mod demo;
mod dependencies;
mod events;
mod floors;
mod forge;
mod git;
mod guard;
mod handover;
mod http;
mod install;
mod manual;
mod names;
mod pipeline;
mod platform;
mod policies;
mod process;
mod program;
mod pty;
mod published_schema;
mod push;
mod reliability;
mod sandbox;
mod schedules;
mod secrets;
mod security;
mod steps;
mod store;
mod supervision;
mod template;
mod text;
mod worker;
mod world;
