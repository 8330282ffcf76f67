//! `GitoxideTransport`: a push over gitoxide's own transports.

use std::io::{self, Write as _};

use gix::protocol::transport::client::blocking_io::{self, connect};
use gix::protocol::transport::client::{MessageKind, WriteMode};
use gix::protocol::transport::{Protocol, Service};

use crate::advertisement::AdvertisementReader;
use crate::error::{BoxError, ClassifiedError};
use crate::pkt_line;
use crate::sideband::Answer;
use crate::transport::{Connection, RequestBody, SendError, Transport};

/// A transport over `gix-transport`: paths, ssh, `git://`, and http(s) where one of its HTTP clients is compiled in.
///
/// It has no deadline of its own, and does not look at the request's `stop` while it waits for the remote.
#[derive(Debug, Clone)]
pub struct GitoxideTransport {
    url: String,
}

impl GitoxideTransport {
    /// Connects to this URL when a push asks for it.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }
}

impl Transport for GitoxideTransport {
    fn remote(&self) -> &str {
        &self.url
    }

    fn open(&self) -> Result<Box<dyn Connection + '_>, Box<dyn ClassifiedError>> {
        let options = connect::Options {
            version: Protocol::V0,
            ..connect::Options::default()
        };
        let connected = connect::connect(self.url.as_str(), options);
        Ok(Box::new(Channel(connected.map_err(failed)?)))
    }
}

/// A connection of gitoxide.
struct Channel(Box<dyn blocking_io::Transport + Send>);

impl Connection for Channel {
    /// Writes the packet lines again that gitoxide has taken apart.
    fn advertise(
        &mut self,
        reader: &mut AdvertisementReader,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        let answered = self.0.handshake(Service::ReceivePack, &[]);
        let answered = answered.map_err(failed)?;
        let words = answered.capabilities.iter().map(|word| match word.value() {
            Some(value) => format!("{}={value}", word.name()),
            None => word.name().to_string(),
        });
        let mut capabilities = Some(words.collect::<Vec<_>>().join(" "));
        let (mut lines, mut line) = (Vec::new(), String::new());
        if let Some(mut refs) = answered.refs {
            while refs.readline_str(&mut line).map_err(failed)? > 0 {
                let mut text = line.trim_end().to_owned();
                if let Some(capabilities) = capabilities.take() {
                    text = format!("{text}\0{capabilities}");
                }
                pkt_line::encode(text.as_bytes(), &mut lines).map_err(failed)?;
                reader.feed(&lines);
                lines.clear();
                line.clear();
            }
        }
        reader.feed(pkt_line::FLUSH);
        Ok(())
    }

    fn send_pack(&mut self, body: RequestBody<'_>) -> Result<Answer, SendError> {
        let request = self
            .0
            .request(WriteMode::Binary, MessageKind::Flush, false)
            .map_err(|error| SendError::without_effect(failed(error)))?;
        let (mut out, mut answer) = request.into_parts();
        let written = out
            .write_all(body.head)
            .and_then(|()| (body.pack)(&mut out))
            .and_then(|()| out.flush());
        drop(out);
        // A pack that was cut short is taken by no server.
        written.map_err(|error| SendError::without_effect(failed(error)))?;
        (body.handed_over)();
        let unknown = |error: BoxError| SendError::unknown(GitoxideError(error));
        let (mut demux, mut line) = (body.form.demux(), Vec::new());
        while let Some(read) = answer.readline() {
            let read = read.map_err(|error| unknown(error.into()))?;
            let read = read.map_err(|error| unknown(error.into()))?;
            let Some(data) = read.as_slice() else { break };
            line.clear();
            pkt_line::encode(data, &mut line).map_err(|error| unknown(error.into()))?;
            let fed = demux.feed(&line);
            fed.map_err(|_| unknown("the remote's answer is garbled".into()))?;
        }
        let fed = demux.feed(pkt_line::FLUSH);
        fed.map_err(|_| unknown("the remote's answer is garbled".into()))?;
        Ok(demux.finish())
    }

    fn close(self: Box<Self>) {}
}

/// What gitoxide says.
#[derive(Debug, thiserror::Error)]
#[error("the connection failed")]
struct GitoxideError(#[source] BoxError);

fn failed(error: impl Into<BoxError>) -> GitoxideError {
    GitoxideError(error.into())
}

impl ClassifiedError for GitoxideError {
    fn class(&self) -> &'static str {
        let mut next = Some(&*self.0 as &(dyn std::error::Error + 'static));
        while let Some(error) = next {
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            match kind {
                Some(io::ErrorKind::PermissionDenied) => return "auth",
                Some(io::ErrorKind::NotFound) => return "not-found",
                _ => next = error.source(),
            }
        }
        "network"
    }
}
