//! What GitHub's headers say of the token that it refuses: a second factor, single sign-on, permissions and scopes.

use crate::http::Response;

use super::{ForgeError, ForgeErrorClass, text};

/// What has to be given where an account's password goes.
const NO_PASSWORD: &str = "give a personal access token in the place of the password";

/// The most bytes of a list of permissions or scopes that is repeated.
const MAX_LIST_LENGTH: usize = 200;

/// Classifies a refusal for want of a second factor: with a password GitHub asks for a code, which a token does without.
pub(super) fn second_factor(response: &Response, host: &str, said: &str) -> Option<ForgeError> {
    let status = response.status();
    let wanted = response.header("x-github-otp")?;
    if !matches!(status, 401 | 403) || !wanted.trim().starts_with("required") {
        return None;
    }
    let error = ForgeError::new(
        ForgeErrorClass::Auth,
        format!("{host} asks for a code of two-factor authentication ({status}): {said}"),
    );
    Some(error.wants(NO_PASSWORD))
}

/// Reads `X-GitHub-SSO: required; url=…`. The link is shown only when it leads to the same site.
pub(super) fn sso(response: &Response, host: &str) -> ForgeError {
    let site = host.strip_prefix("api.").unwrap_or(host);
    let link = response
        .header("x-github-sso")
        .and_then(|value| value.split_once("url="))
        .and_then(|(_, link)| url::Url::parse(link.trim()).ok())
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

/// Returns the permissions that a fine-grained token, or that of an app, needs for the request, as the header has them.
///
/// The header comes with every answer. It tells the cause of a refusal only where the words do not name another one.
pub(super) fn permissions(response: &Response) -> Option<&str> {
    list(response.header("x-accepted-github-permissions")?)
}

/// Returns the scopes of which a classic token has none and needs one.
pub(super) fn scopes(response: &Response) -> Option<&str> {
    let needed = list(response.header("x-accepted-oauth-scopes")?)?;
    // Only the answer to a classic token has this one, be it empty.
    let held = response.header("x-oauth-scopes")?;
    let mut held = held.split(',').map(str::trim);
    let is_needed = |scope: &str| needed.split(',').any(|one| one.trim() == scope);
    (!held.any(is_needed)).then_some(needed)
}

/// Returns a list of a header where it has only what the names of permissions and scopes have.
fn list(value: &str) -> Option<&str> {
    let value = value.trim();
    let is_of_list = |c: char| c.is_ascii_alphanumeric() || "_-:=,; ".contains(c);
    let is_list = !value.is_empty() && value.len() <= MAX_LIST_LENGTH;
    (is_list && value.chars().all(is_of_list)).then_some(value)
}
