//! Arguments, rendering, exit. Only this module prints.

mod batch;
mod completions;
mod demo;
mod manual;
mod output;
mod plan;
mod policy;
mod progress;
mod render;
mod request;
mod run;
mod step;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::environment::Environment;
use crate::exit::Exit;

use self::output::{complain, print};

/// Gives finished work a proper send-off: policy, memory, heartbeat, push, pull request
#[derive(Debug, Parser)]
#[command(
    name = "sendoff",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a pipeline and report what became of each step
    Run(run::Args),
    /// Run one step and print its data
    Step(step::Args),
    /// Show what a run would do, and why, without doing any of it
    Plan(plan::Args),
    /// Check, show and create policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Try it all on loopback servers: no account needed, nothing left behind
    Demo(demo::Args),
    /// Write the reference pages and schemas
    Manual(manual::Args),
    /// Print shell completions
    Completions(completions::Args),
}

/// Runs the program.
pub fn main() -> ExitCode {
    // A panic is a bug of ours; the caller gets a sentence and a code, never a crash.
    let done = std::panic::catch_unwind(dispatch);
    let exit = done.unwrap_or_else(|_| {
        complain("sendoff has a bug and stopped; please report it with the lines above");
        Exit::Internal
    });
    // Whatever happens includes a wrong command line and a bug.
    let best_effort = std::env::args_os().any(|argument| argument == "--best-effort");
    if best_effort { Exit::Done } else { exit }.into()
}

fn dispatch() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let environment = Environment::read();
    log_to_stderr(&environment);
    match cli.command {
        Command::Run(args) => args.run(environment),
        Command::Step(args) => args.run(environment),
        Command::Plan(args) => args.run(environment),
        Command::Policy(command) => command.run(&environment),
        Command::Demo(_) => demo::Args::run(&environment),
        Command::Manual(args) => args.run(&Cli::command()),
        Command::Completions(args) => args.run(&mut Cli::command()),
    }
}

/// Shows help on stdout, and errors on stderr with exit code 64: clap's own 2 would block an agent.
fn usage(error: &clap::Error) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        complain(text.to_string().trim_end());
        return Exit::Usage;
    }
    print(&text.to_string());
    Exit::Done
}

/// Sends log lines to stderr when `SENDOFF_LOG` asks for them; nobody pays for it otherwise.
fn log_to_stderr(environment: &Environment) {
    let Some(filter) = environment.text("SENDOFF_LOG") else {
        return;
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .finish();
    // A second subscriber in one process (a test) keeps the first: nothing to do about it.
    let _first_wins = tracing::subscriber::set_global_default(subscriber);
}

/// Returns the program's definition, for the reference pages.
pub fn command() -> clap::Command {
    Cli::command()
}
