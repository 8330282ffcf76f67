//! Which redirects of an API are followed: within the origin, and to the same path where a request changes something.

use hyper::Method;
use url::Url;

use crate::names::Origin;
use crate::net::stays_at_origin;

use super::error::HttpError;
use super::response::{Response, host};

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// One, within the same origin; of a request that changes something only to the same path.
    SameOrigin,
    /// None.
    Refused,
}

/// What to do with a status of the 300s.
pub(super) enum NextRequest {
    /// The response is final.
    None,
    /// Follow the redirect to this URL.
    To(Url),
}

/// Says whether the response is a redirect that may be followed.
pub(super) fn next_request(method: &Method, response: &Response) -> Result<NextRequest, HttpError> {
    let status = response.status();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(NextRequest::None);
    }
    let location = response.header("location").unwrap_or_default();
    let Ok(to) = response.url().join(location) else {
        return Err(response.bad("a redirect with a valid `Location`"));
    };
    // What a request changes it may change nowhere else; some servers add or drop the last slash.
    let bare = |url: &Url| {
        (
            url.path().trim_end_matches('/').to_owned(),
            url.query().map(str::to_owned),
        )
    };
    let same_place = matches!(status, 307 | 308) && bare(&to) == bare(response.url());
    let may_follow = method.is_safe() || same_place;
    if may_follow && stays_at_origin(response.url(), &to) {
        Ok(NextRequest::To(to))
    } else {
        Err(refused(response, &to))
    }
}

/// Returns the error for a redirect that is not followed; shows the origin only, because paths may hold secrets.
pub(super) fn refused(response: &Response, to: &Url) -> HttpError {
    HttpError::RedirectRefused {
        host: host(response.url()),
        status: response.status(),
        to: Origin::of(to).map_or_else(
            || format!("a `{}` URL", to.scheme()),
            |origin| origin.to_string(),
        ),
    }
}
