//! TLS that breaks after its handshake: with a server, and with a proxy when the tunnel to the server is open already.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sendoff::demo::git_server::GitServerOptions;

use super::authority::{Authority, Clients};
use super::front::Front;
use super::proxy::configured;
use super::real_servers::{both, set};
use super::rig::{push_head, rendered};
use super::served::Served;

/// Starts something that speaks TLS, reads the head of a request, writes `answer` and then bytes that are no TLS.
fn breaking(tls: Arc<ServerConfig>, answer: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&tls)).unwrap();
            let mut client = StreamOwned::new(connection, socket);
            let mut line = String::new();
            let mut input = BufReader::new(&mut client);
            while line != "\r\n" && input.read_line(&mut line).is_ok_and(|read| read > 0) {
                if line != "\r\n" {
                    line.clear();
                }
            }
            // What the client sends meanwhile is left unread, which resets the connection only after these bytes.
            let written = client
                .write_all(answer.as_bytes())
                .and_then(|()| client.flush());
            if written.is_ok() {
                let mut socket = client.sock.try_clone().unwrap();
                let _gone = socket.write_all(b"HTTP/1.0 400 this is no TLS at all\r\n\r\n");
                thread::spawn(move || drop(std::io::copy(&mut socket, &mut std::io::sink())));
            }
        }
    });
    port
}

fn said(served: &Served, url: &str) -> String {
    let (sandbox, work) = (&served.sandbox, &served.work);
    let failed = push_head(sandbox, work, url, &configured(sandbox, work, url));
    rendered(sandbox, &failed.unwrap_err())
}

#[test]
fn a_proxy_whose_tls_breaks_behind_an_open_tunnel_is_named_and_not_the_server() {
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let other = Authority::at(&served.sandbox, "proxy-ca.pem");
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    let url = front.url().replace("127.0.0.1", "localhost");
    set(&served, "http.sslCAInfo", authority.path.to_str().unwrap());
    set(&served, "http.proxySSLCAInfo", other.path.to_str().unwrap());
    let port = breaking(other.server(Clients::Any), "HTTP/1.1 200 OK\r\n\r\n");
    set(&served, "http.proxy", &format!("https://127.0.0.1:{port}"));
    let said = said(&served, &url);
    let told = "the encrypted connection to the proxy broke: what came over it is no TLS";
    assert!(said.contains(told), "{said}");
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
    assert!(
        said.contains("something at the proxy or on the way"),
        "{said}"
    );
    both(&served, &url, false);
}

#[test]
fn a_server_whose_tls_breaks_is_not_told_that_it_speaks_none() {
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    set(&served, "http.sslCAInfo", authority.path.to_str().unwrap());
    let port = breaking(
        authority.server(Clients::Any),
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
    );
    let url = format!("https://127.0.0.1:{port}/r.git");
    let said = said(&served, &url);
    assert!(!said.contains("does not speak TLS"), "{said}");
    both(&served, &url, false);
}
