//! Secrets that the process learned are shown nowhere: not in the report, not on stderr, not in the log.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::program::Said;
use crate::world::{TOKEN, World};

/// The password of the helper: words without the shape of any token.
const PASSWORD: &str = "correct-horse-battery";
/// `me:correct-horse-battery` in base64.
const BASIC: &str = "bWU6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5";
/// `x-access-token:world-token-0123456789` in base64.
const WORLD_BASIC: &str = "eC1hY2Nlc3MtdG9rZW46d29ybGQtdG9rZW4tMDEyMzQ1Njc4OQ==";

/// How a server gives away what it was told.
#[derive(Clone, Copy)]
enum Echo {
    /// In the body and the headers of a refusal.
    Refusal,
    /// In an ERR line of the git protocol.
    ErrLine,
    /// In the body of a refusal, behind so many other letters.
    Behind(usize),
}

/// Starts a server that says again what it was told, and ends with the listener.
fn echo(how: Echo) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        // Ends with the test's process.
        for stream in listener.incoming().map_while(Result::ok) {
            answer(stream, how);
        }
    });
    url
}

fn answer(stream: TcpStream, how: Echo) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut told = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) < 3 {
            break;
        }
        // Of the value the case counts.
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("authorization")
        {
            value.trim().clone_into(&mut told);
        }
    }
    let said = if told.is_empty() {
        "you sent nothing".to_owned()
    } else {
        format!("you sent {told} which is {PASSWORD} of me:{PASSWORD}")
    };
    let (status, kind, body) = match how {
        _ if told.is_empty() => ("401 Unauthorized", "text/plain", said.clone()),
        Echo::Behind(letters) => {
            let body = format!("{}{PASSWORD}", ". ".repeat(letters / 2));
            ("403 Forbidden", "text/plain", body)
        }
        Echo::Refusal => ("403 Forbidden", "text/plain", said.clone()),
        Echo::ErrLine => {
            let line = format!("ERR {said}\n");
            let service = "001f# service=git-receive-pack\n0000";
            let body = format!("{service}{:04x}{line}0000", line.len() + 4);
            (
                "200 OK",
                "application/x-git-receive-pack-advertisement",
                body,
            )
        }
    };
    let mut stream = stream;
    // The client may have gone.
    let _gone = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nwww-authenticate: Basic realm=\"{said}\"\r\n\
         x-note: {said}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// Adds to the user's git configuration.
fn configure(world: &World, more: &str) {
    let path = world.sandbox.path("home/.gitconfig");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, before + more).unwrap();
}

fn helper(world: &World, user: &str, password: &str) {
    configure(
        world,
        &format!(
            "[credential]\n\thelper = \"!f() {{ echo username={user}; echo password={password}; }}; f\"\n"
        ),
    );
}

fn point_to(world: &World, url: &str) {
    let url = format!("{url}/acme/rocket.git");
    world.point_to(&url);
}

/// Runs as text, as JSON and with the whole log; none may hold a secret.
fn assert_tight(world: &World, variables: &[(&str, String)], secrets: &[&str]) -> Vec<Said> {
    let mut traced = variables.to_vec();
    traced.push(("SENDOFF_LOG", "trace".into()));
    let all = [
        world.run_in(&world.work(), &["run", "-v"], variables),
        world.run_in(&world.work(), &["run", "--json"], variables),
        world.run_in(&world.work(), &["run", "--json"], &traced),
    ];
    for said in &all {
        for secret in secrets {
            for text in [&said.stdout, &said.stderr] {
                let at = text.find(secret);
                assert_eq!(at, None, "`{secret}` is shown: {text}");
            }
        }
    }
    assert!(all[2].stderr.contains("TRACE"), "nothing was logged");
    all.into()
}

fn without_token(world: &World) -> Vec<(&'static str, String)> {
    let mut variables = world.variables();
    variables.retain(|(name, _)| *name != "SENDOFF_TOKEN");
    variables
}

fn push_of(said: &Said) -> Value {
    let report = said.report();
    let steps = report["steps"].as_array().unwrap();
    steps
        .iter()
        .find(|step| step["name"] == "push")
        .unwrap()
        .clone()
}

#[test]
fn a_server_that_echoes_the_password_of_a_helper_shows_nothing() {
    for how in [Echo::Refusal, Echo::ErrLine] {
        let world = World::new();
        helper(&world, "me", PASSWORD);
        point_to(&world, &echo(how));
        let said = assert_tight(&world, &without_token(&world), &[PASSWORD, BASIC]);
        let push = push_of(&said[1]);
        assert_eq!(push["verdict"], "failed");
        assert!(
            push["summary"].as_str().unwrap().contains("[REDACTED]"),
            "{push}"
        );
    }
}

#[test]
fn a_server_that_echoes_the_password_of_the_url_shows_nothing() {
    let world = World::new();
    let url = echo(Echo::ErrLine).replace("http://", &format!("http://me:{PASSWORD}@"));
    point_to(&world, &url);
    let said = assert_tight(&world, &without_token(&world), &[PASSWORD, BASIC]);
    assert_eq!(push_of(&said[1])["verdict"], "failed");
}

#[test]
fn a_server_that_echoes_a_configured_header_shows_nothing() {
    let world = World::new();
    configure(
        &world,
        &format!("[http]\n\textraHeader = Authorization: Basic {BASIC}\n"),
    );
    point_to(&world, &echo(Echo::ErrLine));
    let said = assert_tight(&world, &without_token(&world), &[PASSWORD, BASIC]);
    let summary = push_of(&said[1])["summary"].to_string();
    assert!(summary.contains("[REDACTED]"), "{summary}");
}

#[test]
fn where_words_are_cut_no_part_of_a_secret_is_left() {
    let world = World::new();
    helper(&world, "me", PASSWORD);
    // Around what is shown of a page, and around what is read of it.
    for letters in [180, 190, 198, 990, 8180] {
        point_to(&world, &echo(Echo::Behind(letters)));
        let said = world.run_in(&world.work(), &["run", "--json"], &without_token(&world));
        assert_eq!(push_of(&said)["reason"], "auth", "{}", said.stdout);
        assert!(!said.stdout.contains("corr"), "{letters}: {}", said.stdout);
    }
    let world = World::new();
    let print = "for n in 490 495 499 1990 1995 1999; do printf '. %.0s' $(seq $n); echo";
    let text = format!("#!/bin/sh\n({print} '{PASSWORD}'; done) >&2\nexit 1\n");
    let hook = "served/acme/rocket.git/hooks/pre-receive";
    world.sandbox.executable(hook, text);
    helper(&world, "x-access-token", PASSWORD);
    let said = world.run_in(&world.work(), &["run", "--json"], &without_token(&world));
    assert_eq!(push_of(&said)["reason"], "auth", "{}", said.stdout);
    // Only what was learned is known: the token of the environment lets us in.
    world
        .sandbox
        .write("home/.gitconfig", "[user]\n\tname = A\n\temail = a@b.c\n");
    configure(
        &world,
        &format!("[http]\n\textraHeader = X-Token: {PASSWORD}\n"),
    );
    let said = world.run(&["run", "--json"]);
    let push = push_of(&said);
    assert_eq!(push["reason"], "hook-declined", "{push}");
    assert_eq!(push["outputs"]["messages"].as_array().unwrap().len(), 6);
    assert!(!said.stdout.contains("corr"), "{}", said.stdout);
}

#[test]
fn a_hook_on_the_server_that_prints_the_password_shows_nothing() {
    let world = World::new();
    helper(&world, "x-access-token", TOKEN);
    world.sandbox.executable(
        "served/acme/rocket.git/hooks/pre-receive",
        format!("#!/bin/sh\necho \"it was {TOKEN}\"\necho \"or {WORLD_BASIC}\" >&2\nexit 1\n"),
    );
    let said = assert_tight(&world, &without_token(&world), &[TOKEN, WORLD_BASIC]);
    let push = push_of(&said[1]);
    assert_eq!(push["reason"], "hook-declined", "{push}");
    assert!(
        push["outputs"].to_string().contains("it was [REDACTED]"),
        "{push}"
    );
}

#[test]
fn the_token_of_the_platform_is_not_shown_when_the_platform_echoes_it() {
    let world = World::new();
    world.sandbox.write("configs/.auth_token", PASSWORD);
    let mut variables = without_token(&world);
    variables.retain(|(name, _)| *name != "PLATFORM_URL");
    variables.push(("PLATFORM_URL", echo(Echo::Refusal)));
    let said = assert_tight(&world, &variables, &[PASSWORD]);
    assert!(said[1].stdout.contains("[REDACTED]"), "{}", said[1].stdout);
}

#[test]
fn a_token_that_stands_as_the_user_of_a_url_is_shown_by_no_command() {
    let world = World::new();
    let token = "plain-words-as-a-token";
    let url = world.git.url().replace("http://", "http://HERE@");
    let url = format!("{url}/acme/rocket.git");
    for (user, is_hidden) in [(token, true), ("alice", false)] {
        world.point_to(&url.replace("HERE", user));
        for command in [
            &["plan"][..],
            &["plan", "--json"],
            &["why"],
            &["why", "--json"],
        ] {
            let said = world.run(command);
            let said = said.stdout + &said.stderr;
            assert_eq!(said.contains(user), !is_hidden, "{command:?}: {said}");
            assert_eq!(
                said.contains("[REDACTED]@"),
                is_hidden,
                "{command:?}: {said}"
            );
        }
    }
}

/// Guards what is shown before anything is sent: the subjects of commits, and the values of the user's own policy.
#[test]
fn a_plan_and_a_policy_show_no_secret_that_stands_in_them() {
    let world = World::new();
    let shape = format!("ghp_{}", "a1B2".repeat(9));
    let secrets = [TOKEN, "model-words-1", &shape];
    let said = secrets.join(" and ");
    world.commit("b.txt", "b", &format!("Say {said}"));
    let step = format!(
        "[http]\nallowed = [\"https://h.test\"]\n[steps.tell]\nuses = \"http\"\nurl = \"https://h.test/\"\nbody = {{ text = \"it is {said}\" }}\n"
    );
    world.user_policy(&step);
    let mut variables = world.variables();
    variables.push(("MODEL_API_KEY", "model-words-1".into()));
    let run = |arguments: &[&str]| {
        let said = world.run_in(&world.work(), arguments, &variables);
        for secret in secrets {
            let shown = format!("{}{}", said.stdout, said.stderr);
            assert!(!shown.contains(secret), "{arguments:?}: {shown}");
        }
        said
    };
    for arguments in [&["plan"][..], &["plan", "--json"]] {
        let said = run(arguments);
        assert!(said.stdout.contains("Say [REDACTED]"), "{}", said.stdout);
    }
    for arguments in [&["policy", "show"][..], &["policy", "show", "--all"]] {
        let said = run(arguments);
        // The control: the rest is shown.
        assert!(said.stdout.contains("it is [REDACTED]"), "{}", said.stdout);
        assert!(said.stdout.contains("https://h.test/"), "{}", said.stdout);
    }
    // A mistake is shown with the lines around it.
    world.user_policy(&format!("[nonsense]\n# {shape}\n{step}"));
    let said = world.run(&["policy", "check"]);
    assert!(said.stderr.contains("nonsense"), "{}", said.stderr);
    assert!(!said.stderr.contains(&shape), "{}", said.stderr);
}
