//! `sendoff policy`: checks, shows and creates policies.

use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::policy::{PRESETS, Places, Until, preset};
use crate::session::{PolicyCheck, PolicyReview, Request, check_file, review};

use super::output::{eprint, print};
use super::render;
use super::start::check_directory;

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

/// Examples and variables of `policy init`.
const INIT_HELP: &str = "\
Examples:
  sendoff policy init --preset solo             write the user's policy
  sendoff policy init --preset agents --repo    write the repository's .sendoff.toml

Environment:
  XDG_CONFIG_HOME  the user's policy is sendoff/policy.toml below it; by default ~/.config";

/// The commands below `sendoff policy`.
#[derive(Debug, Subcommand)]
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
            } => {
                let request = Request {
                    directory,
                    policy_file: policy,
                    sets: set,
                    ..Request::default()
                };
                show(&request, environment)
            }
            Self::Path { directory } => paths(directory.as_deref(), environment),
            Self::Schema => print(&crate::manual::policy_schema()).exit(),
            Self::Init {
                preset,
                repo,
                user: _,
                print: only_print,
                directory,
            } => {
                let target = if repo {
                    Target::Repository
                } else {
                    Target::User
                };
                if only_print {
                    return print_preset(&preset, target);
                }
                init(&preset, target, directory.as_deref(), environment)
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

/// Prints a preset as it would be written.
fn print_preset(name: &str, target: Target) -> Exit {
    let text = preset(name).unwrap_or_default();
    if target == Target::User {
        return print(text).exit();
    }
    match crate::session::preset_for_repository(text) {
        Ok(carried) => print(&carried.text).exit(),
        Err(error) => render::policy_error(&error),
    }
}

/// Prints where the policy files are.
fn paths(directory: Option<&Path>, environment: &Environment) -> Exit {
    let places = Places::usual(environment.config_directory().as_deref());
    let repository = crate::session::repository_policy(directory, environment).ok();
    let files = [
        ("system", places.system),
        ("user", places.user),
        ("repository", repository),
    ];
    let mut text = String::new();
    for (layer, path) in files {
        let Some(path) = path else { continue };
        let absent = if path.exists() { "" } else { "  (not there)" };
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{layer:<10}  {}{absent}", path.display());
    }
    print(&text).exit()
}

/// Which policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Repository,
    User,
}

/// Prints what a check found.
fn tell_check(review: &PolicyReview, file: Option<&Path>, json: bool) -> Exit {
    let exit = if review.problems.is_empty() {
        Exit::Done
    } else {
        Exit::Policy
    };
    if json {
        let check = PolicyCheck::of(review);
        // It is made of text and numbers, which always serialise.
        let text = serde_json::to_string_pretty(&check).unwrap_or_default();
        return print(&text).exit().worst(exit);
    }
    for problem in &review.problems {
        eprint(&render::policy_error_text(problem));
    }
    match (exit, file) {
        (Exit::Done, Some(file)) => print(&format!("{}: policy OK", file.display())).exit(),
        (Exit::Done, None) => print(&format!("policy OK: {}", review.layers.join(", "))).exit(),
        _ => {
            let (count, plural) = match review.problems.len() {
                1 => (1, ""),
                count => (count, "s"),
            };
            eprint(&format!("{count} mistake{plural}"));
            exit
        }
    }
}

fn check(request: &Request, environment: &Environment, json: bool) -> Exit {
    match review(request, environment) {
        Ok(review) => tell_check(&review, None, json),
        Err(error) => render::policy_error(&error),
    }
}

fn show(request: &Request, environment: &Environment) -> Exit {
    let PolicyReview {
        problems,
        values,
        left_out,
        ..
    } = match review(request, environment) {
        Ok(review) => review,
        Err(error) => return render::policy_error(&error),
    };
    let width = values
        .iter()
        .map(|value| value.key.len() + value.value.len() + 3)
        .max()
        .unwrap_or(0)
        .min(80);
    let mut text = String::new();
    for value in &values {
        let setting = format!("{} = {}", value.key, value.value);
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{setting:width$}  # {}", value.origin);
    }
    for key in &left_out {
        let setting = format!("{} = {}", key.key, key.value);
        let until = match key.until {
            Until::Merged => "counts from the policy base on the remote only",
            Until::Trusted => "not trusted",
        };
        let _infallible = writeln!(text, "# {setting}  # {}: {until}", key.layer);
    }
    let printed = print(&text).exit();
    for problem in &problems {
        eprint(&render::policy_error_text(problem));
    }
    if problems.is_empty() {
        printed
    } else {
        Exit::Policy
    }
}

fn init(name: &str, target: Target, directory: Option<&Path>, environment: &Environment) -> Exit {
    let text = preset(name).unwrap_or_default();
    let path = match target {
        Target::Repository => crate::session::repository_policy(directory, environment),
        Target::User => environment
            .config_directory()
            .map(|directory| directory.join("policy.toml"))
            .ok_or_else(|| {
                "HOME is not set, so there is no directory for the user's policy".to_owned()
            }),
    };
    let path = match path {
        Ok(path) => path,
        Err(message) => {
            eprint(&message);
            return Exit::Failed;
        }
    };
    let mut left_out = Vec::new();
    let mut text = text.to_owned();
    if target == Target::Repository {
        match crate::session::preset_for_repository(&text) {
            Ok(carried) => (text, left_out) = (carried.text, carried.left_out),
            Err(error) => return render::policy_error(&error),
        }
    }
    if let Err(error) = create(&path, &text) {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            eprint(&format!(
                "{} already exists; not overwritten",
                path.display()
            ));
            return Exit::Failed;
        }
        eprint(&format!("{} cannot be written: {error}", path.display()));
        return Exit::Failed;
    }
    let printed = print(&format!(
        "{} is written from the preset `{name}`",
        path.display()
    ));
    if !left_out.is_empty() {
        eprint(&format!(
            "a repository's policy cannot carry these keys, which are comments there; put them into the user's or \
             the system's: {}",
            left_out.join(", ")
        ));
    }
    printed.exit()
}

/// The mode of a policy's directory: a policy that others can change is invalid.
const DIRECTORY_MODE: u32 = 0o755;
/// The mode of a policy.
const FILE_MODE: u32 = 0o644;

/// Writes a new file. Fails when it exists.
fn create(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(directory)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)?;
    file.write_all(text.as_bytes())
}
