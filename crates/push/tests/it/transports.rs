//! Transports of another program: pipes to git, and plain HTTP. No deadline, no login.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use sendoff_push::advertisement::AdvertisementReader;
use sendoff_push::sideband::Answer;
use sendoff_push::{ClassifiedError, Connection, Redact, RequestBody, SendError, Transport};
use sendoff_testing::Sandbox;

/// The error of both.
#[derive(Debug, thiserror::Error)]
#[error("the pipe broke")]
pub(crate) struct Broken(#[source] io::Error);

impl ClassifiedError for Broken {
    fn class(&self) -> &'static str {
        "network"
    }
}

/// Hides one password.
pub(crate) struct HidesPassword;

impl Redact for HidesPassword {
    fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        text.replace("hunter2", "*").into()
    }
}

/// Pipes to git's own program.
pub(crate) struct Pipes<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) remote: PathBuf,
}

impl Transport for Pipes<'_> {
    fn remote(&self) -> &'static str {
        "elsewhere"
    }

    fn open(&self) -> Result<Box<dyn Connection + '_>, Box<dyn ClassifiedError>> {
        let mut command = self.sandbox.command("git");
        command.arg("receive-pack").arg(&self.remote);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.stderr(Stdio::null()).spawn();
        started
            .map(|child| Box::new(Pipe(child)) as Box<dyn Connection>)
            .map_err(|error| Broken(error).into())
    }

    fn redact(&self) -> &dyn Redact {
        &HidesPassword
    }
}

struct Pipe(Child);

impl Connection for Pipe {
    fn advertise(
        &mut self,
        reader: &mut AdvertisementReader,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        let stdout = self.0.stdout.as_mut().unwrap();
        reader.feed(&up_to_flush(stdout).map_err(Broken)?);
        Ok(())
    }

    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        let mut stdin = self.0.stdin.take().unwrap();
        stdin.write_all(request.head).unwrap();
        (request.pack)(&mut stdin).map_err(|error| SendError::without_effect(Broken(error)))?;
        drop(stdin);
        (request.handed_over)();
        let mut demux = request.form.demux();
        let mut answer = Vec::new();
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_to_end(&mut answer).unwrap();
        demux.feed(&answer).unwrap();
        Ok(demux.finish())
    }

    fn close(self: Box<Self>) {}
}

impl Drop for Pipe {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// Smart HTTP without anything that a push does not need.
pub(crate) struct PlainHttp {
    /// Where the server listens, as in `127.0.0.1:8080`.
    pub(crate) address: String,
    /// The path of the repository, with a slash at its beginning.
    pub(crate) path: String,
}

impl Transport for PlainHttp {
    fn remote(&self) -> &str {
        &self.path
    }

    fn open(&self) -> Result<Box<dyn Connection + '_>, Box<dyn ClassifiedError>> {
        Ok(Box::new(self))
    }
}

impl PlainHttp {
    /// Sends a request and returns the body of the answer.
    fn exchange(&self, method: &str, service: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut socket = TcpStream::connect(&self.address)?;
        write!(
            socket,
            "{method} {}/{service} HTTP/1.1\r\nHost: {}\r\n\
             Content-Type: application/x-git-receive-pack-request\r\nContent-Length: {}\r\n\r\n",
            self.path,
            self.address,
            body.len()
        )?;
        socket.write_all(body)?;
        let mut answer = BufReader::new(socket);
        let mut line = String::new();
        answer.read_line(&mut line)?;
        assert!(line.contains(" 200 "), "{line}");
        while line != "\r\n" {
            line.clear();
            answer.read_line(&mut line)?;
        }
        // The server answers in chunks.
        let mut body = Vec::new();
        loop {
            line.clear();
            answer.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            (&mut answer).take(size).read_to_end(&mut body)?;
            answer.read_line(&mut line)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

impl Connection for &PlainHttp {
    fn advertise(
        &mut self,
        reader: &mut AdvertisementReader,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        let lines = self.exchange("GET", "info/refs?service=git-receive-pack", b"");
        let lines = lines.map_err(Broken)?;
        // The name of the service stands before the refs, in a section of its own.
        let mut lines = lines.as_slice();
        up_to_flush(&mut lines).map_err(Broken)?;
        reader.feed(lines);
        Ok(())
    }

    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        let mut body = request.head.to_vec();
        (request.pack)(&mut body).map_err(|error| SendError::without_effect(Broken(error)))?;
        let answer = self.exchange("POST", "git-receive-pack", &body);
        let answer = answer.map_err(|error| SendError::unknown(Broken(error)))?;
        (request.handed_over)();
        let mut demux = request.form.demux();
        demux.feed(&answer).unwrap();
        Ok(demux.finish())
    }

    fn close(self: Box<Self>) {}
}

/// Reads packet lines up to the flush, which is part of what is returned.
fn up_to_flush(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    loop {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        lines.extend(length);
        let length = usize::from_str_radix(std::str::from_utf8(&length).unwrap(), 16).unwrap();
        if length == 0 {
            return Ok(lines);
        }
        let mut line = vec![0; length - 4];
        input.read_exact(&mut line)?;
        lines.extend(line);
    }
}
