//! Bodies of deliveries, read whole within bounds of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::events::MAX_BODY;

/// How long a body may take. GitHub waits for ten seconds for the whole answer.
const WHOLE: Duration = Duration::from_secs(30);
/// How long a sender may be silent within a body.
const SILENCE: Duration = Duration::from_secs(5);
/// The bytes of all bodies beyond [`SMALL`] at a time.
const ROOM: usize = 48 << 20;
/// What each connection may send without asking for room: deliveries of this size get through while larger ones wait.
const SMALL: usize = 64 << 10;
/// The unit in which room is counted: a semaphore has 32 bits.
const UNIT: usize = 1 << 10;

/// How much of a refused body is still taken from the sender, and for how long: one that is cut off while it sends may not read
/// the answer.
const DISCARDED: usize = 64 << 20;
/// See [`DISCARDED`].
const DISCARDING: Duration = Duration::from_secs(5);

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body has more than 25 MB")]
    TooLarge,
    #[error("the body came too slowly")]
    Slow,
    #[error("too many large bodies are on their way; send it again later")]
    NoRoom,
    #[error("the connection ended within the body")]
    Broken,
}

/// The room for bodies.
#[derive(Debug)]
pub(super) struct BodyRoom(Arc<Semaphore>);

impl Default for BodyRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM / UNIT)))
    }
}

/// A whole body, with the room that it takes until it is dropped.
#[derive(Debug)]
pub(super) struct WholeBody {
    pub(super) bytes: Vec<u8>,
    _room: Vec<OwnedSemaphorePermit>,
}

impl BodyRoom {
    /// Returns the bytes that bodies take at this moment, without the first ones of each.
    pub(super) fn taken(&self) -> usize {
        ROOM - self.0.available_permits() * UNIT
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
        if claimed.is_some_and(|length| length > MAX_BODY as u64) {
            discard(headers, body).await;
            return Err(BodyError::TooLarge);
        }
        let end = Instant::now() + WHOLE;
        let mut bytes = Vec::new();
        let mut room = Vec::new();
        let mut held = SMALL;
        loop {
            let next = timeout_at(end, timeout(SILENCE, body.frame())).await;
            let (Ok(Ok(next)), true) = (next, Instant::now() < end) else {
                return Err(BodyError::Slow);
            };
            let Some(frame) = next else {
                return Ok(WholeBody { bytes, _room: room });
            };
            let frame = frame.map_err(|_| BodyError::Broken)?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if bytes.len() + data.len() > MAX_BODY {
                drop((bytes, room));
                discard(headers, body).await;
                return Err(BodyError::TooLarge);
            }
            while bytes.len() + data.len() > held {
                // A vector that grows doubles; so does the room for it.
                let more = held;
                room.push(self.take(more, end).await?);
                held += more;
            }
            bytes.extend_from_slice(data);
        }
    }

    async fn take(&self, bytes: usize, end: Instant) -> Result<OwnedSemaphorePermit, BodyError> {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        let taken = timeout_at(end, Arc::clone(&self.0).acquire_many_owned(units)).await;
        match taken {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(BodyError::NoRoom),
        }
    }
}

/// Takes a body that nobody wants from its sender, unless the sender asked before it sends.
pub(super) async fn discard(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(EXPECT) {
        return;
    }
    let end = Instant::now() + DISCARDING;
    let mut left = DISCARDED;
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
    use crate::serve::answer::Answer;

    #[tokio::test]
    async fn a_large_body_that_finds_no_room_is_told_to_come_again() {
        let room = BodyRoom::default();
        let all = u32::try_from(ROOM / UNIT).unwrap();
        let taken = Arc::clone(&room.0).acquire_many_owned(all).await.unwrap();
        assert_eq!(room.taken(), ROOM);
        let error = room.take(SMALL, Instant::now()).await.unwrap_err();
        let answer = Answer::from(error);
        assert_eq!(answer.code.as_u16(), 503);
        assert_eq!(
            answer.reason.as_deref(),
            Some("too many large bodies are on their way; send it again later")
        );
        // A small one needs none, and what is free is taken.
        let small = room.read(&HeaderMap::new(), Body::from("{}")).await;
        assert_eq!(small.unwrap().bytes, b"{}");
        drop(taken);
        let large = Body::from(vec![b'x'; SMALL + 1]);
        let large = room.read(&HeaderMap::new(), large).await.unwrap();
        assert_eq!(large.bytes.len(), SMALL + 1);
    }
}
