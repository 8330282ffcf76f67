//! What GitHub's refusals mean.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::http::Response;
use crate::names::RepositoryName;

use super::{ForgeError, ForgeErrorClass, text};

/// How long a rate limit is respected that names no time of its own.
const UNNAMED_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// The longest wait that is believed.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// The body of a refusal: `errors` holds objects, or plain sentences on some endpoints.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    message: String,
    errors: Vec<Value>,
}

/// What a 422 on opening a pull request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invalid {
    /// There is one for this head and base.
    AlreadyExists,
    /// Head and base have no commits between them.
    NoCommits,
    /// The repository's plan has no drafts.
    DraftUnsupported,
    /// Anything else; [`of`] sorts it.
    Other,
}

/// Says what a 422 on opening a pull request means.
pub(super) fn invalid(response: &Response) -> Invalid {
    if response.status() != 422 {
        return Invalid::Other;
    }
    let said = Refusal::read(response).all().to_ascii_lowercase();
    if said.contains("pull request already exists") {
        Invalid::AlreadyExists
    } else if said.contains("no commits between") {
        Invalid::NoCommits
    } else if said.contains("draft pull requests are not supported") {
        Invalid::DraftUnsupported
    } else {
        Invalid::Other
    }
}

/// Sorts an unsuccessful answer.
pub(super) fn of(response: &Response, repository: &RepositoryName) -> ForgeError {
    let host = response.url().host_str().unwrap_or("the forge").to_owned();
    let refusal = Refusal::read(response);
    let said = text::line(&refusal.all());
    let said = said.trim_end_matches('.').to_owned();
    let said = if said.is_empty() {
        response.excerpt()
    } else {
        said
    };
    let status = response.status();
    if let Some(at) = rate_limit(response, &said) {
        return ForgeError::new(
            ForgeErrorClass::RateLimited,
            format!("{host} takes no more requests for now ({status}): {said}"),
        )
        .advise("it is tried again when the limit ends")
        .not_before(at);
    }
    let name = format!(
        "{}/{}",
        text::line(&repository.owner),
        text::line(&repository.name)
    );
    match status {
        401 => ForgeError::new(
            ForgeErrorClass::Auth,
            format!("{host} refused the token (401): {said}"),
        )
        .advise("give a token that is valid, in the variable or credential helper of this host"),
        403 if response.header("x-github-sso").is_some() => sso(response, &host),
        403 if said.to_ascii_lowercase().contains("archived") => ForgeError::new(
            ForgeErrorClass::Archived,
            format!("{name} is archived (403): {said}"),
        )
        .advise("unarchive the repository, or push to another one"),
        403 | 451 => ForgeError::new(
            ForgeErrorClass::Forbidden,
            format!("{host} does not allow this on {name} ({status}): {said}"),
        )
        .advise("give the token write access to pull requests of this repository"),
        404 => ForgeError::new(
            ForgeErrorClass::NotFound,
            format!("{host} shows no {name} to this token (404): {said}"),
        )
        .advise("check the remote's URL, and that the token may see the repository"),
        410 => ForgeError::new(
            ForgeErrorClass::Gone,
            format!("{host} no longer offers this on {name} (410): {said}"),
        )
        .advise("check for a newer sendoff; the forge has taken something out of service"),
        422 => unprocessable(&refusal, &said, &name),
        500.. => ForgeError {
            not_before: response.retry_after(),
            ..ForgeError::new(
                ForgeErrorClass::Server,
                format!("{host} failed ({status}): {said}"),
            )
            .advise("it is tried again; the forge's status page may say more")
        },
        300..=399 => response.bad("an answer of GitHub's API").into(),
        _ => ForgeError::new(
            ForgeErrorClass::Validation,
            format!("{host} refused the request on {name} ({status}): {said}"),
        ),
    }
}

/// Sorts a 422 by the field that it names.
fn unprocessable(refusal: &Refusal, said: &str, name: &str) -> ForgeError {
    if refusal.is_invalid("base") {
        return ForgeError::new(
            ForgeErrorClass::BaseMissing,
            format!("{name} has no such base branch (422): {said}"),
        )
        .advise("set `branches.base` to a branch that exists there");
    }
    if refusal.is_invalid("head") {
        return ForgeError::new(
            ForgeErrorClass::HeadMissing,
            format!("{name} does not know the head branch (422): {said}"),
        )
        .advise("check that the branch was pushed; it is tried again");
    }
    ForgeError::new(
        ForgeErrorClass::Validation,
        format!("{name} refused the pull request (422): {said}"),
    )
    .advise("change what the forge names: title, body and base come from the policy")
}

/// Reads `X-GitHub-SSO: required; url=…`. The link is shown only when it leads to the same site.
fn sso(response: &Response, host: &str) -> ForgeError {
    let site = host.strip_prefix("api.").unwrap_or(host);
    let link = response
        .header("x-github-sso")
        .and_then(|value| value.split_once("url="))
        .and_then(|(_, link)| reqwest::Url::parse(link.trim()).ok())
        .filter(|link| link.scheme() == "https" && link.host_str() == Some(site));
    let advice = match link {
        Some(link) => format!("authorise the token at {}", text::line(link.as_str())),
        None => "authorise the token for the organisation in its settings".to_owned(),
    };
    ForgeError::new(
        ForgeErrorClass::Sso,
        format!("{host} wants the token authorised for the organisation's single sign-on (403)"),
    )
    .advise(advice)
}

/// Returns when a rate limit ends, when the answer is one: `Retry-After` first, then the reset
/// time of an exhausted limit, else a minute.
fn rate_limit(response: &Response, said: &str) -> Option<Timestamp> {
    if !matches!(response.status(), 403 | 429) {
        return None;
    }
    let now = response.received_at();
    if let Some(at) = response.retry_after() {
        return Some(at);
    }
    let exhausted = response.header("x-ratelimit-remaining").map(str::trim) == Some("0");
    let said = said.to_ascii_lowercase();
    let named = said.contains("rate limit") || said.contains("abuse detection");
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

impl Refusal {
    fn read(response: &Response) -> Self {
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    /// Returns everything that it says, `message` first.
    fn all(&self) -> String {
        let errors = self.errors.iter().map(|error| match error {
            Value::String(sentence) => sentence.clone(),
            error => match field(error, "message") {
                "" => ["resource", "field", "code"]
                    .map(|key| field(error, key))
                    .join(" "),
                sentence => sentence.to_owned(),
            },
        });
        let parts = std::iter::once(self.message.clone()).chain(errors);
        let parts: Vec<_> = parts.filter(|part| !part.trim().is_empty()).collect();
        parts.join(": ")
    }

    /// Says whether `name` is a field that was called invalid.
    fn is_invalid(&self, name: &str) -> bool {
        self.errors
            .iter()
            .any(|error| field(error, "field") == name && field(error, "code") == "invalid")
    }
}

fn field<'a>(error: &'a Value, key: &str) -> &'a str {
    error.get(key).and_then(Value::as_str).unwrap_or_default()
}
