//! `http.cookieFile`: cookies of the user's file go with every request to their place, and those that a server sets go back.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use sendoff_testing::supervise;

use super::proxy::configured;
use super::rig::{ahead, options, push_head};
use crate::sandbox::Sandbox;

#[test]
fn the_cookies_of_the_users_file_go_with_the_request() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let file = sandbox.write("cookies", "127.0.0.1\tFALSE\t/\tFALSE\t0\to\ttok\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let lines = BufReader::new(client.try_clone().unwrap()).lines();
        let head: Vec<String> = lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        client
            .write_all(b"HTTP/1.1 403 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        head
    });
    let mut options = options(&sandbox);
    options.cookie_file = Some(file);
    push_head(&sandbox, &work, &url, &options).unwrap_err();
    let head = server.join().unwrap();
    assert!(
        head.iter()
            .any(|line| line.eq_ignore_ascii_case("cookie: o=tok")),
        "{head:?}"
    );
}

/// Guards a balancer that keeps who is logged in by a cookie; beside git.
#[test]
fn what_the_server_sets_goes_back_to_it_where_the_user_names_a_file() {
    supervise!();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(client.try_clone().unwrap()).lines();
            let lines = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty());
            let cookie = |line: &String| line.to_ascii_lowercase().starts_with("cookie:");
            let cookies: Vec<String> = { lines }.filter(cookie).collect();
            let status = if cookies.is_empty() {
                "401 Who"
            } else {
                "403 no"
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nwww-authenticate: Basic realm=\"x\"\r\nset-cookie: s=1; Path=/; HttpOnly\r\n\
                 content-length: 0\r\nconnection: close\r\n\r\n"
            );
            // Whoever has the answer looks at once what was told.
            drop(tell.send(cookies));
            drop(client.write_all(answer.as_bytes()));
        }
    });
    let helper = "!f() { echo username=me; echo password=pw; }; f";
    for (file, goes_back) in [(None, false), (Some(""), true)] {
        let sandbox = Sandbox::new();
        let (work, _) = ahead(&sandbox, "r");
        let set = |key, value| sandbox.git(&work, &["config", "--global", key, value]);
        set("credential.helper", helper);
        if let Some(file) = file {
            set("http.cookieFile", file);
        }
        let options = configured(&sandbox, &work, &url);
        push_head(&sandbox, &work, &url, &options).unwrap_err();
        let ours: Vec<_> = told.try_iter().collect();
        let mut push = sandbox.command("git");
        push.current_dir(&work)
            .args(["push", "-q", &url, "feature"]);
        assert!(!push.output().unwrap().status.success());
        let gits: Vec<_> = told.try_iter().collect();
        for cookies in [ours, gits] {
            assert_eq!(cookies.len(), 2, "{cookies:?}");
            assert_eq!(!cookies[1].is_empty(), goes_back, "{cookies:?}");
        }
    }
}
