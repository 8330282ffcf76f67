//! `surfaces.md`, from the list of surfaces.

use std::fmt::Write;

use crate::surfaces::{AsksFor, Payload, SURFACES, WhichRepository};

pub(super) fn page() -> String {
    let mut page = format!(
        "{}# Surfaces\n\n`sendoff hook SURFACE` is what git, executors and other programs call. It keeps what is to be done, \
         starts a worker, and exits with 0 at once. Each surface asks for one pipeline, and the trigger of the run that it \
         becomes has its name. With `--json` it prints `{{\"run_id\": ...}}`, with `--wait` it returns when the run has ended; \
         else it prints nothing but what its caller wants to read.\n\n\
         | surface | who calls | pipeline | payload | repository | standard output | pull requests |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        super::GENERATED
    );
    for surface in SURFACES {
        let pipeline = match surface.asks_for {
            AsksFor::Pipeline(name) => format!("`{name}`"),
            AsksFor::EndOfTask => "`post-task`, or `on-failure` when `task.ok` is false".into(),
        };
        let input = match surface.payload {
            Payload::Ignored => "not read",
            Payload::Word(_) => "a word as first argument, or nothing",
            Payload::TaskDocument => {
                "a [task document](task.schema.json) on standard input, or nothing"
            }
            Payload::Agent(_) => "the agent's JSON on standard input",
            Payload::AgentArgument(_) => "the agent's JSON as last argument",
        };
        let repository = match surface.repository {
            WhichRepository::NamedByGit => {
                "the one that git names to its hook, else the directory's"
            }
            WhichRepository::OfDirectory => match surface.payload {
                Payload::Agent(_) | Payload::AgentArgument(_) => {
                    "that of the directory in the payload, else the working directory's"
                }
                Payload::Ignored | Payload::Word(_) | Payload::TaskDocument => "the directory's",
            },
        };
        let output = match surface.neutral {
            "" => "nothing".into(),
            text => format!("`{text}`"),
        };
        let drafts = if surface.trigger.is_agent() {
            "drafts"
        } else {
            "ready for review"
        };
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(
            page,
            "| `{}` | {} | {pipeline} | {input} | {repository} | {output} | {drafts} |",
            surface.name, surface.about
        );
    }
    page
}
