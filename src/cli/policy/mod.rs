//! `sendoff policy`: checks, shows and creates policies.

mod check;
mod edit;
mod init;
mod show;

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::policy::PRESETS;
use crate::session::{Request, check_file};

use super::output::print;
use super::start::check_directory;

use self::check::{check, tell_check};
use self::init::Target;
use self::show::Keys;

/// Examples and variables.
pub(super) const HELP: &str = "\
Examples:
  sendoff policy check                 check every layer that applies here
  sendoff policy init --preset solo    write a user's policy from a preset

Environment:
  XDG_CONFIG_HOME  the user's policy is sendoff/policy.toml below it; by default ~/.config";

/// Examples and variables of `policy check`.
const CHECK_HELP: &str = "\
Examples:
  sendoff policy check --json           check every layer that applies here, for a program
  sendoff policy check policy.toml      check one file by itself

Environment:
  XDG_CONFIG_HOME  the user's policy is sendoff/policy.toml below it; by default ~/.config

Exit codes: 0 no mistakes, 78 a mistake.";

/// Examples and variables of `policy show`.
const SHOW_HELP: &str = "\
Examples:
  sendoff policy show                            print every value and the layer that it comes from
  sendoff policy show --set branches.base=dev    print them with one key changed

Environment:
  XDG_CONFIG_HOME  the user's policy is sendoff/policy.toml below it; by default ~/.config";

/// Examples of `policy schema`.
const SCHEMA_HELP: &str = "\
Examples:
  sendoff policy schema                          print the schema
  sendoff policy schema > sendoff.schema.json    write it to a file, for an editor

No environment variable changes the schema.";

/// Examples and variables of `policy path`.
const PATH_HELP: &str = "\
Examples:
  sendoff policy path            print the files that apply here
  sendoff policy path -C DIR     print those that apply in another directory

Environment:
  XDG_CONFIG_HOME  the user's policy is sendoff/policy.toml below it; by default ~/.config";

/// Examples and variables of `policy edit`.
const EDIT_HELP: &str = "\
Examples:
  sendoff policy edit           edit your policy
  sendoff policy edit --repo    edit the repository's .sendoff.toml

Environment:
  VISUAL, EDITOR   the editor, as a command of the shell; otherwise vi
  XDG_CONFIG_HOME  the user's policy is sendoff/policy.toml below it; by default ~/.config

Exit codes: 0 no mistakes, 1 the editor failed, 78 a mistake.";

/// Examples and variables of `policy init`.
const INIT_HELP: &str = "\
Examples:
  sendoff policy init --preset solo             write the user's policy
  sendoff policy init --preset agents --repo    write the repository's .sendoff.toml

Environment:
  XDG_CONFIG_HOME  the user's policy is sendoff/policy.toml below it; by default ~/.config";

/// The commands below `sendoff policy`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Check FILE, or every layer that applies here
    ///
    /// Says what a run would say: reads every layer and every step's table, plans every pipeline, and compiles every
    /// template and condition. Shows each mistake with its place. A FILE is checked as the layer that it is:
    /// `.sendoff.toml` as a repository's, /etc/sendoff/policy.toml as the system's, others as a user's.
    #[command(after_long_help = CHECK_HELP)]
    Check {
        /// The policy file to check by itself
        file: Option<PathBuf>,
        /// Print the mistakes as JSON
        #[arg(long)]
        json: bool,
        /// Check the layers that apply in this directory
        #[arg(short = 'C', value_name = "DIR", conflicts_with = "file")]
        directory: Option<PathBuf>,
    },
    /// Show each value with the layer that it comes from
    ///
    /// Prints the merged policy, to find out which file decides.
    #[command(after_long_help = SHOW_HELP)]
    Show {
        /// Show what applies in this directory
        #[arg(short = 'C', value_name = "DIR")]
        directory: Option<PathBuf>,
        /// Read one more policy file, which overrides the layers below it
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Set one key of the policy
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// Show also the keys that no layer sets, with their defaults
        #[arg(long)]
        all: bool,
    },
    /// Edit your policy, or the repository's, and check it afterwards
    ///
    /// A file that is not there is made first, with every key commented. The file stays as the editor saved it; mistakes
    /// are shown with their places.
    #[command(after_long_help = EDIT_HELP)]
    Edit {
        /// Edit the repository's policy, .sendoff.toml in the work tree
        #[arg(long)]
        repo: bool,
        /// Work in this directory instead of the current one
        #[arg(short = 'C', value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Print where the policy files are, lowest layer first, and which of them exist
    ///
    /// A value of a later file replaces that of an earlier one, where the later layer may set it.
    #[command(after_long_help = PATH_HELP)]
    Path {
        /// Look in this directory instead of the current one
        #[arg(short = 'C', value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Print the JSON Schema of policy files
    ///
    /// Editors use it to complete keys and to mark mistakes.
    #[command(after_long_help = SCHEMA_HELP)]
    Schema,
    /// Write a preset as a new policy file
    ///
    /// Never overwrites a file. Keys that a repository's policy cannot carry are written as comments.
    #[command(after_long_help = INIT_HELP)]
    Init {
        /// The preset
        #[arg(long, value_name = "NAME", default_value = "default", value_parser = preset_names())]
        preset: String,
        /// Print the policy instead of writing it
        #[arg(long)]
        print: bool,
        /// Write the repository's policy, .sendoff.toml in the work tree
        #[arg(long, conflicts_with = "user")]
        repo: bool,
        /// Write the user's policy (the default)
        #[arg(long)]
        user: bool,
        /// Work in this directory instead of the current one
        #[arg(short = 'C', value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

impl Command {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        let named = match &self {
            Self::Check { directory, .. }
            | Self::Show { directory, .. }
            | Self::Path { directory }
            | Self::Edit { directory, .. }
            | Self::Init { directory, .. } => directory.as_ref(),
            Self::Schema => None,
        };
        match check_directory(named, environment) {
            Ok(()) => self.run_there(environment),
            Err(exit) => exit,
        }
    }

    fn run_there(self, environment: &Environment) -> Exit {
        match self {
            Self::Check {
                file: Some(file),
                json,
                ..
            } => tell_check(&check_file(&file, environment), Some(&file), json),
            Self::Check {
                file: None,
                directory,
                json,
            } => {
                let request = Request {
                    directory,
                    ..Request::default()
                };
                check(&request, environment, json)
            }
            Self::Show {
                directory,
                policy,
                set,
                all,
            } => {
                let request = Request {
                    directory,
                    policy_file: policy,
                    sets: set,
                    ..Request::default()
                };
                let keys = if all { Keys::All } else { Keys::Set };
                show::show(&request, keys, environment)
            }
            Self::Path { directory } => show::paths(directory.as_deref(), environment),
            Self::Edit { repo, directory } => {
                edit::edit(Target::of(repo), directory.as_deref(), environment)
            }
            Self::Schema => print(&crate::manual::policy_schema()).exit(),
            Self::Init {
                preset,
                repo,
                user: _,
                print: only_print,
                directory,
            } => {
                let target = Target::of(repo);
                if only_print {
                    return init::print_preset(&preset, target);
                }
                init::init(&preset, target, directory.as_deref(), environment)
            }
        }
    }
}

/// Returns the presets, for help, completions and errors.
fn preset_names() -> PossibleValuesParser {
    let presets = PRESETS.iter();
    PossibleValuesParser::new(
        presets.map(|preset| PossibleValue::new(preset.name).help(preset.about)),
    )
}
