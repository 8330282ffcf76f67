//! A git service behind two streams: a child program, ssh, or a socket to git's daemon.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;

use sendoff_push::advertisement::AdvertisementReader;
use sendoff_push::sideband::Answer;
use sendoff_push::{ClassifiedError, Connection, RequestBody, SendError};

use crate::git::transport::{ServiceConnection, TakeLines, TransportError};
use crate::names::Scheme;
use crate::process::Program;

use super::Target;
use super::endpoint::{Endpoint, with_idle_timeout};
use super::fetch::Take;
use super::idle_timeout::{IdleTimeout, Interruption};
use super::ssh_cause::obstacle;
use super::stderr::Stage;
use super::stream::{ReadError, TimedWriter, read_answer, read_lines, read_stream};

/// A connection over two streams.
pub(super) struct StreamConnection<'a> {
    endpoint: Endpoint,
    stdin: Option<Box<dyn Write + Send>>,
    /// Buffered, because an advertisement is thousands of short lines.
    stdout: BufReader<Box<dyn Read + Send>>,
    idle: IdleTimeout,
    target: Target<'a>,
}

impl std::fmt::Debug for StreamConnection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamConnection")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl<'a> StreamConnection<'a> {
    /// Takes a socket to git's daemon, and sends the request that opens the connection.
    pub(super) fn over_socket(
        socket: TcpStream,
        request: &[u8],
        target: Target<'a>,
    ) -> Result<Self, TransportError> {
        let failed = |error: std::io::Error| TransportError::Network {
            said: error.to_string(),
            source: None,
        };
        let mut stdin = socket.try_clone().map_err(failed)?;
        let stdout = socket.try_clone().map_err(failed)?;
        stdin.write_all(request).map_err(failed)?;
        Ok(Self {
            endpoint: Endpoint::Socket(socket),
            stdin: Some(Box::new(stdin)),
            stdout: BufReader::new(Box::new(stdout)),
            idle: IdleTimeout::new(target.options.push_timeout),
            target,
        })
    }

    /// Starts a program that connects to git's daemon, and sends the request that opens the connection.
    pub(super) fn through(
        program: &Program,
        request: &[u8],
        target: Target<'a>,
    ) -> Result<Self, TransportError> {
        let mut connection = Self::start(program, target)?;
        // A program that has ended says why on its stderr, which is read next.
        if let Some(stdin) = &mut connection.stdin {
            let _gone = stdin.write_all(request);
        }
        Ok(connection)
    }

    /// Starts the program.
    pub(super) fn start(program: &Program, target: Target<'a>) -> Result<Self, TransportError> {
        let mut running = program
            .start()
            .map_err(|error| TransportError::Start(error.into()))?;
        let stdin = running.take_stdin();
        let stdout = running.take_stdout().ok_or(TransportError::Garbled)?;
        Ok(Self {
            endpoint: Endpoint::Child(running),
            stdin: stdin.map(|stdin| Box::new(stdin) as Box<dyn Write + Send>),
            stdout: BufReader::new(Box::new(stdout)),
            idle: IdleTimeout::new(target.options.push_timeout),
            target,
        })
    }
}

impl StreamConnection<'_> {
    /// Reads packet lines up to the first flush.
    fn lines(&mut self, take: TakeLines<'_>) -> Result<(), TransportError> {
        let (stdout, idle) = (&mut self.stdout, &self.idle);
        idle.reset();
        let (lines, interruption) =
            with_idle_timeout(&self.endpoint.terminator(), idle, self.target.stop, || {
                read_lines(stdout, idle, take)
            });
        match (lines, interruption) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(Interruption::Idle(limit))) => {
                Err(self.setting().unwrap_or(TransportError::Timeout(limit)))
            }
            (Err(_), Some(interruption)) => Err(interruption.into()),
            (Err(ReadError::Ended), None) => Err(self.endpoint.ended(self.target, Stage::Opening)),
            (Err(ReadError::NoLength(digits)), None) if self.target.url.scheme() == Scheme::Ssh => {
                // What else has come is buffered: more of it need not come.
                let text = [&digits, self.stdout.buffer()].concat();
                Err(self.endpoint.talked(&text, self.target))
            }
            (Err(ReadError::Malformed | ReadError::NoLength(_)), None) => Err(self.garbled()),
        }
    }

    /// Returns the error of bytes that no service sends; a terminal between it and ssh changes them.
    fn garbled(&self) -> TransportError {
        self.setting().unwrap_or(TransportError::Garbled)
    }

    /// Returns the setting of ssh with which no push gets through, if there is one.
    fn setting(&self) -> Option<TransportError> {
        let is_ssh = self.target.url.scheme() == Scheme::Ssh;
        if is_ssh { obstacle(self.target) } else { None }
    }
}

impl ServiceConnection for StreamConnection<'_> {
    fn hello(&mut self, take: TakeLines<'_>) -> Result<(), Box<dyn ClassifiedError>> {
        Ok(self.lines(take)?)
    }

    fn request(
        &mut self,
        body: &[u8],
        take: TakeLines<'_>,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        let written = self.stdin.as_mut().map(|stdin| stdin.write_all(body));
        match written {
            Some(Ok(())) => Ok(self.lines(take)?),
            _ => Err(self.endpoint.ended(self.target, Stage::Working).into()),
        }
    }

    fn stream(&mut self, body: &[u8], take: &mut Take<'_>) -> Result<(), Box<dyn ClassifiedError>> {
        let Self {
            endpoint,
            stdin,
            stdout,
            idle,
            ..
        } = self;
        idle.reset();
        let (streamed, interruption) =
            with_idle_timeout(&endpoint.terminator(), idle, self.target.stop, || {
                let written = stdin.as_mut().map(|stdin| stdin.write_all(body));
                if !matches!(written, Some(Ok(()))) {
                    return Ok(Err(ReadError::Ended));
                }
                read_stream(stdout, idle, take)
            });
        match (streamed, interruption) {
            (Ok(Ok(())), _) => Ok(()),
            (Err(error), _) => Err(error),
            (Ok(Err(_)), Some(interruption)) => Err(TransportError::from(interruption).into()),
            (Ok(Err(_)), None) => {
                let ended = endpoint.ended(self.target, Stage::Working);
                Err(ended.into())
            }
        }
    }
}

impl Connection for StreamConnection<'_> {
    fn advertise(
        &mut self,
        reader: &mut AdvertisementReader,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        Ok(self.lines(&mut |piece| reader.feed(piece))?)
    }

    /// Sends the request; the answer is read meanwhile, so that neither side waits for the other.
    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        let RequestBody {
            head,
            pack,
            handed_over,
            form,
        } = request;
        let Some(mut stdin) = self.stdin.take() else {
            return Err(SendError::without_effect(TransportError::Garbled));
        };
        let (stdout, idle) = (&mut self.stdout, &self.idle);
        let terminator = self.endpoint.terminator();
        idle.reset();
        let ((written, read), interruption) =
            with_idle_timeout(&terminator, idle, self.target.stop, || {
                thread::scope(|scope| {
                    let reader = scope.spawn(|| read_answer(stdout, idle, form));
                    let mut out = TimedWriter::new(&mut *stdin, idle);
                    let written = out.write_all(head).and_then(|()| pack(&mut out));
                    let broken = out.broken;
                    idle.resume();
                    if written.is_err() && !broken {
                        // The pack is cut short, so the service will take none of it.
                        terminator.terminate();
                    }
                    drop(stdin);
                    if written.is_ok() {
                        handed_over();
                    }
                    let read = reader.join().unwrap_or(Err(ReadError::Ended));
                    (written.map_err(|_| broken), read)
                })
            });
        match (written, read, interruption) {
            // The push gave up, and has the reason.
            (Err(false), _, _) => Err(SendError::without_effect(TransportError::Lost)),
            (_, Ok(answer), _) => Ok(answer),
            (written, Err(broken), interruption) => {
                let error = match (interruption, broken) {
                    (Some(interruption), _) => interruption.into(),
                    (None, ReadError::Ended) => self.endpoint.ended(self.target, Stage::Working),
                    (None, ReadError::Malformed | ReadError::NoLength(_)) => {
                        TransportError::Garbled
                    }
                };
                // A pack that was cut short is taken by no server.
                Err(if written.is_ok() {
                    SendError::unknown(error)
                } else {
                    SendError::without_effect(error)
                })
            }
        }
    }

    /// Sends a flush, and waits a moment for the service to exit.
    fn close(mut self: Box<Self>) {
        if let Some(mut stdin) = self.stdin.take() {
            // A failure makes no difference: nothing was requested.
            drop(stdin.write_all(b"0000"));
        }
        let Self {
            endpoint, stdout, ..
        } = *self;
        drop(stdout);
        endpoint.wait_for_exit();
    }
}
