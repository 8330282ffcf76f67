//! Handles a delivery: reads, verifies, compares, stores and answers it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::events::{Delivery, RuleResult, Rules, SignatureError, Source, new_event, verify};
use crate::store::{EventState, FiringState, NewEvent};
use crate::threads::on_own_thread;

use super::body::{WholeBody, discard};
use super::hook_response::{HookResponse, Matched};
use super::settings::Settings;
use super::shared::{App, MAX_WORKERS};

/// How long a response waits for the names of the schedules that were set due. Longer in a development build, because its
/// tests share a busy machine.
const NAMES_TIMEOUT: Duration =
    Duration::from_millis(if cfg!(debug_assertions) { 10_000 } else { 50 });
/// How long a delivery waits to be stored. GitHub waits ten seconds for the response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(8);
/// The bytes of a body for each permit of [`Shared::workers`](super::shared::Shared).
const BYTES_PER_PERMIT: usize = 256 << 10;

/// The results of the rules for a delivery, or a response without them.
enum Read {
    HookResponse(HookResponse),
    RuleResult {
        event: NewEvent,
        judged: Vec<RuleResult>,
        /// Why no rule matches.
        why_none: String,
        repository: String,
    },
}

/// Handles a delivery.
pub(super) async fn take(
    State(app): State<App>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let begin = Instant::now();
    let Ok(source) = source.parse::<Source>() else {
        let reason = "webhooks go to /hooks/github, /hooks/gitlab or /hooks/gitea";
        return HookResponse::refused(StatusCode::NOT_FOUND, reason).into();
    };
    let answer = answer(&app, source, request)
        .await
        .unwrap_or_else(|refused| refused);
    let took = begin.elapsed();
    app.metrics.delivery(source, answer.status, took);
    log(&app, source, &answer);
    answer.into()
}

/// Logs the result of a delivery. For unauthenticated senders that is one line a minute.
fn log(app: &App, source: Source, answer: &HookResponse) {
    let status = answer.status;
    let reason = answer.reason.as_deref().unwrap_or_default();
    let event = answer.event.as_deref().unwrap_or_default();
    if answer.code.is_success() {
        tracing::info!(%source, event, status, reason, "a delivery");
    } else if answer.is_proven || app.is_worth_a_line() {
        tracing::warn!(%source, event, status, reason, "a delivery");
    } else {
        tracing::debug!(%source, event, status, reason, "a delivery");
    }
}

async fn answer(app: &App, source: Source, request: Request) -> Result<HookResponse, HookResponse> {
    let settings = app.settings();
    let (parts, body) = request.into_parts();
    // Without a secret no delivery can be authenticated, so none is read.
    if settings.secrets(source).is_empty() {
        discard(&parts.headers, body).await;
        return Err(SignatureError::NoSecret(source).into());
    }
    let body = app.body_budget.read(&parts.headers, body).await?;
    let read = read(app, settings, source, parts.headers, body).await?;
    let (event, judged, why_none, repository) = match read {
        Read::HookResponse(answer) => return Ok(answer),
        Read::RuleResult {
            event,
            judged,
            why_none,
            repository,
        } => (event, judged, why_none, repository),
    };
    let name = event.name.clone();
    let kept = tokio::time::timeout(WRITE_TIMEOUT, app.writer.keep(event)).await;
    let state = match kept {
        Ok(Ok(state)) => state,
        Ok(Err(error)) => return Err(HookResponse::unavailable(error.to_string()).of(name)),
        Err(_) => return Err(HookResponse::unavailable("the store takes too long").of(name)),
    };
    let answer = match state {
        EventState::Duplicate(by) => HookResponse::duplicate(by),
        EventState::Kept(states) if states.is_empty() => HookResponse::ignored(why_none),
        EventState::Kept(states) => {
            tracing::debug!(repository, event = name, "matched");
            HookResponse::accepted(fire(app, &judged, states).await)
        }
    };
    Ok(answer.of(name))
}

/// Verifies and parses a delivery on a thread of its own, so that a large one does not delay others.
async fn read(
    app: &App,
    settings: Arc<Settings>,
    source: Source,
    headers: HeaderMap,
    body: WholeBody,
) -> Result<Read, HookResponse> {
    let permits = (body.bytes.len() / BYTES_PER_PERMIT + 1).min(MAX_WORKERS);
    let permits = u32::try_from(permits).unwrap_or(1);
    let workers = Arc::clone(&app.workers).acquire_many_owned(permits).await;
    let shared = Arc::clone(app);
    let work = move || {
        let _judges = workers;
        let now = shared.clock.now();
        let secrets = settings.secrets(source);
        if let Err(error) = verify(source, &headers, &body.bytes, &secrets, now) {
            return Err(HookResponse::from(error));
        }
        let delivery = Delivery::read(source, &headers, &body.bytes)?;
        drop(body);
        if delivery.is_ping() {
            return Ok(Read::HookResponse(HookResponse::pong().of("ping")));
        }
        let facts = delivery.facts();
        let judged = settings.rules().judge(&facts, &delivery);
        Ok(Read::RuleResult {
            event: new_event(&delivery, &facts, &judged, settings.rules(), &shared.known),
            why_none: Rules::why_none(&facts, &judged),
            repository: facts.repository.unwrap_or_default(),
            judged: judged
                .into_iter()
                .filter(|judged| judged.mismatch.is_none())
                .collect(),
        })
    };
    match on_own_thread(work).await {
        Ok(Ok(read)) => read,
        Ok(Err(_panic)) => Err(HookResponse::refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the delivery triggered a bug in sendoff",
        )),
        Err(error) => Err(HookResponse::unavailable(format!(
            "the machine refuses a thread: {error}"
        ))),
    }
}

/// Sets schedules due for the rules without a debounce period, and returns the state of each rule.
async fn fire(app: &App, judged: &[RuleResult], states: Vec<FiringState>) -> Vec<Matched> {
    let mut matched = Vec::new();
    for (judged, state) in judged.iter().zip(states) {
        let (state, schedules, until) = match state {
            FiringState::Limited => ("limited", None, None),
            FiringState::Waits(until) => ("waits", None, Some(until.to_string())),
            FiringState::Due(firing) => {
                match app.dispatcher.dispatch(firing, NAMES_TIMEOUT).await {
                    Some(schedules) => ("fired", Some(schedules), None),
                    None => ("queued", None, None),
                }
            }
        };
        app.metrics.firing(state);
        matched.push(Matched {
            rule: judged.number,
            on: judged.on.clone(),
            fire: judged.fire.clone(),
            state,
            schedules,
            until,
        });
    }
    matched
}
