//! Arguments, rendering, exit. Only this module prints.

mod batch;
mod colour;
mod completions;
mod confirm;
mod demo;
mod doctor;
mod end_process;
mod event;
mod flush;
mod hints;
mod history;
mod hook;
mod install;
mod json_object;
mod log;
mod manual;
mod outbox;
mod output;
mod payload;
mod plan;
mod policy;
mod progress;
mod render;
mod run;
mod schedule;
mod serve;
mod start;
mod status;
mod step;
mod task;
mod task_json;
mod task_table;
mod task_value;
mod timed_input;
mod trust;
mod undo;
mod why;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::failpoint::is_watched;
use crate::process::{keep_memory_private, outlive_caller};
use crate::secrets::KnownSecrets;

use self::colour::{Paint, When};
use self::log::log_to_stderr;
use self::output::{eprint, print};
use self::start::{Start, check_directory};

/// Gives finished work a proper send-off: policy, memory, heartbeat, push, pull request
///
/// When a task or a commit is done, sendoff loads a policy and runs a pipeline of steps: it commits a memory
/// to the agents' platform, clears the heartbeat, pushes the branch and opens the pull request. It works in any
/// repository without setup; a step without a platform, a token or a remote is skipped with the reason.
#[derive(Debug, Parser)]
#[command(
    name = "sendoff",
    version,
    max_term_width = 100,
    after_long_help = ROOT_HELP
)]
struct Cli {
    /// Work in this directory instead of the current one, as with -C behind the command
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Colour the words that say how something ended; auto: on a terminal
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    color: When,
    #[command(subcommand)]
    command: Command,
}

/// Examples and variables of the program as a whole.
const ROOT_HELP: &str = "\
Examples:
  sendoff demo    try it on loopback servers, without an account
  sendoff plan    show what a run would do in this repository

Environment:
  SENDOFF      0 switches sendoff off
  SENDOFF_LOG  log lines for standard error, such as debug
  NO_COLOR     no colour; CLICOLOR_FORCE=1 colours also what goes into a pipe

Reference: docs/reference/environment.md has every variable, docs/reference/exit-codes.md every exit code.";

// Each command is defined only when it is used, which saves a run the definitions of the others.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Run a pipeline and report what became of each step
    Run(run::Args),
    /// Hand finished work over to a worker, and return at once; always exits 0
    Hook(hook::Args),
    /// Do the work that a hook handed over
    #[command(hide = true)]
    Worker(worker::Args),
    /// Let git and coding agents call sendoff when work is done
    Install(install::InstallArgs),
    /// Remove what `install` wrote, and restore what was there before
    Uninstall(install::UninstallArgs),
    /// Check that everything is set up, and name the command that fixes what is not
    Doctor(doctor::Args),
    /// Run one step and print its data
    Step(step::Args),
    /// Show what a run would do, and why, without doing any of it
    Plan(plan::Args),
    /// Say why the branch did not ship, or what keeps it from that
    Why(why::Args),
    /// Say whether everything was sent; if not, why not, since when, and what happens next
    Status(status::Args),
    /// List the runs that did or tried something, or show one of them
    History(history::Args),
    /// Try everything that waits now: handed-over work, branches, messages
    Flush(flush::Args),
    /// Undo what a run pushed, and close the pull request that it opened
    Undo(undo::Args),
    /// Trust what a repository asks for: steps that run programs, remotes, its git configuration
    Trust(trust::Args),
    /// Receive webhooks, and run schedules at their times or when an event fires them
    Serve(serve::Args),
    /// Compare a recorded delivery with the rules, and say what it would fire
    Event(event::Args),
    /// List, show, send and drop the messages that wait for the platform
    ///
    /// Messages that could not be delivered wait in the outbox, without secrets, until the platform is back.
    #[command(subcommand, after_long_help = outbox::Command::HELP)]
    Outbox(outbox::Command),
    /// Add, list, run and remove schedules: work that runs at its times, or when an event fires it
    ///
    /// `sendoff serve` executes them. A schedule sends a prompt to a workspace of the agents' platform, runs a pipeline
    /// in a directory, or a step that sends a request.
    #[command(subcommand, after_long_help = schedule::Command::HELP)]
    Schedule(schedule::Command),
    /// Check, show and create policies
    ///
    /// A policy is TOML and says what may leave this machine, and how. It is merged from layers: built-in, system,
    /// user, repository and command line. A repository's layer can tighten a policy, never loosen it.
    #[command(subcommand, after_long_help = policy::HELP)]
    Policy(policy::Command),
    /// Try it all on loopback servers: no account needed, nothing left behind
    Demo(demo::Args),
    /// Write the reference pages and schemas
    Manual(manual::Args),
    /// Print shell completions
    Completions(completions::Args),
}

impl Command {
    /// Returns the level that `-vv` asks the log for. Nobody waits for a server's output: it logs what it does.
    const fn log_level(&self) -> Option<&'static str> {
        let verbosity = match self {
            Self::Serve(_) => return Some("sendoff=info,warn"),
            Self::Run(args) => args.verbosity(),
            Self::Step(args) => args.verbosity(),
            _ => 0,
        };
        if verbosity > 1 { Some("debug") } else { None }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    // A panic is a bug in sendoff: print a message and return the code for it.
    let done = std::panic::catch_unwind(dispatch);
    let exit = done.unwrap_or_else(|_| {
        eprint("sendoff has a bug and stopped; please report it with the lines above");
        Exit::Internal
    });
    // `--best-effort` holds for a wrong command line and for a bug too.
    let best_effort = std::env::args_os().any(|argument| argument == "--best-effort");
    // A hook's caller may take any other code for a decision.
    let is_hook = command_word(std::env::args_os().skip(1)).is_some_and(|word| word == "hook");
    if best_effort || is_hook {
        Exit::Done
    } else {
        exit
    }
    .into()
}

/// Returns the first argument that is neither an option of the program as a whole nor the value of one.
fn command_word(mut arguments: impl Iterator<Item = OsString>) -> Option<OsString> {
    loop {
        let argument = arguments.next()?;
        if argument == "-C" || argument == "--color" {
            arguments.next();
        } else if !argument.as_encoded_bytes().starts_with(b"-") {
            return Some(argument);
        }
    }
}

fn dispatch() -> Exit {
    outlive_caller();
    if !is_watched() {
        keep_memory_private();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let environment = Environment::read();
    let environment = match cli.directory {
        None => environment,
        Some(directory) => match check_directory(Some(&directory), &environment) {
            Ok(()) => {
                let there = environment.cwd().join(directory);
                environment.at(there)
            }
            Err(exit) => return exit,
        },
    };
    let known = KnownSecrets::default();
    if !matches!(cli.command, Command::Worker(_)) {
        log_to_stderr(&environment, &known, cli.command.log_level());
    }
    let paint = Paint::for_stdout(cli.color, &environment);
    let start = Start {
        environment,
        known,
        paint,
    };
    match cli.command {
        Command::Run(args) => args.run(start),
        Command::Hook(args) => args.run(&start),
        Command::Worker(_) => worker::Args::run(&start),
        Command::Install(args) => args.run(&start),
        Command::Uninstall(args) => args.run(&start),
        Command::Doctor(args) => args.run(start),
        Command::Step(args) => args.run(start),
        Command::Plan(args) => args.run(start),
        Command::Why(args) => args.run(start),
        Command::Status(args) => args.run(&start),
        Command::History(args) => args.run(&start),
        Command::Flush(args) => args.run(&start),
        Command::Undo(args) => args.run(&start),
        Command::Trust(args) => args.run(&start),
        Command::Serve(_) => serve::Args::run(&start),
        Command::Event(args) => args.run(&start),
        Command::Outbox(command) => command.run(&start),
        Command::Schedule(command) => command.run(&start),
        Command::Policy(command) => command.run(&start.environment),
        Command::Demo(_) => demo::Args::run(&start.environment),
        Command::Manual(args) => args.run(&Cli::command()),
        Command::Completions(args) => args.run(&Cli::command()),
    }
}

/// Prints help on stdout, and errors on stderr with exit code 64: agent hosts read clap's 2 as "block".
fn usage(error: &clap::Error) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        eprint(text.to_string().trim_end());
        return Exit::Usage;
    }
    print(&text.to_string()).exit()
}

/// Returns the program's definition, for the reference pages.
pub fn command() -> clap::Command {
    Cli::command()
}
