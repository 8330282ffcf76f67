//! Reads the whole bodies of deliveries, within limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::events::MAX_BODY_SIZE;

/// The most time for a body. GitHub waits ten seconds for the response.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time without a byte within a body.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of all bodies at a time, without the first [`FREE_BYTES`] of each.
const BUDGET: usize = 48 << 20;
/// The bytes of each body that are not counted, so that small deliveries are accepted while large ones wait.
const FREE_BYTES: usize = 64 << 10;
/// The bytes for each permit of the semaphore, whose number is limited to 32 bits.
const BYTES_PER_PERMIT: usize = 1 << 10;

/// The most bytes of a refused body that are read and discarded: a sender whose connection ends while it sends often does not
/// read the response.
const MAX_DISCARDED: usize = 64 << 20;
/// The most time for that.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body has more than 25 MB")]
    TooLarge,
    #[error("the body was sent too slowly")]
    Slow,
    #[error("too many large bodies are being received; send it again later")]
    OverBudget,
    #[error("the connection ended within the body")]
    Broken,
}

/// The memory for bodies, shared by all connections.
#[derive(Debug)]
pub(super) struct BodyBudget(Arc<Semaphore>);

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET / BYTES_PER_PERMIT)))
    }
}

/// A whole body. It holds its part of the budget until it is dropped.
#[derive(Debug)]
pub(super) struct WholeBody {
    pub(super) bytes: Vec<u8>,
    _permits: Vec<OwnedSemaphorePermit>,
}

impl BodyBudget {
    /// Returns the bytes of the budget that are in use.
    pub(super) fn taken(&self) -> usize {
        BUDGET - self.0.available_permits() * BYTES_PER_PERMIT
    }

    /// Reads a body whole.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<WholeBody, BodyError> {
        let claimed = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let claimed = claimed.and_then(|length| length.parse::<u64>().ok());
        if claimed.is_some_and(|length| length > MAX_BODY_SIZE as u64) {
            discard(headers, body).await;
            return Err(BodyError::TooLarge);
        }
        let end = Instant::now() + BODY_TIMEOUT;
        let mut bytes = Vec::new();
        let mut permits = Vec::new();
        let mut held = FREE_BYTES;
        loop {
            let next = timeout_at(end, timeout(IDLE_TIMEOUT, body.frame())).await;
            let (Ok(Ok(next)), true) = (next, Instant::now() < end) else {
                return Err(BodyError::Slow);
            };
            let Some(frame) = next else {
                return Ok(WholeBody {
                    bytes,
                    _permits: permits,
                });
            };
            let frame = frame.map_err(|_| BodyError::Broken)?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if bytes.len() + data.len() > MAX_BODY_SIZE {
                drop((bytes, permits));
                discard(headers, body).await;
                return Err(BodyError::TooLarge);
            }
            while bytes.len() + data.len() > held {
                // A growing vector doubles its capacity, and so does its part of the budget.
                let more = held;
                permits.push(self.take(more, end).await?);
                held += more;
            }
            bytes.extend_from_slice(data);
        }
    }

    async fn take(&self, bytes: usize, end: Instant) -> Result<OwnedSemaphorePermit, BodyError> {
        let units = u32::try_from(bytes / BYTES_PER_PERMIT).unwrap_or(u32::MAX);
        let taken = timeout_at(end, Arc::clone(&self.0).acquire_many_owned(units)).await;
        match taken {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(BodyError::OverBudget),
        }
    }
}

/// Reads a refused body and discards it, unless the sender waits for `100 Continue` before it sends.
pub(super) async fn discard(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(EXPECT) {
        return;
    }
    let end = Instant::now() + DISCARD_TIMEOUT;
    let mut left = MAX_DISCARDED;
    while left > 0 {
        let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await else {
            return;
        };
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::hook_response::HookResponse;

    #[tokio::test]
    async fn a_large_body_over_the_budget_is_refused_for_now() {
        let permits = BodyBudget::default();
        let all = u32::try_from(BUDGET / BYTES_PER_PERMIT).unwrap();
        let taken = Arc::clone(&permits.0)
            .acquire_many_owned(all)
            .await
            .unwrap();
        assert_eq!(permits.taken(), BUDGET);
        let error = permits.take(FREE_BYTES, Instant::now()).await.unwrap_err();
        let answer = HookResponse::from(error);
        assert_eq!(answer.code.as_u16(), 503);
        assert_eq!(
            answer.reason.as_deref(),
            Some("too many large bodies are being received; send it again later")
        );
        // A small one needs no part of the budget.
        let small = permits.read(&HeaderMap::new(), Body::from("{}")).await;
        assert_eq!(small.unwrap().bytes, b"{}");
        drop(taken);
        let large = Body::from(vec![b'x'; FREE_BYTES + 1]);
        let large = permits.read(&HeaderMap::new(), large).await.unwrap();
        assert_eq!(large.bytes.len(), FREE_BYTES + 1);
    }
}
