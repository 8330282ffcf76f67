//! HTTP authentication of requests, by the scheme that the server offers.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Uri};
use faster_hex::hex_string;
use md5::{Digest as _, Md5};
use secrecy::ExposeSecret;

use crate::secrets::decode_base64;

use super::options::Offer;
use super::shared::Shared;

/// Says whether a request is authenticated, or the server requires no login.
pub(super) fn is_authorised(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> bool {
    let Some((user, password)) = &shared.options.login else {
        return true;
    };
    let password = password.expose_secret();
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some((scheme, given)) = given.and_then(|given| given.split_once(' ')) else {
        return false;
    };
    match (shared.options.offer, scheme) {
        (Offer::Basic, "Basic") => {
            let expected = format!("{user}:{password}");
            decode_base64(given.as_bytes()).is_some_and(|given| given == expected.as_bytes())
        }
        (Offer::Bearer, "Bearer") => given == password,
        (Offer::Digest, "Digest") => is_digest(given, user, password, method, uri),
        _ => false,
    }
}

/// Checks an answer to the one challenge that the server has.
fn is_digest(given: &str, user: &str, password: &str, method: &Method, uri: &Uri) -> bool {
    let field = |name: &str| {
        let mut fields = given.split(", ").filter_map(|field| field.split_once('='));
        let value = fields.find(|(key, _)| *key == name).map(|(_, value)| value);
        value.unwrap_or_default().trim_matches('"')
    };
    let hash = |text: String| hex_string(&Md5::digest(text));
    let path = uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let secret = hash(format!("{user}:demo:{password}"));
    let request = hash(format!("{method}:{path}"));
    let (count, cnonce) = (field("nc"), field("cnonce"));
    let response = hash(format!("{secret}:n1:{count}:{cnonce}:auth:{request}"));
    field("nonce") == "n1"
        && field("opaque") == "o1"
        && field("uri") == path
        && field("response") == response
}
