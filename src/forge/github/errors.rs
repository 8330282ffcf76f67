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
        .advise("run again when the limit ends")
        .not_before(at);
    }
    let name = format!(
        "{}/{}",
        text::line(&repository.owner),
        text::line(&repository.name)
    );
    match status {
        401 => unauthorized(&host, status, &said),
        403 if response.header("x-github-sso").is_some() => sso(response, &host),
        403 | 451 => forbidden(response, &host, &name, &said),
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
            .advise("run again in a while; the forge's status page may say more")
        },
        300..=399 => response.bad("an answer of GitHub's API").into(),
        _ => ForgeError::new(
            ForgeErrorClass::Validation,
            format!("{host} refused the request on {name} ({status}): {said}"),
        ),
    }
}

/// Sorts a 403 by what the forge says: most causes have nothing to do with the rights of the token.
fn forbidden(response: &Response, host: &str, name: &str, said: &str) -> ForgeError {
    let status = response.status();
    let words = said.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if says(&["bad credentials"]) {
        return unauthorized(host, status, said);
    }
    if says(&["archived"]) {
        return ForgeError::new(
            ForgeErrorClass::Archived,
            format!("{name} is archived (403): {said}"),
        )
        .advise("unarchive the repository, or push to another one");
    }
    if says(&["saml", "single sign-on"]) {
        return sso(response, host);
    }
    let advice = if says(&["github actions is not permitted"]) {
        "allow GitHub Actions to create pull requests (Settings, Actions, General, of the repository or its organisation), or give a token of an app or a person"
    } else if says(&[
        "access via a personal access token (classic)",
        "classic token",
    ]) {
        "give a fine-grained token or one of a GitHub App: the organisation takes no classic tokens"
    } else if says(&["lifetime"]) {
        "give a token that ends sooner, as the organisation asks for"
    } else if says(&["access via a fine-grained", "access via fine-grained"]) {
        "have an owner of the organisation approve the fine-grained token, or give one of a GitHub App"
    } else if says(&["ip allow list", "ip address"]) {
        "run from an address on the organisation's IP allow list, or have an owner add this one"
    } else if says(&["suspended"]) {
        "give a token of an account that is not suspended, or ask the forge's support"
    } else if says(&["blocked", "dmca", "legal", "disabled"]) || status == 451 {
        "see the page of the repository: the forge or its owner has closed it"
    } else if says(&["resource not accessible by integration"]) {
        "give the token write access to pull requests: `permissions: pull-requests: write` in a workflow, else in the settings of the app"
    } else if says(&[
        "resource not accessible",
        "must have",
        "permission",
        "scope",
    ]) {
        "give the token write access to pull requests of this repository"
    } else {
        "see what the forge says: the same request is refused again until that is changed there"
    };
    ForgeError::new(
        ForgeErrorClass::Forbidden,
        format!("{host} does not allow this on {name} ({status}): {said}"),
    )
    .advise(advice)
}

fn unauthorized(host: &str, status: u16, said: &str) -> ForgeError {
    ForgeError::new(
        ForgeErrorClass::Auth,
        format!("{host} refused the token ({status}): {said}"),
    )
    .advise("give a token that is valid, in the variable or credential helper of this host")
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
        .advise("check that the branch was pushed, then run again");
    }
    ForgeError::new(
        ForgeErrorClass::Validation,
        format!("{name} refused the request (422): {said}"),
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
    let now = response.received_at();
    // "was submitted too quickly": a limit on what is created.
    if response.status() == 422 && said.contains("too quickly") {
        return now.checked_add(UNNAMED_WAIT).ok();
    }
    if !matches!(response.status(), 403 | 429) {
        return None;
    }
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
