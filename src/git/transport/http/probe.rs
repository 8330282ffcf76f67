//! Requests for nothing, which find out what a server wants: a login, or the length of a body.

use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use tokio::sync::mpsc::channel;

use crate::git::transport::TransportError;
use crate::git::transport::classify::is_disconnect;
use crate::net::Challenges;

use super::HttpConnection;
use super::body::{Chunk, ChunkReceiver, StreamedBody, Upload};
use super::response::ResponseHead;
use super::spool::Spooled;

/// A flush packet: a request for nothing.
const FLUSH_PKT: &[u8] = b"0000";

/// Whether a server takes bodies of unknown length, which HTTP/1.1 sends in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunksTaken {
    Yes,
    /// It says that it does not.
    Refused,
    /// It cuts the connection, and answers one with its length.
    Cut,
    Unknown,
}

impl HttpConnection<'_> {
    /// Sends a flush packet until the server accepts the login.
    pub(super) fn probe(&mut self) -> Result<(), TransportError> {
        loop {
            let request = self.post().body(FLUSH_PKT);
            let probed = self.run(|connection| async move {
                let response = connection.send(request).await?;
                let head = ResponseHead::of(&response);
                let offered = Challenges::of(response.headers(), &WWW_AUTHENTICATE);
                let body = connection.read_page(response).await?;
                Ok((head, offered, body))
            });
            let (head, offered, body) = match probed {
                Err(TransportError::ProxyLogin { refusal, .. }) => {
                    self.client.proxy_refused(&self.base, refusal)?;
                    continue;
                }
                probed => probed?,
            };
            match head.status {
                StatusCode::OK => {
                    self.auth.accepted();
                    return Ok(());
                }
                StatusCode::UNAUTHORIZED => self.auth.refused(&offered)?,
                _ => return Err(self.refusal(head, &body)),
            }
        }
    }

    /// Finds out whether the login was the cause, where no response has verified it yet. Returns what the server
    /// offers where it was.
    pub(super) fn offered_instead(&self) -> Option<Challenges> {
        if self.auth.is_verified() {
            return None;
        }
        let request = self.post().body(FLUSH_PKT);
        let asked = self.run(|connection| async move {
            let response = connection.send(request).await?;
            let refused = response.status() == StatusCode::UNAUTHORIZED;
            Ok(refused.then(|| Challenges::of(response.headers(), &WWW_AUTHENTICATE)))
        });
        asked.ok().flatten()
    }

    /// Finds out whether the server takes bodies of unknown length.
    pub(super) fn chunks_taken(&self) -> ChunksTaken {
        match self.flush(Length::Unknown) {
            Ok(StatusCode::LENGTH_REQUIRED) => ChunksTaken::Refused,
            Ok(StatusCode::OK) => ChunksTaken::Yes,
            Err(error) if is_disconnect(&error) => match self.flush(Length::Given) {
                Ok(StatusCode::OK) => ChunksTaken::Cut,
                _ => ChunksTaken::Unknown,
            },
            _ => ChunksTaken::Unknown,
        }
    }

    /// Sends a flush packet and returns the status.
    fn flush(&self, length: Length) -> Result<StatusCode, TransportError> {
        let request = match length {
            Length::Given => self.post().body(FLUSH_PKT),
            Length::Unknown => {
                let (sender, receiver) = channel(1);
                // There is room for one.
                let _sent = sender.try_send(Chunk::End);
                let body = StreamedBody::new(
                    Spooled::Memory(FLUSH_PKT.into()),
                    ChunkReceiver::new(receiver),
                    Upload::new(None),
                    self.idle.clone(),
                );
                self.post().stream(body)
            }
        };
        self.run(|connection| async move { Ok(connection.send(request).await?.status()) })
    }
}

/// Whether a request says how long it is.
#[derive(Debug, Clone, Copy)]
enum Length {
    Given,
    Unknown,
}
