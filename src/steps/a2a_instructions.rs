//! `a2a-instructions`: tells an agent how to reach other agents.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Step, StepDef, StepError};
use crate::template::Template;

pub(super) const STEP: StepDef = StepDef::of::<A2aInstructions>(
    "a2a-instructions",
    "Tells an agent how to reach other agents.",
);

/// The instructions for agents that have the MCP server's tools.
const MCP: &str = "\
## Working with other agents

These tools reach the other agents of your organisation:

- `list_peers`: who can be reached, with the id, the name and the state of each. Ask it first.
- `delegate_task`: gives a peer a task and waits for the answer. For what is done in a minute or two.
- `delegate_task_async`: gives a peer a task and returns its id at once. For longer work.
- `check_task_status`: tells how far a task is that was given away so, and its result once it is there.
- `get_workspace_info`: tells who you are: your id, name, role and place among the others.
- `send_message_to_user`: writes to the user's chat at any time: that you have begun, how far you are,
  what came of it.

Only peers that `list_peers` names can be reached. When a delegation fails, do not pass its error on to
the user: ask another peer, or do the task yourself; else tell the user who is away, and give the best
answer that you have.";

/// The instructions for agents that have only a shell.
const CLI: &str = "\
## Working with other agents

The command `a2a` reaches the other agents of your organisation:

    a2a peers                              who can be reached; ask it first
    a2a delegate PEER TASK                 give a peer a task and wait for the answer
    a2a delegate --async PEER TASK         give a peer a task and get its id at once
    a2a status PEER ID                     how far that task is, and its result
    a2a info                               who you are

Wait for short tasks; give longer ones away with `--async` and look at their status. Only peers that
`a2a peers` names can be reached. When a delegation fails, do not pass its error on to the user: ask
another peer, or do the task yourself; else tell the user who is away, and give the best answer that
you have.";

/// Tell an agent how to reach other agents
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct A2aInstructions {
    /// What the agent has: the MCP server's tools, or the command `a2a`.
    mode: Mode,
    /// Your own text instead.
    template: Option<Template>,
}

crate::classes!(A2aInstructions {
    mode: D,
    template: D
});

/// What an agent uses to reach others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// The tools of the MCP server.
    #[default]
    Mcp,
    /// The command `a2a`.
    Cli,
}

#[async_trait(?Send)]
impl Step for A2aInstructions {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let text = match (&self.template, self.mode) {
            (Some(template), _) => cx.render(template)?,
            (None, Mode::Mcp) => MCP.to_owned(),
            (None, Mode::Cli) => CLI.to_owned(),
        };
        Ok(super::done_with_text("the instructions are ready", text))
    }
}
