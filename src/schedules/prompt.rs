//! Sends a prompt to a workspace of the platform.

use std::time::Duration;

use crate::http::HttpErrorClass;
use crate::platform::{PlatformError, PlatformErrorClass, Reply};
use crate::reason::Code;
use crate::session::Service;
use crate::store::{Answer, ScheduleFiring, ScheduleRow};
use crate::template::Template;

use super::facts::PromptFacts;
use super::work_outcome::WorkOutcome;

/// Sends the prompt, unless the workspace is busy. The agent must answer within `patience`.
pub(super) async fn send(
    service: &Service,
    firing: &ScheduleFiring,
    row: &ScheduleRow,
    workspace: &str,
    prompt: &Template,
    patience: Duration,
) -> WorkOutcome {
    let platform = match service.platform(workspace, patience) {
        Ok(platform) => platform,
        Err(hold) if hold.reason.code == Code::NoPlatform => {
            let advice = "set PLATFORM_URL, or `platform.url` in the user's policy";
            return failed(&hold.reason.message, Some(advice));
        }
        Err(hold) => return failed(&hold.reason.message, hold.reason.advice.as_deref()),
    };
    match platform.active_tasks().await {
        Ok(0) => {}
        Ok(1) => return WorkOutcome::Busy("the workspace works on a task".into()),
        Ok(tasks) => return WorkOutcome::Busy(format!("the workspace works on {tasks} tasks")),
        Err(error) => return told(&error, Sends::Nothing),
    }
    platform.tell_token(service.known());
    let facts = PromptFacts::of(firing, row, service.known());
    let text = match prompt.render(&facts) {
        Ok(text) => service.known().outgoing(&text),
        Err(error) => {
            return WorkOutcome::Failed(format!("the prompt cannot be rendered: {error}"));
        }
    };
    if text.is_blank() {
        return WorkOutcome::Failed("the rendered prompt is empty".into());
    }
    match platform.send_message(&firing.message_id, &text).await {
        Ok(Reply::Answer(said)) if said.is_empty() => WorkOutcome::Done {
            detail: "the agent's answer was empty".into(),
            answer: Answer::Empty,
        },
        Ok(Reply::Answer(said)) => WorkOutcome::Done {
            detail: said,
            answer: Answer::Text,
        },
        Ok(Reply::Accepted) => WorkOutcome::done("the platform accepted the message"),
        Ok(Reply::Busy(said)) => WorkOutcome::Busy(said),
        Ok(Reply::Refused(said)) => WorkOutcome::Failed(format!("the agent refused: {said}")),
        Err(error) => told(&error, Sends::Message),
    }
}

/// What a request sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sends {
    Nothing,
    Message,
}

fn told(error: &PlatformError, sends: Sends) -> WorkOutcome {
    let advice = match error.class {
        PlatformErrorClass::WorkspaceUnknown => "check the schedule's `workspace`".to_owned(),
        _ => error.advice(),
    };
    // An agent that did not answer in time has the message, and can still be working on it.
    let timeout = PlatformErrorClass::Http(HttpErrorClass::Timeout);
    let agent_is_slow = sends == Sends::Message && error.class == timeout && error.may_have_arrived;
    if error.is_transient() && !agent_is_slow {
        return WorkOutcome::FailedTransiently {
            why: error.to_string(),
            advice,
            not_before: error.not_before,
        };
    }
    failed(&error.to_string(), Some(&advice))
}

fn failed(what: &str, advice: Option<&str>) -> WorkOutcome {
    WorkOutcome::Failed(match advice {
        Some(advice) => format!("{what}; {advice}"),
        None => what.to_owned(),
    })
}
