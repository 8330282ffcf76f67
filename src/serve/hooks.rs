//! A delivery: read, verified, compared with the rules, kept, answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::events::{Delivery, Judged, Rules, SignatureError, Source, new_event, verify};
use crate::store::{EventState, FiringState, NewEvent};
use crate::threads::on_own_thread;

use super::answer::{Answer, Matched};
use super::body::{WholeBody, discard};
use super::settings::Settings;
use super::shared::{App, JUDGES};

/// How long an answer waits for the names of the schedules that were set due. In a development build, where tests share a
/// machine with others, as long as it takes.
const NAMES: Duration = Duration::from_millis(if cfg!(debug_assertions) { 10_000 } else { 50 });
/// How long a delivery waits to be written. GitHub waits for ten seconds.
const WRITTEN: Duration = Duration::from_secs(8);
/// The bytes of a body that take one permit of those who read and compare.
const A_PERMIT: usize = 256 << 10;

/// What the rules say of a delivery, or an answer that needs none.
enum Read {
    Answer(Answer),
    Judged {
        event: NewEvent,
        judged: Vec<Judged>,
        /// Why no rule matches.
        why_none: String,
        repository: String,
    },
}

/// Takes a delivery.
pub(super) async fn take(
    State(app): State<App>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let begin = Instant::now();
    let Ok(source) = source.parse::<Source>() else {
        let reason = "webhooks go to /hooks/github, /hooks/gitlab or /hooks/gitea";
        return Answer::refused(StatusCode::NOT_FOUND, reason).into();
    };
    let answer = answer(&app, source, request)
        .await
        .unwrap_or_else(|refused| refused);
    let took = begin.elapsed();
    app.metrics.delivery(source, answer.status, took);
    log(&app, source, &answer);
    answer.into()
}

/// Logs what became of a delivery. What anybody can send is worth a line a minute.
fn log(app: &App, source: Source, answer: &Answer) {
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

async fn answer(app: &App, source: Source, request: Request) -> Result<Answer, Answer> {
    let settings = app.settings();
    let (parts, body) = request.into_parts();
    // Without a secret nobody can prove anything, and nothing is read.
    if settings.secrets(source).is_empty() {
        discard(&parts.headers, body).await;
        return Err(SignatureError::NoSecret(source).into());
    }
    let body = app.room.read(&parts.headers, body).await?;
    let read = read(app, settings, source, parts.headers, body).await?;
    let (event, judged, why_none, repository) = match read {
        Read::Answer(answer) => return Ok(answer),
        Read::Judged {
            event,
            judged,
            why_none,
            repository,
        } => (event, judged, why_none, repository),
    };
    let name = event.name.clone();
    let kept = tokio::time::timeout(WRITTEN, app.ledger.keep(event)).await;
    let state = match kept {
        Ok(Ok(state)) => state,
        Ok(Err(error)) => return Err(Answer::unavailable(error.to_string()).of(name)),
        Err(_) => return Err(Answer::unavailable("the store takes too long").of(name)),
    };
    let answer = match state {
        EventState::Duplicate(by) => Answer::duplicate(by),
        EventState::Kept(states) if states.is_empty() => Answer::ignored(why_none),
        EventState::Kept(states) => {
            tracing::debug!(repository, event = name, "matched");
            Answer::accepted(fire(app, &judged, states).await)
        }
    };
    Ok(answer.of(name))
}

/// Verifies and reads a delivery on a thread of its own: a large one takes longer than others should wait.
async fn read(
    app: &App,
    settings: Arc<Settings>,
    source: Source,
    headers: HeaderMap,
    body: WholeBody,
) -> Result<Read, Answer> {
    let permits = (body.bytes.len() / A_PERMIT + 1).min(JUDGES);
    let permits = u32::try_from(permits).unwrap_or(1);
    let judges = Arc::clone(&app.judges).acquire_many_owned(permits).await;
    let shared = Arc::clone(app);
    let work = move || {
        let _judges = judges;
        let now = shared.clock.now();
        let secrets = settings.secrets(source);
        if let Err(error) = verify(source, &headers, &body.bytes, &secrets, now) {
            return Err(Answer::from(error));
        }
        let delivery = Delivery::read(source, &headers, &body.bytes)?;
        drop(body);
        if delivery.is_ping() {
            return Ok(Read::Answer(Answer::pong().of("ping")));
        }
        let facts = delivery.facts();
        let judged = settings.rules().judge(&facts, &delivery);
        Ok(Read::Judged {
            event: new_event(&delivery, &facts, &judged, settings.rules(), &shared.known),
            why_none: Rules::why_none(&facts, &judged),
            repository: facts.repository.unwrap_or_default(),
            judged: judged
                .into_iter()
                .filter(|judged| judged.miss.is_none())
                .collect(),
        })
    };
    match on_own_thread(work).await {
        Ok(Ok(read)) => read,
        Ok(Err(_panic)) => Err(Answer::refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the delivery met a bug of sendoff",
        )),
        Err(error) => Err(Answer::unavailable(format!(
            "the machine refuses a thread: {error}"
        ))),
    }
}

/// Sets the schedules due that need not wait, and says what became of each rule.
async fn fire(app: &App, judged: &[Judged], states: Vec<FiringState>) -> Vec<Matched> {
    let mut matched = Vec::new();
    for (judged, state) in judged.iter().zip(states) {
        let (state, schedules, until) = match state {
            FiringState::Limited => ("limited", None, None),
            FiringState::Waits(until) => ("waits", None, Some(until.to_string())),
            FiringState::Due(firing) => match app.carrier.carry(firing, NAMES).await {
                Some(schedules) => ("fired", Some(schedules), None),
                None => ("queued", None, None),
            },
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
