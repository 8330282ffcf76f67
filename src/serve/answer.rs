//! Answers to deliveries: a status and one JSON object.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::events::{BadDelivery, SignatureError};
use crate::store::DuplicateBy;

use super::body::BodyError;

/// An answer to a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    #[serde(skip)]
    pub(super) code: StatusCode,
    /// Whether the sender has proved that it knows the secret.
    #[serde(skip)]
    pub(super) is_proven: bool,
    /// What became of it, in one word.
    pub(super) status: &'static str,
    /// Event and action, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<String>,
    /// Why, where nothing was matched.
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
    /// The schedules that it fires, as globs.
    pub(super) fire: Vec<String>,
    /// What becomes of that: `fired`, `queued`, `waits` or `limited`.
    pub(super) state: &'static str,
    /// The schedules that were set due, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schedules: Option<Vec<String>>,
    /// Until when it waits for further events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
}

impl Answer {
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

    /// Adds the event, which only a sender who knows the secret is told.
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

    /// Nothing is kept; the sender may send it again.
    pub(super) fn unavailable(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").because(reason)
    }

    pub(super) fn refused(code: StatusCode, reason: impl Into<String>) -> Self {
        Self::new(code, "refused").because(reason)
    }
}

impl From<BodyError> for Answer {
    fn from(error: BodyError) -> Self {
        let reason = error.to_string();
        match error {
            BodyError::TooLarge => Self::refused(StatusCode::PAYLOAD_TOO_LARGE, reason),
            BodyError::Slow => Self::refused(StatusCode::REQUEST_TIMEOUT, reason),
            BodyError::NoRoom => Self::unavailable(reason),
            BodyError::Broken => Self::refused(StatusCode::BAD_REQUEST, reason),
        }
    }
}

impl From<SignatureError> for Answer {
    fn from(error: SignatureError) -> Self {
        let reason = error.to_string();
        match error {
            SignatureError::NoSecret(_) => Self::unavailable(reason),
            _ => Self::refused(StatusCode::UNAUTHORIZED, reason),
        }
    }
}

impl From<BadDelivery> for Answer {
    fn from(error: BadDelivery) -> Self {
        Self {
            is_proven: true,
            ..Self::refused(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
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
            // The rest of the body is not read.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
