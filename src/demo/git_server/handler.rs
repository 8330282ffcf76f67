//! Handles one request: faults, login, git, log.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::cgi;
use super::login::is_authorised;
use super::options::{FaultKind, LoggedRequest, Offer};
use super::shared::Shared;

/// Routes every request to [`handle`].
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut entry = LoggedRequest {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        status: None,
        has_credentials: request.headers().contains_key(AUTHORIZATION),
        is_chunked: request.method() == "POST" && !request.headers().contains_key(CONTENT_LENGTH),
    };
    let fault = fault(&shared, &entry.path);
    let response = match fault {
        Some(FaultKind::Silence) => {
            shared.log().push(entry);
            return std::future::pending().await;
        }
        Some(FaultKind::Status(status, text)) => plain(status, text),
        Some(FaultKind::Busy(seconds)) => busy(seconds),
        Some(FaultKind::Redirect(to)) => redirect(&to),
        Some(FaultKind::Moved(to)) => {
            let asked = request.uri().to_string();
            let rest = asked.split_once(".git/").map(|(_, rest)| rest);
            redirect(&format!("{to}/{}", rest.unwrap_or_default()))
        }
        Some(FaultKind::Page) => page(),
        fault => {
            if let Some(FaultKind::Delay(time)) = fault {
                tokio::time::sleep(time).await;
            }
            let (method, uri) = (request.method(), request.uri());
            if is_authorised(&shared, method, uri, request.headers()) {
                let answer = cgi::run(Arc::clone(&shared), request).await;
                if fault == Some(FaultKind::LoseAnswer) {
                    cgi::consume(answer).await;
                    shared.log().push(entry);
                    return broken();
                }
                answer
            } else {
                unauthorised(shared.options.offer)
            }
        }
    };
    entry.status = Some(response.status().as_u16());
    shared.log().push(entry);
    response
}

/// Returns the fault that applies to this request, by how many with such a path came before.
fn fault(shared: &Shared, path: &str) -> Option<FaultKind> {
    let log = shared.log();
    let hit = shared.options.faults.iter().find(|fault| {
        let seen = log.iter().filter(|e| e.path.ends_with(fault.path_end));
        let index = seen.count();
        path.ends_with(fault.path_end) && index >= fault.after && index - fault.after < fault.times
    });
    hit.map(|fault| fault.kind.clone())
}

fn plain(status: u16, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    if status == 401 {
        let challenge = HeaderValue::from_static("Basic realm=\"demo\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn busy(seconds: u64) -> Response {
    let mut response = plain(429, "later\n");
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn redirect(to: &str) -> Response {
    let mut response = plain(302, "");
    if let Ok(value) = to.parse() {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

fn page() -> Response {
    let mut response = plain(200, "<html>please log in</html>");
    if let Ok(value) = "text/html".parse() {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}

fn unauthorised(offer: Offer) -> Response {
    let mut response = plain(401, "who are you?\n");
    if let Ok(value) = offer.challenge().parse() {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// Makes an answer whose connection breaks before the body.
fn broken() -> Response {
    let gone = std::io::Error::other("the answer is lost");
    Response::new(Body::from_stream(futures_util::stream::iter([Err::<
        bytes::Bytes,
        _,
    >(gone)])))
}
