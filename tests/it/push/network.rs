//! Proxies of every kind that git takes, and values that are not understood.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sendoff::demo::git_server::GitServerOptions;
use sendoff_push::ClassifiedError;

use crate::sandbox::Sandbox;

use super::proxy::{configured, picked, proxy};
use super::rig::{ahead, push_head};
use super::served::Served;

/// A SOCKS 5 proxy without a login. Returns its address and how often it connected.
fn socks() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connected = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connected);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let count = Arc::clone(&count);
            thread::spawn(move || relay(client, &count));
        }
    });
    (address, connected)
}

fn relay(mut client: TcpStream, count: &AtomicUsize) -> Option<()> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).ok()?;
    let mut methods = vec![0; greeting[1].into()];
    client.read_exact(&mut methods).ok()?;
    client.write_all(&[5, 0]).ok()?;
    let mut request = [0; 4];
    client.read_exact(&mut request).ok()?;
    let host = if request[3] == 1 {
        let mut address = [0; 4];
        client.read_exact(&mut address).ok()?;
        std::net::Ipv4Addr::from(address).to_string()
    } else {
        let mut length = [0];
        client.read_exact(&mut length).ok()?;
        let mut name = vec![0; length[0].into()];
        client.read_exact(&mut name).ok()?;
        String::from_utf8(name).ok()?
    };
    let mut port = [0; 2];
    client.read_exact(&mut port).ok()?;
    let mut server = TcpStream::connect((host, u16::from_be_bytes(port))).ok()?;
    count.fetch_add(1, Ordering::Relaxed);
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(std::net::Shutdown::Write));
    });
    drop(std::io::copy(&mut server, &mut client));
    drop(client.shutdown(std::net::Shutdown::Both));
    Some(())
}

#[test]
fn a_push_goes_through_a_socks_proxy_as_gits_does() {
    let served = Served::start(GitServerOptions::default());
    let (address, connected) = socks();
    let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
    for scheme in ["socks5", "socks5h"] {
        git(&[
            "config",
            "--global",
            "http.proxy",
            &format!("{scheme}://{address}"),
        ]);
        let before = connected.load(Ordering::Relaxed);
        let options = configured(&served.sandbox, &served.work, &served.url());
        served.push(&options).unwrap();
        let ours = connected.load(Ordering::Relaxed);
        assert!(ours > before, "{scheme}");
        git(&["commit", "-q", "--allow-empty", "-m", "for git"]);
        git(&["push", "-q", &served.url(), "feature"]);
        assert!(connected.load(Ordering::Relaxed) > ours, "{scheme}");
        git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    }
}

#[test]
fn a_proxy_that_is_not_understood_stops_the_push_and_is_named() {
    let served = Served::start(GitServerOptions::default());
    let url = served.url();
    for value in [
        "socks4h://127.0.0.1:1",
        "http://127.0.0.1:port",
        "http://user:pa#ss@127.0.0.1:1",
    ] {
        let set = ["config", "--global", "http.proxy", value];
        served.sandbox.git(&served.work, &set);
        let options = configured(&served.sandbox, &served.work, &url);
        let error = served.push(&options).unwrap_err();
        assert_eq!(error.class(), "proxy", "{value}: {error:?}");
        let advice = error.transport().unwrap().advice().unwrap();
        assert!(
            advice.contains("`http.proxy`") && !advice.contains("pa#ss"),
            "{advice}"
        );
    }
    // The positive control: the advice, obeyed.
    let set = ["config", "--global", "http.proxy", ""];
    served.sandbox.git(&served.work, &set);
    let options = configured(&served.sandbox, &served.work, &url);
    served.push(&options).unwrap();
}

#[test]
fn the_login_of_a_proxy_comes_from_a_helper_before_and_after_a_407() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let (sandbox, work) = (&sandbox, &work);
    let helper = "!f(){ echo username=u; echo password=p; }; f";
    for user in ["u@", ""] {
        let (place, seen) = proxy();
        let url = "http://git.example.test/r.git";
        let git = |arguments: &[&str]| sandbox.git(work, arguments);
        git(&[
            "config",
            "--global",
            "http.proxy",
            &format!("http://{user}{place}"),
        ]);
        git(&["config", "--global", "credential.helper", helper]);
        let mut options = configured(sandbox, work, url);
        options.plain_http = sendoff::net::PlainHttp::to(["git.example.test".to_owned()]);
        push_head(sandbox, work, url, &options).unwrap_err();
        let lines = picked(&seen, &["proxy-authorization:"]);
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}
