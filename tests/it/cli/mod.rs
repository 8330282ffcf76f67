//! The program as its callers meet it: arguments, reports, exit codes, hooks.

mod bad_input;
mod batch;
mod commands;
mod guards;
mod hooks;
mod plan;
mod python;
mod run;
mod signals;
mod step;
