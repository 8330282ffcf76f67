//! `http.cookieFile`: cookies of the user's file go with every request to their place.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use super::rig::{ahead, options, push_head};
use crate::sandbox::Sandbox;

#[test]
fn the_cookies_of_the_users_file_go_with_the_request() {
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
