//! `git http-backend` as a CGI program: bodies are streamed both ways.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::{mpsc, oneshot};

use crate::process::{Program, Running};

use super::shared::Shared;

/// How many chunks of a body are buffered before the sender waits.
const MAX_BUFFERED_CHUNKS: usize = 16;

/// Lets git answer the request.
pub(super) async fn run(shared: Arc<Shared>, request: Request) -> Response {
    let Ok(mut running) = program(&shared, &request).start() else {
        return failed();
    };
    shared.children().push(running.killer());
    let (Some(stdin), Some(stdout)) = (running.take_stdin(), running.take_stdout()) else {
        return failed();
    };
    let (to_git, from_client) = mpsc::channel(MAX_BUFFERED_CHUNKS);
    thread::spawn(move || feed(stdin, from_client));
    let (to_client, mut from_git) = mpsc::channel(MAX_BUFFERED_CHUNKS);
    let (head, headers) = oneshot::channel();
    thread::spawn(move || drain(stdout, head, &to_client, running));
    let mut body = request.into_body().into_data_stream();
    // On its own task, because git sends its headers before it has read the body.
    tokio::spawn(async move {
        while let Some(Ok(chunk)) = body.next().await {
            if to_git.send(chunk).await.is_err() {
                break;
            }
        }
    });
    let Ok(mut response) = headers.await else {
        return failed();
    };
    *response.body_mut() = Body::from_stream(stream::poll_fn(move |context| {
        from_git
            .poll_recv(context)
            .map(|chunk| chunk.map(Ok::<Bytes, std::io::Error>))
    }));
    response
}

/// Reads an answer to its end, so that git has finished.
pub(super) async fn consume(answer: Response) {
    let mut body = answer.into_body().into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

fn program(shared: &Shared, request: &Request) -> Program {
    let header = |name: HeaderName| {
        let value = request.headers().get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let program = Program::new(&shared.git)
        .arg("http-backend")
        .inherit(&shared.inheritance)
        .variable("GIT_PROJECT_ROOT", &shared.root)
        .variable("GIT_HTTP_EXPORT_ALL", "1")
        .variable("GIT_CONFIG_NOSYSTEM", "1")
        .variable("GIT_CONFIG_COUNT", "1")
        .variable("GIT_CONFIG_KEY_0", "http.receivepack")
        .variable("GIT_CONFIG_VALUE_0", "true")
        .variable("REQUEST_METHOD", request.method().as_str())
        .variable("PATH_INFO", decoded(request.uri().path()))
        .variable("QUERY_STRING", request.uri().query().unwrap_or_default())
        .variable("REMOTE_ADDR", "127.0.0.1");
    let optional = [
        ("CONTENT_TYPE", header(CONTENT_TYPE)),
        ("CONTENT_LENGTH", header(CONTENT_LENGTH)),
        ("HTTP_CONTENT_ENCODING", header(CONTENT_ENCODING)),
        (
            "GIT_PROTOCOL",
            header(HeaderName::from_static("git-protocol")),
        ),
    ];
    optional
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(program, |program, (name, value)| {
            program.variable(name, value)
        })
}

/// Writes the request's body to git.
fn feed(mut stdin: ChildStdin, mut chunks: mpsc::Receiver<Bytes>) {
    while let Some(chunk) = chunks.blocking_recv() {
        if stdin.write_all(&chunk).is_err() {
            return;
        }
    }
}

/// Reads git's answer: the headers first, then the body in chunks. If the client is gone, git still runs to its end, because a
/// killed git leaves the locks of its refs.
fn drain(
    stdout: ChildStdout,
    head: oneshot::Sender<Response>,
    chunks: &mpsc::Sender<Bytes>,
    running: Running,
) {
    let mut stdout = BufReader::new(stdout);
    let Some(response) = read_head(&mut stdout) else {
        return;
    };
    let mut is_awaited = head.send(response).is_ok();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = stdout.read(&mut buffer) {
        let Some(new) = buffer.get(..read) else { break };
        is_awaited = is_awaited && chunks.blocking_send(Bytes::copy_from_slice(new)).is_ok();
    }
    drop(running.finish(Duration::from_secs(5)));
}

/// Reads CGI headers up to the blank line.
fn read_head(stdout: &mut impl BufRead) -> Option<Response> {
    let mut response = Response::new(Body::empty());
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line).ok()?;
        if !line.ends_with('\n') {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            return Some(response);
        };
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next()?.parse().ok()?;
            *response.status_mut() = StatusCode::from_u16(code).ok()?;
        } else {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = HeaderValue::from_str(value).ok()?;
            response.headers_mut().insert(name, value);
        }
    }
}

fn failed() -> Response {
    let mut response = Response::new(Body::from("git http-backend failed\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// Percent-decodes a path, as CGI requires.
fn decoded(path: &str) -> String {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        let byte = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = match byte {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
