//! The life of the server: its start, signals, the policy read again, its end.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

use pretty_assertions::assert_eq;
use sendoff_testing::wait_until;

use super::server::{Home, RULE, SECRET, code, head, issue, read_answer};

#[test]
fn sigterm_within_a_delivery_lets_it_end() {
    let home = Home::new(RULE);
    home.schedule("pick-up-work", &[]);
    let server = home.serve();
    let body = issue(1);
    let signature = format!("sha256={}", code(SECRET, &body));
    let length = body.len().to_string();
    let headers = [
        ("content-length", length.as_str()),
        ("x-github-event", "issues"),
        ("x-hub-signature-256", &signature),
    ];
    let mut stream = server.connect();
    stream
        .write_all(head("POST", "/hooks/github", &headers).as_bytes())
        .unwrap();
    stream.write_all(&body[..10]).unwrap();
    // The request has begun once a later one is answered.
    assert_eq!(server.get("/readyz").code, 200);
    server.signal("-TERM");
    server.logs("the server shuts down");
    // Nobody else is let in.
    wait_until("the port to close", || {
        std::net::TcpStream::connect(server.address)
            .is_err()
            .then_some(())
    });
    stream.write_all(&body[10..]).unwrap();
    let got = read_answer(stream);
    assert_eq!(got.code, 202, "{got:?}");
    assert_eq!(got.json()["matched"][0]["schedules"][0], "pick-up-work");
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_second_signal_cuts_off_what_has_begun() {
    let home = Home::new(RULE);
    let server = home.serve();
    let mut stream = server.connect();
    let headers = [("content-length", "100"), ("x-github-event", "issues")];
    stream
        .write_all(head("POST", "/hooks/github", &headers).as_bytes())
        .unwrap();
    stream.write_all(b"{").unwrap();
    assert_eq!(server.get("/readyz").code, 200);
    server.signal("-TERM");
    server.logs("the server shuts down, and finishes what has begun");
    server.signal("-TERM");
    server.logs("a second signal ends what has begun");
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(read_answer(stream).code, 0, "nobody answers any more");
}

#[test]
fn an_idle_connection_does_not_delay_the_end() {
    let home = Home::new(RULE);
    let server = home.serve();
    let mut stream = server.connect();
    stream
        .write_all(head("GET", "/healthz", &[]).as_bytes())
        .unwrap();
    assert_eq!(server.get("/healthz").code, 200);
    server.signal("-INT");
    assert_eq!(server.ended().0.code(), Some(0));
    assert_eq!(read_answer(stream).code, 200);
}

#[test]
fn sighup_reads_policy_and_secrets_again() {
    let home = Home::new(RULE);
    let server = home.serve();
    assert_eq!(
        server.deliver("issues", "d-1", &issue(1)).json()["status"],
        "accepted"
    );
    home.policy(&RULE.replace("acme/*", "other/*"));
    server.signal("-HUP");
    server.logs("the policy was read again");
    assert_eq!(
        server.deliver("issues", "d-2", &issue(2)).json()["status"],
        "ignored"
    );
    home.sandbox.write("secret", "another secret");
    server.signal("-HUP");
    wait_until("the other secret", || {
        (server.deliver("issues", "d-3", &issue(3)).code == 401).then_some(())
    });
    assert_eq!(
        server
            .get("/metrics")
            .body
            .matches("sendoff_reloads_total{result=\"read\"} 2")
            .count(),
        1
    );
}

#[test]
fn a_broken_policy_changes_nothing_and_is_logged() {
    let home = Home::new(RULE);
    let server = home.serve();
    for (number, (policy, told)) in [
        ("[serve", "not valid TOML"),
        ("[events]\ngithub-secret-file = \"/nonexistent/secret\"\n", "there is no file `/nonexistent/secret`"),
        ("[serve]\nlisten = \"0.0.0.0:1\"\n", "speaks no TLS"),
        (
            "[[events.rule]]\non = \"push\"\nrepositories = [\"*\"]\nfire = [\"x\"]\nwhen = \"payload.\"\n",
            "`when` of rule 1",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        home.write_policy(policy);
        server.signal("-HUP");
        server.logs(told);
        let id = format!("d-{number}");
        let got = server.deliver("issues", &id, &issue(number as u64));
        assert_eq!(got.json()["status"], "accepted", "{policy}: {got:?}");
    }
    let log = server.log();
    assert_eq!(
        log.matches("the previous one stays in effect").count(),
        4,
        "{log}"
    );
    // Another address counts after a restart.
    home.policy(RULE);
    let moved = std::fs::read_to_string(home.sandbox.path("home/.config/sendoff/policy.toml"));
    home.write_policy(&moved.unwrap().replace("127.0.0.1:0", "127.0.0.1:1"));
    server.signal("-HUP");
    server.logs("`serve.listen` has changed, which takes effect after a restart");
}

#[test]
fn systemd_is_told_of_start_reload_and_end() {
    let home = Home::new(RULE);
    let path = home.sandbox.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let server = home.serve_with(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let mut bytes = [0; 200];
    let mut next = || {
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    assert_eq!(next(), "READY=1");
    server.signal("-HUP");
    assert!(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(next(), "READY=1");
    server.signal("-TERM");
    assert_eq!(next(), "STOPPING=1");
    assert_eq!(server.ended().0.code(), Some(0));
}

/// Starts a server that cannot start, and returns its code and what it says.
fn refused(home: &Home) -> (Option<i32>, String) {
    let (code, stdout, stderr) = home.run(&["serve"], b"");
    assert_eq!(stdout, "");
    let path = home.sandbox.path("");
    (code, stderr.replace(path.to_str().unwrap(), "/sandbox/"))
}

#[test]
fn an_address_that_others_reach_needs_a_proxy() {
    let home = Home::new("");
    home.write_policy("[serve]\nlisten = \"0.0.0.0:0\"\n");
    let (code, said) = refused(&home);
    assert_eq!(code, Some(78));
    insta::assert_snapshot!(said);
    let (code, checked, _) = home.run(&["policy", "check"], b"");
    assert_eq!(code, Some(78), "{checked}");
    // The advice, followed.
    home.write_policy("[serve]\nlisten = \"0.0.0.0:0\"\nbehind-proxy = true\n");
    let server = home.serve();
    assert!(server.address.ip().is_unspecified());
}

#[test]
fn an_address_that_is_taken_is_named() {
    let home = Home::new("");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    home.write_policy(&format!("[serve]\nlisten = \"{address}\"\n"));
    let (code, said) = refused(&home);
    assert_eq!(code, Some(1));
    let said = said.replace(&address.to_string(), "ADDRESS");
    insta::assert_snapshot!(said);
}

#[test]
fn a_secret_that_cannot_be_read_is_named() {
    let home = Home::new("");
    let with = |file: &str| {
        home.write_policy(&format!("[events]\ngithub-secret-file = \"{file}\"\n"));
        let (code, said) = refused(&home);
        assert_eq!(code, Some(78));
        said
    };
    insta::assert_snapshot!(with("/nonexistent/secret"));
    let path = |name: &str| home.sandbox.path(name).to_str().unwrap().to_owned();
    home.sandbox.write("empty", " \n");
    insta::assert_snapshot!(with(&path("empty")));
    home.sandbox.write("two", "one\ntwo\n");
    insta::assert_snapshot!(with(&path("two")));
    home.sandbox.write("long", "x".repeat(10_000));
    insta::assert_snapshot!(with(&path("long")));
    insta::assert_snapshot!(with(&path("home")));
    home.sandbox.write("token", "whsec_c2hvcnQ=");
    home.write_policy(&format!(
        "[events]\ngitlab-secret-file = \"{}\"\n",
        path("token")
    ));
    insta::assert_snapshot!(refused(&home).1);
}

#[test]
fn a_broken_policy_is_shown_with_its_place() {
    let home = Home::new("");
    home.write_policy("[[events.rule]]\non = \"push\"\nrepositories = [\"*\"]\nfire = [\"x\"]\nwhen = \"payload.ref ==\"\n");
    let (code, said) = refused(&home);
    assert_eq!(code, Some(78));
    insta::assert_snapshot!(said);
    home.write_policy("[serve");
    let (code, said) = refused(&home);
    assert_eq!(code, Some(78));
    insta::assert_snapshot!(said);
}

#[test]
fn without_a_state_directory_nothing_is_kept() {
    let home = Home::new(RULE);
    let mut command = home.command(&["serve"]);
    let output = command
        .env_remove("XDG_STATE_HOME")
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

#[test]
fn a_server_that_is_switched_off_ends_at_once() {
    let home = Home::new(RULE);
    let output = home
        .command(&["serve"])
        .env("SENDOFF", "0")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}
