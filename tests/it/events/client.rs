//! A client that sends exactly what a test says.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) code: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(super) fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap().to_owned()
    }
}

/// Connects to a server.
pub(super) fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    stream
}

/// Sends a request, and returns the answer.
pub(super) fn send(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Got {
    let mut stream = connect(to);
    let length = body.len().to_string();
    let mut all = vec![("content-length", length.as_str()), ("connection", "close")];
    all.extend(headers);
    stream
        .write_all(head(method, path, &all).as_bytes())
        .unwrap();
    // A server that refuses a body may close before all of it is sent.
    let _refused = stream.write_all(body);
    read_answer(stream)
}

/// Sends a delivery of GitHub with a secret.
pub(super) fn sign_and_send(
    to: SocketAddr,
    secret: &str,
    event: &str,
    id: &str,
    body: &[u8],
) -> Got {
    let signature = format!("sha256={}", code(secret, body));
    let headers = [
        ("x-github-event", event),
        ("x-github-delivery", id),
        ("x-hub-signature-256", signature.as_str()),
        ("content-type", "application/json"),
    ];
    send(to, "POST", "/hooks/github", &headers, body)
}

/// Returns the lines before a body.
pub(super) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let lines = headers
        .iter()
        .map(|(name, value)| [name, ": ", value, "\r\n"].concat());
    let lines: String = lines.collect();
    format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{lines}\r\n")
}

/// Reads an answer until the server closes the connection.
pub(super) fn read_answer(mut stream: TcpStream) -> Got {
    let mut bytes = Vec::new();
    // A connection that is reset after the answer has said all the same.
    let _reset = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Got {
        code: code.unwrap_or_default(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// Returns the authentication code of a body in hexadecimal.
pub(super) fn code(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let code = mac.finalize().into_bytes();
    code.chunks(8).fold(String::new(), |text, part| {
        let part = part.try_into().map(u64::from_be_bytes).unwrap();
        format!("{text}{part:016x}")
    })
}
