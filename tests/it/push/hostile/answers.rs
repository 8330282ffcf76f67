//! Answers as bytes: packet lines, side bands, heads of HTTP.

/// One packet line.
pub(in crate::push) fn line(data: &[u8]) -> Vec<u8> {
    [format!("{:04x}", data.len() + 4).as_bytes(), data].concat()
}

/// One packet line of a side band.
pub(in crate::push) fn band(number: u8, data: &[u8]) -> Vec<u8> {
    line(&[&[number], data].concat())
}

/// An answer of HTTP with a body of known length.
pub(in crate::push) fn http(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The head of an answer that ends with the connection.
pub(in crate::push) fn endless(kind: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n").into_bytes()
}

pub(in crate::push) const REFS: &str = "application/x-git-receive-pack-advertisement";
pub(in crate::push) const RESULT: &str = "application/x-git-receive-pack-result";

/// What a server says when it is asked for refs, and `feature` is at `old`.
pub(in crate::push) fn advertisement(old: &str) -> Vec<u8> {
    let first = format!("{old} refs/heads/feature\0report-status side-band-64k ofs-delta\n");
    [line(first.as_bytes()), b"0000".to_vec()].concat()
}

/// What HTTP puts before that.
pub(in crate::push) fn service() -> Vec<u8> {
    [line(b"# service=git-receive-pack\n"), b"0000".to_vec()].concat()
}

/// The answer to a push that says, in band 1, that the branch was moved.
pub(in crate::push) fn moved() -> Vec<u8> {
    let ok = [
        line(b"unpack ok\n"),
        line(b"ok refs/heads/feature\n"),
        b"0000".to_vec(),
    ];
    [band(1, &ok.concat()), b"0000".to_vec()].concat()
}
