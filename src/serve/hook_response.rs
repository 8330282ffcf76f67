//! Responses to deliveries: a status code and one JSON object.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::events::{BadDelivery, SignatureError};
use crate::store::DuplicateBy;

use super::body::BodyError;

/// The response to a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct HookResponse {
    #[serde(skip)]
    pub(super) code: StatusCode,
    /// Whether the sender is authenticated.
    #[serde(skip)]
    pub(super) is_proven: bool,
    /// The result, in one word.
    pub(super) status: &'static str,
    /// Event and action, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<String>,
    /// Why nothing is fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// The rules that it matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) matched: Vec<Matched>,
}

/// A rule that an event matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Matched {
    /// Its number in the policy, from 1.
    pub(super) rule: usize,
    /// The events that it is for.
    pub(super) on: String,
    /// Globs of the schedules that it fires.
    pub(super) fire: Vec<String>,
    /// The state of the firing: `fired`, `queued`, `waits` or `limited`.
    pub(super) state: &'static str,
    /// The schedules that were set due, where that is known in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schedules: Option<Vec<String>>,
    /// The end of the debounce period that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
}

impl HookResponse {
    fn new(code: StatusCode, status: &'static str) -> Self {
        Self {
            code,
            is_proven: false,
            status,
            event: None,
            reason: None,
            matched: Vec::new(),
        }
    }

    fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds the event, which is only shown to an authenticated sender.
    pub(super) fn of(mut self, event: impl Into<String>) -> Self {
        self.event = Some(event.into());
        self.is_proven = true;
        self
    }

    pub(super) fn pong() -> Self {
        Self::new(StatusCode::OK, "pong")
    }

    pub(super) fn accepted(matched: Vec<Matched>) -> Self {
        Self {
            matched,
            ..Self::new(StatusCode::ACCEPTED, "accepted")
        }
    }

    pub(super) fn ignored(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::ACCEPTED, "ignored").because(reason)
    }

    pub(super) fn duplicate(by: DuplicateBy) -> Self {
        Self::new(StatusCode::OK, "duplicate").because(match by {
            DuplicateBy::Body => "the same body came before",
            DuplicateBy::Id => "the same delivery id came before, with another body",
        })
    }

    /// Makes the response for a delivery that is not stored and can be sent again.
    pub(super) fn unavailable(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").because(reason)
    }

    pub(super) fn refused(code: StatusCode, reason: impl Into<String>) -> Self {
        Self::new(code, "refused").because(reason)
    }
}

impl From<BodyError> for HookResponse {
    fn from(error: BodyError) -> Self {
        let reason = error.to_string();
        match error {
            BodyError::TooLarge => Self::refused(StatusCode::PAYLOAD_TOO_LARGE, reason),
            BodyError::Slow => Self::refused(StatusCode::REQUEST_TIMEOUT, reason),
            BodyError::OverBudget => Self::unavailable(reason),
            BodyError::Broken => Self::refused(StatusCode::BAD_REQUEST, reason),
        }
    }
}

impl From<SignatureError> for HookResponse {
    fn from(error: SignatureError) -> Self {
        let reason = error.to_string();
        match error {
            SignatureError::NoSecret(_) => Self::unavailable(reason),
            _ => Self::refused(StatusCode::UNAUTHORIZED, reason),
        }
    }
}

impl From<BadDelivery> for HookResponse {
    fn from(error: BadDelivery) -> Self {
        Self {
            is_proven: true,
            ..Self::refused(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}

impl From<HookResponse> for Response {
    fn from(answer: HookResponse) -> Self {
        let code = answer.code;
        let mut response = (code, Json(answer)).into_response();
        let headers = response.headers_mut();
        if code == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
        }
        if matches!(
            code,
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT
        ) {
            // The connection is not usable, because the rest of the body is not read.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
