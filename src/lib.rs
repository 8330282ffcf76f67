//! Gives finished work a proper send-off: loads a policy and runs an ordered pipeline that commits
//! a memory, clears the heartbeat, pushes the branch and opens the pull request.
//!
//! # The map
//!
//! The native push is a crate of its own, [`sendoff_push`], which knows nothing of this one.
//!
//! The crate is a house with floors. A module imports only from the floors above it in this list;
//! `tests/it/floors.rs` holds the table and fails when an import goes up or sideways.
//!
//! | floor | modules | what lives there |
//! | --- | --- | --- |
//! | 0 | [`names`], [`byte_text`], [`exit`], [`reason`], [`files`], [`clock`], [`cron`], [`net`], [`environment`], [`failpoint`] | checked names, text of bytes, numbers, stable codes, hostile files, the time, repeated times, connections, variables, places to be killed at |
//! | 1 | [`policy`], [`report`], [`secrets`], [`text`], [`template`], [`process`], [`handover`] | what may happen, what did, and the tools for both |
//! | 2 | [`git`], [`http`], [`store`], [`trust`] | the repository and the transports of the push; one HTTP client; what is kept between runs; what the user allowed in a repository |
//! | 3 | [`forge`], [`platform`], [`events`] | pull requests; memories and heartbeats; webhooks and the rules for them |
//! | 4 | [`pipeline`] | the step contract, planning, running |
//! | 5 | [`steps`], [`surfaces`] | one file a step; what callers of `hook` send and expect |
//! | 6 | [`session`], [`worker`], [`schedules`], [`serve`], [`install`], [`doctor`], [`demo`], [`manual`] | one run wired up; runs that nobody waits for; what runs when its time comes; the server for webhooks; what calls `hook` is written and removed; whether all of it works; servers to try it on; the reference |
//! | 7 | [`cli`] | arguments, rendering, exit |
//!
//! # A run
//!
//! `cli` turns arguments into a request; `session` opens environment, repository and policy;
//! `pipeline` plans and runs the steps; the report comes back up and `cli` renders it. Calls go
//! down, values come up: no globals, no `process::exit` on the way.

#[cfg(windows)]
compile_error!(
    "sendoff does not run on Windows: its hooks, sessions and file modes are those of Unix"
);

pub mod byte_text;
pub mod cli;
pub mod clock;
pub mod cron;
pub mod demo;
pub mod doctor;
pub mod environment;
pub mod events;
pub mod exit;
pub mod failpoint;
pub mod files;
pub mod forge;
pub mod git;
pub mod handover;
pub mod http;
pub mod install;
pub mod manual;
pub mod names;
pub mod net;
pub mod pipeline;
pub mod platform;
pub mod policy;
pub mod process;
pub mod reason;
pub mod report;
pub mod schedules;
pub mod secrets;
pub mod serve;
pub mod session;
pub mod steps;
pub mod store;
pub mod surfaces;
pub mod template;
pub mod text;
pub mod threads;
pub mod trust;
pub mod worker;
