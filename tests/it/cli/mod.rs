//! The program as its callers meet it: arguments, reports, exit codes, hooks.

mod bad_input;
mod batch;
mod commands;
mod counted;
mod doctor;
mod facts;
mod fork;
mod guards;
mod help;
mod hooks;
mod input;
mod keys;
mod late;
mod leaks;
mod logins;
mod no_token;
mod off;
mod outgoing;
mod output;
mod plan;
mod policy_check;
mod python;
mod run;
mod signals;
mod step;
mod terminal;
