//! The endpoints for monitoring: liveness, readiness and metrics.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::metrics::Gauges;
use super::shared::App;

/// `/healthz`: whether the schedules are checked regularly.
pub(super) async fn healthz(State(app): State<App>) -> Response {
    let ticks = &app.ticks;
    let last = ticks.last().map(|at| at.to_string());
    if ticks.is_stuck(app.clock.now()) {
        let seconds = 2 * ticks.interval.as_secs();
        let reason = format!("the schedules were not checked for {seconds} s");
        let body = json!({ "status": "stuck", "reason": reason, "last_tick": last });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    Json(json!({ "status": "ok", "last_tick": last })).into_response()
}

/// `/readyz`: whether deliveries are accepted.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    if app.is_draining() {
        let body = json!({ "status": "ending", "reason": "the server ends" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    Json(json!({ "status": "ready" })).into_response()
}

/// `/metrics`: the metrics in Prometheus' text format.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let text = app.metrics.text(Gauges {
        body_bytes: app.body_budget.taken(),
        last_tick: app.ticks.last().map(Timestamp::as_second),
    });
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}
