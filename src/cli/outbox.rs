//! `sendoff outbox`: the messages to the platform that are not known to have arrived.

use std::sync::Arc;

use crate::exit::Exit;
use crate::store::StoreError;
use crate::worker::{OutboxView, flush_messages};

use super::output::{eprint, print};
use super::render;
use super::start::Start;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff outbox list                  list what waits
  sendoff outbox drop --all            drop all of it

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Examples and variables.
const LIST: &str = "\
Examples:
  sendoff outbox list                  list what waits
  sendoff outbox list --json           the same as JSON, a line a message

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Examples and variables.
const SHOW: &str = "\
Examples:
  sendoff outbox show 3                show message 3 with its text
  sendoff outbox show 3 --json         the same as JSON

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Examples and variables.
const FLUSH: &str = "\
Examples:
  sendoff outbox flush                 send now what waits
  sendoff outbox flush 3               try once more a message that was given up

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Examples and variables.
const DROP: &str = "\
Examples:
  sendoff outbox drop 3                drop message 3
  sendoff outbox drop --all            drop all of them

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// List, show, send and drop the messages that wait for the platform
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// List the messages that wait, and those that will not be tried again
    ///
    /// Each has a number, by which the other commands name it, and says what happens to it next.
    #[command(after_long_help = LIST)]
    List {
        /// Print JSON, a line a message
        #[arg(long)]
        json: bool,
    },
    /// Show one message with its text
    ///
    /// The text is the one that is sent, without secrets, and the origin is the one that it is meant for.
    #[command(after_long_help = SHOW)]
    Show {
        /// The number that `list` shows
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send now what waits
    ///
    /// Messages go in order, and to the platform that they are meant for only.
    #[command(after_long_help = FLUSH)]
    Flush {
        /// Only these; a message that was given up is tried again when it is named
        ids: Vec<i64>,
    },
    /// Drop messages for good
    ///
    /// A dropped message cannot be restored, and there is no other copy.
    #[command(after_long_help = DROP)]
    Drop {
        /// The numbers that `list` shows
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        /// Drop all that wait or were given up
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

impl Command {
    /// Returns examples and variables of the command as a whole.
    pub(super) const HELP: &str = HELP;

    pub(super) fn run(self, start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        self.answer(start)
            .unwrap_or_else(|error| render::store_error(&error))
    }

    fn answer(self, start: &Start) -> Result<Exit, Arc<StoreError>> {
        let view = OutboxView::open(&start.environment)?;
        match self {
            Self::List { json } => {
                let deliveries = view.list()?;
                let text = if json {
                    render::deliveries_json(&deliveries)
                } else {
                    render::deliveries(&deliveries)
                };
                Ok(if text.is_empty() {
                    Exit::Done
                } else {
                    print(&text).exit()
                })
            }
            Self::Show { id, json } => {
                let Some(delivery) = view.one(id)? else {
                    return Ok(unknown(id));
                };
                let text = if json {
                    render::deliveries_json(&[delivery])
                } else {
                    render::delivery(&delivery)
                };
                Ok(print(&text).exit())
            }
            Self::Flush { ids } => {
                if let Some(id) = view.missing(&ids)? {
                    return Ok(unknown(id));
                }
                flush_messages(&start.environment, &start.known, &ids)
            }
            Self::Drop { ids, all: _ } => {
                if let Some(id) = view.missing(&ids)? {
                    return Ok(unknown(id));
                }
                let dropped = view.drop(&ids)?;
                let messages = if dropped == 1 { "message" } else { "messages" };
                Ok(print(&format!("dropped {dropped} {messages}")).exit())
            }
        }
    }
}

fn unknown(id: i64) -> Exit {
    eprint(&format!(
        "no message in the outbox has the number {id}; `sendoff outbox list` shows them"
    ));
    Exit::Usage
}
