//! Classifies GitHub's error responses.

use jiff::{SignedDuration, Timestamp};

use crate::http::Response;
use crate::names::RepositoryName;

use super::refusal::Refusal;
use super::refused_for::{CLOSED, Remedy, cause};
use super::token_refused::{permissions, scopes, second_factor, sso};
use super::{ForgeError, ForgeErrorClass, text};

/// How long a rate limit is respected that names no time of its own.
const UNNAMED_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// The longest wait that a response can ask for.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// What a 422 on opening a pull request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invalid {
    /// There is one for this head and base.
    AlreadyExists,
    /// Head and base have no commits between them.
    NoCommits,
    /// The repository's plan has no drafts.
    DraftUnsupported,
    /// Who opens it may not let others write to the head branch, as GitHub does by itself for one of a fork.
    NoCollaboration,
    /// Anything else; [`of`] sorts it.
    Other,
}

/// Says what a refusal to open a pull request means.
pub(super) fn invalid(response: &Response) -> Invalid {
    if !matches!(response.status(), 409 | 422) {
        return Invalid::Other;
    }
    let refusal = Refusal::read(response);
    let said = refusal.all().to_ascii_lowercase();
    let says = |words: &str| said.contains(words);
    if says("request already exists") {
        Invalid::AlreadyExists
    } else if says("no commits between") && !says("sha can't be blank") {
        Invalid::NoCommits
    } else if says("draft pull requests are not supported") {
        Invalid::DraftUnsupported
    } else if refusal.names_field("fork_collab") || says("fork collab") {
        Invalid::NoCollaboration
    } else {
        Invalid::Other
    }
}

/// Classifies an error response.
pub(super) fn of(response: &Response, repository: &RepositoryName) -> ForgeError {
    let host = response.url().host_str().unwrap_or("the forge").to_owned();
    let refusal = Refusal::read(response);
    let said = refusal.said(response);
    let status = response.status();
    if let Some(at) = rate_limit(response, &said) {
        return ForgeError::new(
            ForgeErrorClass::RateLimited,
            format!("{host} takes no more requests for now ({status}): {said}"),
        )
        .advise("run again when the limit ends")
        .not_before(at);
    }
    let name = format!(
        "{}/{}",
        text::line(&repository.owner),
        text::line(&repository.name)
    );
    let refused = |class, advice: &str| {
        ForgeError::new(
            class,
            format!("{host} refused the request on {name} ({status}): {said}"),
        )
        .advise(advice)
    };
    if let Some(error) = second_factor(response, &host, &said) {
        return error;
    }
    match status {
        401 => unauthorized(&host, status, &said),
        300..=399 => response.bad("an answer of GitHub's API").into(),
        500.. | 408 | 421 | 425 => failed(response, &host, &said),
        _ if response.is_page() => ForgeError::from(response.bad("an answer of GitHub's API"))
            .advise("check `forge.api-url`, and what stands between here and the forge: a page of a web server answered in its place"),
        403 if response.header("x-github-sso").is_some() => sso(response, &host),
        402 | 403 | 423 | 451 => forbidden(response, &host, &name, &said),
        404 => hidden(response, &host, &name, &said),
        409 if says(&said, "empty") => refused(
            ForgeErrorClass::BaseMissing,
            "push the base branch first: the repository is empty",
        ),
        409 => refused(
            ForgeErrorClass::Validation,
            "run again; where it is refused once more, see what the forge says",
        ),
        410 => gone(&host, &name, &said),
        422 => unprocessable(&refusal, &said, &name),
        400 | 405 | 406 | 415 if says(&said, "version") => newer(&host, &name, status, &said),
        _ => refused(
            ForgeErrorClass::Validation,
            "see what the forge says: the same request is refused again until that is changed",
        ),
    }
}

/// Classifies a 404: so GitHub refuses, too, what a token has no scope for.
fn hidden(response: &Response, host: &str, name: &str, said: &str) -> ForgeError {
    let advice = match scopes(response) {
        Some(scopes) => {
            format!("give a token that has a scope of `{scopes}`: this one has none of them")
        }
        None => "check the remote's URL, and that the token may see the repository".to_owned(),
    };
    ForgeError::new(
        ForgeErrorClass::NotFound,
        format!("{host} shows no {name} to this token (404): {said}"),
    )
    .advise(advice)
}

/// Classifies a failure of the server, or of something on the way to it.
fn failed(response: &Response, host: &str, said: &str) -> ForgeError {
    let status = response.status();
    let message = format!("{host} failed ({status}): {said}");
    let advice = match status {
        511 => "log in to the network: something on the way to the forge asks for that",
        _ => "run again in a while; the forge's status page may say more",
    };
    let error = ForgeError::new(ForgeErrorClass::Server, message).advise(advice);
    match response.retry_after() {
        Some(at) => error.not_before(at),
        None => error,
    }
}

fn says(said: &str, words: &str) -> bool {
    said.to_ascii_lowercase().contains(words)
}

/// Classifies a 410: a feature that is disabled in the repository, a deleted resource, or a removed endpoint.
fn gone(host: &str, name: &str, said: &str) -> ForgeError {
    if let Some(Remedy { class, advice, .. }) = cause(said) {
        return ForgeError::new(
            class,
            format!("{host} does not allow this on {name} (410): {said}"),
        )
        .advise(advice);
    }
    if says(said, "version") || says(said, "deprecat") || says(said, "sunset") {
        return newer(host, name, 410, said);
    }
    ForgeError::new(
        ForgeErrorClass::Gone,
        format!("{host} no longer has this on {name} (410): {said}"),
    )
    .advise("see the page of the repository: what was asked for was deleted or switched off there")
}

/// The forge speaks another version of its API.
fn newer(host: &str, name: &str, status: u16, said: &str) -> ForgeError {
    ForgeError::new(
        ForgeErrorClass::Gone,
        format!("{host} no longer offers this on {name} ({status}): {said}"),
    )
    .advise("check for a newer sendoff; the forge has taken something out of service")
}

/// Classifies an error by its message.
fn forbidden(response: &Response, host: &str, name: &str, said: &str) -> ForgeError {
    let status = response.status();
    if says(said, "bad credentials") {
        return unauthorized(host, status, said);
    }
    if says(said, "saml") || says(said, "single sign-on") {
        return sso(response, host);
    }
    let unknown = match status {
        451 => CLOSED,
        _ => {
            "see what the forge says: the same request is refused again until that is changed there"
        }
    };
    let refused = |class, advice: String| {
        let message = match class {
            ForgeErrorClass::Archived => format!("{name} is archived ({status}): {said}"),
            _ => format!("{host} does not allow this on {name} ({status}): {said}"),
        };
        ForgeError::new(class, message).advise(advice)
    };
    match cause(said) {
        Some(remedy) if remedy.is_permission => {
            refused(remedy.class, permitting(response, remedy.advice))
        }
        Some(remedy) => refused(remedy.class, remedy.advice.to_owned()),
        None => refused(ForgeErrorClass::Forbidden, unknown.to_owned()),
    }
}

/// Returns the advice on a token that lacks a permission, with its name where GitHub says it.
fn permitting(response: &Response, advice: &str) -> String {
    if let Some(scopes) = scopes(response) {
        return format!("give a token that has a scope of `{scopes}`: this one has none of them");
    }
    match permissions(response) {
        Some(permissions) => format!("{advice}; GitHub names the permission `{permissions}`"),
        None => advice.to_owned(),
    }
}

fn unauthorized(host: &str, status: u16, said: &str) -> ForgeError {
    ForgeError::new(
        ForgeErrorClass::Auth,
        format!("{host} refused the token ({status}): {said}"),
    )
    .advise("give a token that is valid, in the variable or credential helper of this host")
}

/// Classifies a 422 by the field that it names, and by its message.
fn unprocessable(refusal: &Refusal, said: &str, name: &str) -> ForgeError {
    if refusal.is_invalid("base") || says(said, "base sha can't be blank") {
        return ForgeError::new(
            ForgeErrorClass::BaseMissing,
            format!("{name} has no such base branch (422): {said}"),
        )
        .advise("set `branches.base` to a branch that exists there");
    }
    if refusal.is_invalid("head") || says(said, "head sha can't be blank") {
        return ForgeError::new(
            ForgeErrorClass::HeadMissing,
            format!("{name} does not know the head branch (422): {said}"),
        )
        .advise("check that the branch was pushed, then run again");
    }
    let refused =
        |class| ForgeError::new(class, format!("{name} refused the request (422): {said}"));
    if let Some(Remedy { class, advice, .. }) = cause(said) {
        return refused(class).advise(advice);
    }
    let refused = refused(ForgeErrorClass::Validation);
    if says(said, "no history in common") {
        return refused.advise(
            "set `branches.base` to the branch that the commits come from, or rebase them onto the base",
        );
    }
    refused.advise("change what the forge names: title, body and base come from the policy")
}

/// Returns when a rate limit ends, when the answer is one: `Retry-After` first, then the reset
/// time of an exhausted limit, else a minute.
fn rate_limit(response: &Response, said: &str) -> Option<Timestamp> {
    let now = response.received_at();
    // Limits on what is created, and on tries to log in.
    let is_limit = [
        "submitted too quickly",
        "temporarily blocked",
        "login attempts exceeded",
        "secondary rate limit",
    ];
    if matches!(response.status(), 403 | 422) && is_limit.iter().any(|words| says(said, words)) {
        let named = response.retry_after();
        return named.or_else(|| now.checked_add(UNNAMED_WAIT).ok());
    }
    if !matches!(response.status(), 403 | 429) {
        return None;
    }
    if let Some(at) = response.retry_after() {
        return Some(at);
    }
    let exhausted = response.header("x-ratelimit-remaining").map(str::trim) == Some("0");
    let named = says(said, "rate limit") || says(said, "abuse detection");
    if response.status() == 403 && !exhausted && !named {
        return None;
    }
    let latest = now.checked_add(LONGEST_WAIT).ok()?;
    let reset = response
        .header("x-ratelimit-reset")
        .filter(|_| exhausted)
        .and_then(|seconds| seconds.trim().parse().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map(|at| at.clamp(now, latest));
    reset.or_else(|| now.checked_add(UNNAMED_WAIT).ok())
}
