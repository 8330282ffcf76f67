//! The routes of the server.

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::hook_response::HookResponse;
use super::shared::App;
use super::{health, hooks};

/// Returns the router.
pub(super) fn router(app: App) -> Router {
    Router::new()
        .route("/hooks/{source}", post(hooks::take))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

async fn unknown() -> Response {
    let paths = "there is no such path: the paths are /hooks/github, /hooks/gitlab, /hooks/gitea, /healthz, /readyz and \
                 /metrics";
    HookResponse::refused(StatusCode::NOT_FOUND, paths).into()
}

async fn wrong_method() -> Response {
    let methods = "deliveries are sent with POST, everything else is requested with GET";
    HookResponse::refused(StatusCode::METHOD_NOT_ALLOWED, methods).into()
}
