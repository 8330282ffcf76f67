//! `sendoff outbox`: the messages to the platform that are not known to have arrived.

use crate::exit::Exit;
use crate::store::StoreError;
use crate::worker::{OutboxView, flush_messages};

use super::output::{eprint, print};
use super::render;
use super::start::Start;

/// List, show, send and drop the messages that wait for the platform
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the messages that wait, and those that will not be tried again
    List {
        /// Print JSON, a line a message
        #[arg(long)]
        json: bool,
    },
    /// Show one message with its text
    Show {
        /// The number that `list` shows
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send now what waits
    Flush {
        /// Only these; a message that was given up is tried again when it is named
        ids: Vec<i64>,
    },
    /// Drop messages for good
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
    pub(super) fn run(self, start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        self.answer(start)
            .unwrap_or_else(|error| render::store_error(&error))
    }

    fn answer(self, start: &Start) -> Result<Exit, StoreError> {
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
