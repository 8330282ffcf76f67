//! Senders that mean harm, or are broken: too much, too slowly, too deep, too often.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use sendoff_testing::{MemoryWatch, supervise};

use super::server::{Home, RULE, SECRET, Server, code, head, issue, read_answer};

const LIMIT: usize = 25 << 20;

/// Begins a delivery of so many bytes and sends nothing of them.
fn begin(server: &Server, length: usize) -> TcpStream {
    let mut stream = server.connect();
    let length = length.to_string();
    let headers = [
        ("content-length", length.as_str()),
        ("x-github-event", "issues"),
    ];
    stream
        .write_all(head("POST", "/hooks/github", &headers).as_bytes())
        .unwrap();
    stream
}

#[test]
fn a_body_above_the_limit_is_refused_before_it_is_read() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let mut stream = server.connect();
    let length = (LIMIT + 1).to_string();
    let headers = [
        ("content-length", length.as_str()),
        ("expect", "100-continue"),
    ];
    stream
        .write_all(head("POST", "/hooks/github", &headers).as_bytes())
        .unwrap();
    let got = read_answer(stream);
    assert_eq!(
        (got.code, got.reason().as_str()),
        (413, "the body has more than 25 MB")
    );
    // A body whose length nobody tells ends where the limit is.
    let mut stream = server.connect();
    let headers = [("transfer-encoding", "chunked")];
    stream
        .write_all(head("POST", "/hooks/github", &headers).as_bytes())
        .unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
    for _ in 0..26 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(read_answer(stream).code, 413);
    // A sender that reads no answer before all is sent is told, too.
    let mut stream = begin(&server, LIMIT + 1);
    stream.write_all(&vec![b' '; LIMIT + 1]).unwrap();
    assert_eq!(read_answer(stream).code, 413);
}

#[test]
fn the_largest_body_is_taken() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let issue = issue(1);
    let mut body = vec![b' '; LIMIT - issue.len()];
    body.extend(issue);
    let got = server.deliver("issues", "d-1", &body);
    assert_eq!(got.code, 202, "{got:?}");
}

#[test]
fn slow_senders_are_let_go() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let began = Instant::now();
    // One says nothing at all, one no more than a line, one nothing of its body.
    let silent = server.connect();
    let mut half = server.connect();
    half.write_all(b"POST /hooks/github HTTP/1.1\r\nhost: ")
        .unwrap();
    let without_body = begin(&server, 100);
    let mut idle = server.connect();
    idle.write_all(head("GET", "/healthz", &[]).as_bytes())
        .unwrap();
    // Others are served meanwhile.
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 202);
    let got = read_answer(without_body);
    assert_eq!(
        (got.code, got.reason().as_str()),
        (408, "the body was sent too slowly")
    );
    assert_eq!(read_answer(silent).body, "");
    assert_eq!(read_answer(half).body, "");
    assert_eq!(read_answer(idle).code, 200);
    assert!(began.elapsed() < Duration::from_secs(50));
}

#[test]
fn a_connection_that_ends_within_a_body_leaves_nothing() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let body = issue(1);
    let signature = format!("sha256={}", code(SECRET, &body));
    let mut stream = server.connect();
    let length = body.len().to_string();
    let headers = [
        ("content-length", length.as_str()),
        ("x-github-event", "issues"),
        ("x-hub-signature-256", &signature),
    ];
    stream
        .write_all(head("POST", "/hooks/github", &headers).as_bytes())
        .unwrap();
    stream.write_all(&body[..body.len() / 2]).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    assert_eq!(server.deliver("issues", "d-1", &body).code, 202);
}

#[test]
fn signed_bodies_that_claim_much_take_little() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let memory = MemoryWatch::start(server.id());
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(4 << 20), "]".repeat(4 << 20));
    let got = server.deliver("issues", "d-1", deep.as_bytes());
    assert_eq!(got.code, 400);
    assert_eq!(got.reason(), "the body has more than 250000 values");
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let got = server.deliver("issues", "d-2", deep.as_bytes());
    assert_eq!(got.code, 400);
    assert!(got.reason().contains("recursion limit exceeded"), "{got:?}");
    let wide = format!("{{\"a\": [{}0]}}", "0,".repeat(8 << 20));
    let got = server.deliver("issues", "d-3", wide.as_bytes());
    assert_eq!(got.reason(), "the body has more than 250000 values");
    memory.assert_bounded("the server");
}

#[test]
fn many_senders_of_large_bodies_share_bounded_memory() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let memory = MemoryWatch::start(server.id());
    // Nobody signed them; each stops before its end.
    let part = vec![b'x'; 1 << 20];
    let mut streams = Vec::new();
    for _ in 0..12 {
        let mut stream = begin(&server, LIMIT);
        stream
            .set_write_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        for _ in 0..12 {
            if stream.write_all(&part).is_err() {
                break;
            }
        }
        streams.push(stream);
    }
    // A delivery of the usual size gets through.
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 202);
    memory.assert_bounded("the server");
    drop(streams);
}

#[test]
fn a_sender_that_floods_is_held_to_the_limit() {
    supervise!();
    let home = Home::new(&format!("{RULE}limit = \"3/h\"\n"));
    home.schedule("pick-up-work", &[]);
    let server = home.serve();
    let states: Vec<String> = (0..20)
        .map(|number| {
            let got = server.deliver("issues", &format!("d-{number}"), &issue(number));
            assert_eq!(got.code, 202, "{got:?}");
            got.json()["matched"][0]["state"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(states[..3], ["fired"; 3]);
    assert_eq!(states[3..], vec!["limited"; 17]);
    let metrics = server.get("/metrics").body;
    assert!(
        metrics.contains("sendoff_firings_total{state=\"limited\"} 17"),
        "{metrics}"
    );
}

#[test]
fn a_flood_of_forged_deliveries_is_a_line_in_the_log() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    for _ in 0..20 {
        assert_eq!(server.send("POST", "/hooks/github", &[], b"{}").code, 401);
    }
    server.signal("-TERM");
    let (_, log) = server.ended();
    assert_eq!(log.matches("refused").count(), 1, "{log}");
}

#[test]
fn garbage_instead_of_http_ends_the_connection() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let headers = "x: y\r\n".repeat(200);
    let long = "x".repeat(100 << 10);
    for text in [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET / HTTP/9\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{headers}\r\n"),
        format!("GET /{long} HTTP/1.1\r\n\r\n"),
        "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n".to_owned(),
        "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
    ] {
        let mut stream = server.connect();
        let _refused = stream.write_all(text.as_bytes());
        let got = read_answer(stream);
        assert!((400..500).contains(&got.code) || got.code == 0, "{got:?}");
    }
    assert_eq!(server.get("/healthz").code, 200);
}
