//! Smart HTTP on loopback by git's own `http-backend`: for tests that need a server that does nothing wrong.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::sandbox::Sandbox;

/// A running server on 127.0.0.1 over the bare repositories of a directory. Dropping it stops it.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What the answer to a request needs.
struct Backend {
    root: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// The head of a request.
#[derive(Default)]
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
}

impl GitServer {
    /// Serves what is below `root`; everybody may push.
    pub fn start(sandbox: &Sandbox, root: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let backend = Arc::new(Backend {
            root: root.canonicalize().unwrap(),
            variables: sandbox.variables(),
        });
        let thread = thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let backend = Arc::clone(&backend);
                // A client that goes away ends its connection and nothing else.
                thread::spawn(move || drop(backend.connection(&socket)));
            }
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    /// Returns the address of the server, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Backend {
    /// Answers requests until the client closes.
    fn connection(&self, socket: &TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let mut input = BufReader::new(socket.try_clone()?);
        while let Some(request) = read_head(&mut input)? {
            self.answer(&request, &mut input, socket)?;
        }
        socket.shutdown(Shutdown::Both)
    }

    /// Has git answer, with the bodies streamed both ways.
    fn answer(
        &self,
        request: &Request,
        input: &mut BufReader<TcpStream>,
        mut socket: &TcpStream,
    ) -> io::Result<()> {
        if request.header("expect").is_some() {
            socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut git = self.command(request).spawn()?;
        let mut stdin = git.stdin.take().unwrap();
        let mut stdout = BufReader::new(git.stdout.take().unwrap());
        thread::scope(|scope| {
            let body = scope.spawn(|| request.copy_body(input, &mut stdin).map(|()| drop(stdin)));
            write_answer(&mut stdout, socket)?;
            body.join().unwrap()
        })?;
        git.wait().map(drop)
    }

    fn command(&self, request: &Request) -> Command {
        let mut git = Command::new("git");
        git.arg("http-backend")
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "http.receivepack")
            .env("GIT_CONFIG_VALUE_0", "true")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", &request.query)
            .env("REMOTE_ADDR", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for (header, variable) in [
            ("content-type", "CONTENT_TYPE"),
            ("content-length", "CONTENT_LENGTH"),
            ("content-encoding", "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "GIT_PROTOCOL"),
        ] {
            if let Some(value) = request.header(header) {
                git.env(variable, value);
            }
        }
        git
    }
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given == name)?;
        Some(&found.1)
    }

    /// Hands the body to git: of a known length, or in chunks.
    fn copy_body(&self, input: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
        if self.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = read_line(input)?;
                let size = u64::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
                io::copy(&mut input.take(size), to)?;
                read_line(input)?;
                if size == 0 {
                    return Ok(());
                }
            }
        }
        let length = self.header("content-length").unwrap_or("0");
        let length = length.parse().map_err(io::Error::other)?;
        io::copy(&mut input.take(length), to).map(drop)
    }
}

/// Reads up to the blank line; none where the client has closed.
fn read_head(input: &mut impl BufRead) -> io::Result<Option<Request>> {
    let line = read_line(input)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
    };
    while let Some((name, value)) = read_line(input)?.split_once(':') {
        let value = value.trim().to_owned();
        request.headers.push((name.to_ascii_lowercase(), value));
    }
    Ok(Some(request))
}

fn read_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Writes git's answer as HTTP: its headers, then the body in chunks while it comes.
fn write_answer(stdout: &mut impl BufRead, mut socket: &TcpStream) -> io::Result<()> {
    let (mut status, mut headers) = ("200 OK".to_owned(), String::new());
    while let Some((name, value)) = read_line(stdout)?.split_once(": ") {
        if name.eq_ignore_ascii_case("status") {
            value.clone_into(&mut status);
        } else {
            headers.extend([name, ": ", value, "\r\n"]);
        }
    }
    let head = format!("HTTP/1.1 {status}\r\n{headers}Transfer-Encoding: chunked\r\n\r\n");
    socket.write_all(head.as_bytes())?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = stdout.read(&mut buffer)?;
        let mut chunk = format!("{read:x}\r\n").into_bytes();
        chunk.extend_from_slice(&buffer[..read]);
        chunk.extend_from_slice(b"\r\n");
        socket.write_all(&chunk)?;
        if read == 0 {
            return Ok(());
        }
    }
}
