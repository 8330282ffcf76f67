//! Proxies, names and certificate checks as the user's git configuration has them, beside git.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sendoff::demo::git_server::GitServerOptions;
use sendoff::environment::Environment;
use sendoff::git::credentials::Asking;
use sendoff::git::push::PushOptions;
use sendoff::git::{ConfigFiles, GitNetwork, LocalConfigTrust, Repo};
use sendoff::names::RemoteUrl;
use sendoff::net::LoopbackProxy;

use crate::sandbox::Sandbox;
use crate::world::World;

use super::rig::{ahead, options, push_head};
use super::served::Served;

/// A proxy that wants a login and lets nobody through. It writes down the last request.
pub(crate) fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(&socket).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let header = |line: &&String| {
                line.to_ascii_lowercase()
                    .starts_with("proxy-authorization:")
            };
            let answer = match head.iter().find(header) {
                Some(_) => "403 Forbidden",
                None => {
                    "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\""
                }
            };
            *kept.lock().unwrap() = head;
            let text =
                format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            drop(socket.write_all(text.as_bytes()));
        }
    });
    (place, seen)
}

/// Options with what the configuration says about `url`.
pub(super) fn configured(sandbox: &Sandbox, work: &Path, url: &str) -> PushOptions {
    configured_in(sandbox, work, url, Environment::from_pairs("/", []))
}

/// The same, with variables.
pub(super) fn configured_in(
    sandbox: &Sandbox,
    work: &Path,
    url: &str,
    environment: Environment,
) -> PushOptions {
    let files = ConfigFiles::of_user(Some(&sandbox.home()), None);
    let repo = Repo::discover(work, LocalConfigTrust::Ignore, &files)
        .unwrap()
        .unwrap();
    let options = options(sandbox);
    let url = RemoteUrl::parse(url).unwrap();
    let options = options.with_git_rules(&environment, Some(repo.config()), &url);
    let asking = Asking::new(options.inheritance.clone(), Duration::from_secs(20))
        .by_program(environment.text("GIT_ASKPASS").map(str::to_owned));
    PushOptions {
        network: Arc::new(GitNetwork {
            config: Some(repo.shared_config()),
            loopback: LoopbackProxy::AsConfigured,
            asking,
            ..GitNetwork::new(
                environment,
                options.inheritance.clone(),
                options.known.clone(),
            )
        }),
        ..options.with_config(repo.config(), &url)
    }
}

/// Returns the first line of the request and the headers of these names, sorted.
pub(super) fn picked(seen: &Mutex<Vec<String>>, names: &[&str]) -> Vec<String> {
    let mut lines = seen.lock().unwrap().clone();
    let first = lines.remove(0);
    let lower = lines.iter().map(|line| match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_ascii_lowercase()),
        None => line.clone(),
    });
    let mut kept: Vec<String> = lower
        .filter(|line| names.iter().any(|name| line.starts_with(name)))
        .collect();
    kept.sort();
    kept.insert(0, first);
    kept
}

#[test]
fn n16_a_proxy_gets_its_own_login_and_the_name_that_the_user_chose_as_from_git() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let (place, seen) = proxy();
    let url = "http://127.0.0.1:9/r.git";
    let git = |arguments: &[&str]| sandbox.git(&work, arguments);
    let with_login = format!("http://me:p%40ss@{place}");
    git(&[
        "config",
        "--global",
        "http.http://127.0.0.1:9/.proxy",
        &with_login,
    ]);
    git(&[
        "config",
        "--global",
        "http.userAgent",
        "git/2.0 (of the user)",
    ]);
    let options = configured(&sandbox, &work, url);
    let error = push_head(&sandbox, &work, url, &options).unwrap_err();
    assert_eq!(error.class(), "auth", "{error:?}");
    let names = ["proxy-authorization:", "user-agent:"];
    let ours = picked(&seen, &names);
    let mut push = sandbox.command("git");
    push.current_dir(&work).args(["push", "-q", url, "feature"]);
    assert!(!push.output().unwrap().status.success());
    assert_eq!(ours, picked(&seen, &names));
    assert_eq!(ours.len(), 3, "{ours:?}");
}

#[test]
fn the_password_of_the_user_in_the_proxys_url_is_asked_for_as_by_git() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let (place, seen) = proxy();
    let url = "http://127.0.0.1:9/r.git";
    let with_user = format!("http://me@{place}");
    sandbox.git(&work, &["config", "--global", "http.proxy", &with_user]);
    let asked = sandbox.path("asked");
    let ask = format!("#!/bin/sh\necho \"$1\" >> '{}'\necho pw\n", asked.display());
    let ask = sandbox.executable("ask", ask);
    let ask = ask.to_str().unwrap();
    let environment = Environment::from_pairs("/", [("GIT_ASKPASS", ask)]);
    let options = configured_in(&sandbox, &work, url, environment);
    push_head(&sandbox, &work, url, &options).unwrap_err();
    let names = ["proxy-authorization:"];
    let ours = picked(&seen, &names);
    let mut push = sandbox.command("git");
    push.current_dir(&work).args(["push", "-q", url, "feature"]);
    assert!(
        !push
            .env("GIT_ASKPASS", ask)
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(ours, picked(&seen, &names));
    assert_eq!(ours.len(), 2, "{ours:?}");
    let question = format!("Password for 'http://me@{place}': \n");
    assert_eq!(std::fs::read_to_string(asked).unwrap(), question.repeat(2));
}

#[test]
fn an_empty_proxy_of_one_url_means_none_for_it() {
    let served = Served::start(GitServerOptions::default());
    let url = served.url();
    let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
    git(&["config", "--global", "http.proxy", "http://127.0.0.1:1"]);
    let options = configured(&served.sandbox, &served.work, &url);
    assert_eq!(served.push(&options).unwrap_err().class(), "network");
    git(&[
        "config",
        "--global",
        &format!("http.{}.proxy", served.server.url()),
        "",
    ]);
    git(&["push", "-q", "--dry-run", &url, "feature"]);
    let options = configured(&served.sandbox, &served.work, &url);
    served.push(&options).unwrap();
}

#[test]
fn certificates_are_checked_whatever_the_configuration_says_and_the_report_says_so() {
    let world = World::new();
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["config", "--global", "http.sslVerify", "false"]);
    git(&[
        "remote",
        "set-url",
        "origin",
        "https://127.0.0.1:1/acme/rocket.git",
    ]);
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(step["verdict"], "queued", "{step}");
    let warning = step["outputs"]["warnings"][0].as_str().unwrap();
    assert!(warning.contains("http.sslVerify = false"), "{warning}");
}
