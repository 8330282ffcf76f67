//! A prompt to a workspace of the platform.

use std::time::Duration;

use crate::http::HttpErrorClass;
use crate::platform::{PlatformError, PlatformErrorClass, Reply};
use crate::reason::Code;
use crate::session::Service;
use crate::store::{Answer, ScheduleFiring, ScheduleRow};
use crate::template::Template;

use super::facts::PromptFacts;
use super::outcome::Outcome;

/// Sends the prompt, unless the workspace is busy. `patience` is how long the agent may take to answer.
pub(super) async fn send(
    service: &Service,
    firing: &ScheduleFiring,
    row: &ScheduleRow,
    workspace: &str,
    prompt: &Template,
    patience: Duration,
) -> Outcome {
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
        Ok(1) => return Outcome::Busy("the workspace works on a task".into()),
        Ok(tasks) => return Outcome::Busy(format!("the workspace works on {tasks} tasks")),
        Err(error) => return told(&error, Sends::Nothing),
    }
    platform.tell_token(service.known());
    let facts = PromptFacts::of(firing, row, service.known());
    let text = match prompt.render(&facts) {
        Ok(text) => service.known().outgoing(&text),
        Err(error) => return Outcome::Failed(format!("the prompt cannot be rendered: {error}")),
    };
    if text.is_blank() {
        return Outcome::Failed("the prompt is empty when it is rendered".into());
    }
    match platform.send_message(&firing.message_id, &text).await {
        Ok(Reply::Answer(said)) if said.is_empty() => Outcome::Done {
            detail: "the agent's answer was empty".into(),
            answer: Answer::Empty,
        },
        Ok(Reply::Answer(said)) => Outcome::Done {
            detail: said,
            answer: Answer::Text,
        },
        Ok(Reply::Accepted) => Outcome::done("the platform took the message"),
        Ok(Reply::Busy(said)) => Outcome::Busy(said),
        Ok(Reply::Refused(said)) => Outcome::Failed(format!("the agent refused: {said}")),
        Err(error) => told(&error, Sends::Message),
    }
}

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sends {
    Nothing,
    Message,
}

fn told(error: &PlatformError, sends: Sends) -> Outcome {
    let advice = match error.class {
        PlatformErrorClass::WorkspaceUnknown => "check the schedule's `workspace`".to_owned(),
        _ => error.advice(),
    };
    // An agent that took all of its time has the message, and may work on it still.
    let timeout = PlatformErrorClass::Http(HttpErrorClass::Timeout);
    let agent_is_slow = sends == Sends::Message && error.class == timeout && error.may_have_arrived;
    if error.is_transient() && !agent_is_slow {
        return Outcome::FailedInPassing {
            why: error.to_string(),
            advice,
            not_before: error.not_before,
        };
    }
    failed(&error.to_string(), Some(&advice))
}

fn failed(what: &str, advice: Option<&str>) -> Outcome {
    Outcome::Failed(match advice {
        Some(advice) => format!("{what}; {advice}"),
        None => what.to_owned(),
    })
}
