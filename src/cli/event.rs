//! `sendoff event`: compares a recorded delivery with the rules.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::events::{MAX_BODY_SIZE, Source};
use crate::exit::Exit;
use crate::files::{Links, read};
use crate::serve::{FireMode, OfflineError, OfflineResult, OfflineRule};

use super::output::{eprint, print};
use super::serve::settings_error;
use super::start::Start;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff event payload.json --event issues         say which rules match, and what they would fire
  sendoff event payload.json --event issues --fire  fire it, too

Exit codes: 0 compared, whether or not a rule matches; 1 the store cannot be used; 64 the payload cannot be read; 78 policy.

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Compare a recorded delivery with the rules, and say what it would fire
///
/// The payload is the body of a webhook, as the forge's page of recent deliveries shows it. No signature is needed, and
/// nothing is recorded as a delivery.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// The payload, as JSON; - is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The event, as the header of the delivery names it: X-GitHub-Event, X-Gitlab-Event or X-Gitea-Event
    #[arg(long, value_name = "NAME")]
    event: String,
    /// The kind of forge: github, gitlab or gitea
    #[arg(long, value_name = "FORGE", default_value = "github")]
    source: Source,
    /// Set the schedules due, at once, whatever `debounce` and `limit` say
    #[arg(long)]
    fire: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(&self, start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        let body = match payload(&self.file, &start.environment) {
            Ok(body) => body,
            Err(why) => {
                eprint(&why);
                return Exit::Usage;
            }
        };
        let firing = if self.fire {
            FireMode::Fire
        } else {
            FireMode::Show
        };
        let compared = OfflineResult::of(
            &start.environment,
            &start.known,
            self.source,
            &self.event,
            &body,
            firing,
        );
        match compared {
            Ok(offline) if self.json => {
                // It is made of texts and numbers, which always serialise.
                print(&serde_json::to_string_pretty(&offline).unwrap_or_default()).exit()
            }
            Ok(offline) => print(&shown(&offline)).exit(),
            Err(OfflineError::Settings(error)) => settings_error(&error),
            Err(OfflineError::Store(error)) => super::render::store_error(&error),
            Err(error @ OfflineError::Delivery(_)) => {
                eprint(&error.to_string());
                Exit::Usage
            }
        }
    }
}

/// Reads the payload, or says why it cannot be read.
fn payload(file: &Path, environment: &Environment) -> Result<Vec<u8>, String> {
    let limit = MAX_BODY_SIZE as u64;
    if file == Path::new("-") {
        let mut body = Vec::new();
        let read = io::stdin().lock().take(limit + 1).read_to_end(&mut body);
        return match read {
            Ok(length) if length as u64 > limit => Err("the payload has more than 25 MB".into()),
            Ok(_) => Ok(body),
            Err(error) => Err(format!("standard input cannot be read: {error}")),
        };
    }
    let path = environment.cwd().join(file);
    match read(&path, limit, Links::Followed) {
        Ok(Some(body)) => Ok(body),
        Ok(None) => Err(format!("there is no file {}", path.display())),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

/// Formats the comparison for people.
fn shown(offline: &OfflineResult) -> String {
    let event = &offline.event;
    let mut text = event.name();
    // Writing to a `String` cannot fail.
    if let Some(sender) = &event.sender {
        let bot = if event.is_bot { ", a bot" } else { "" };
        let _infallible = write!(text, " by {sender}{bot}");
    }
    if let Some(repository) = &event.repository {
        let _infallible = write!(text, " in {repository}");
    }
    text.push('\n');
    if offline.rules.is_empty() {
        text.push_str("the policy has no [[events.rule]]\n");
    }
    for rule in &offline.rules {
        let _infallible = writeln!(text, "{}", line(rule, offline.fired));
    }
    text
}

/// Formats what one rule says.
fn line(rule: &OfflineRule, is_fired: bool) -> String {
    let named = format!("rule {} ({})", rule.rule, rule.on);
    match (&rule.reason, rule.schedules.as_slice()) {
        (Some(reason), _) => format!("{named} does not match: {reason}"),
        (None, []) => format!(
            "{named} matches, but no schedule that is enabled matches {}",
            rule.fire.join(", ")
        ),
        (None, schedules) => {
            let verb = if is_fired { "fired" } else { "would fire" };
            format!("{named} matches: {verb} {}", schedules.join(", "))
        }
    }
}
