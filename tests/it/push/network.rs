//! Proxies of every kind that git takes, and values that are not understood.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use sendoff::demo::git_server::GitServerOptions;
use sendoff_push::ClassifiedError;

use crate::sandbox::Sandbox;

use super::proxy::{configured, picked, proxy};
use super::rig::{ahead, push_head};
use super::served::Served;

/// A proxy that speaks SOCKS 4, 4a and 5, with the login `u` and `p` where it wants one. Returns its address, and what it was
/// asked for.
fn socks(login: Login) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let asked = Arc::clone(&kept);
            thread::spawn(move || relay(&client, login, &asked));
        }
    });
    (address, asked)
}

/// Whether a proxy wants a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    Wanted,
    None,
}

fn relay(mut client: &TcpStream, login: Login, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut input = BufReader::new(client.try_clone().ok()?);
    let mut version = [0];
    input.read_exact(&mut version).ok()?;
    let (host, port) = match version[0] {
        4 => socks4(&mut input)?,
        _ => socks5(&mut input, client, login)?,
    };
    asked.lock().unwrap().push(format!("{} {host}", version[0]));
    // The one name that only the proxy knows.
    let host = if host == "git.test" {
        "127.0.0.1"
    } else {
        &host
    };
    let mut server = TcpStream::connect((host, port)).ok()?;
    let reply: &[u8] = match version[0] {
        4 => &[0, 90, 0, 0, 0, 0, 0, 0],
        _ => &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    };
    client.write_all(reply).ok()?;
    let mut to = server.try_clone().ok()?;
    thread::spawn(move || {
        drop(std::io::copy(&mut input, &mut to));
        drop(to.shutdown(std::net::Shutdown::Write));
    });
    drop(std::io::copy(&mut server, &mut client));
    drop(client.shutdown(std::net::Shutdown::Both));
    Some(())
}

fn port_of(input: &mut impl Read) -> Option<u16> {
    let mut port = [0; 2];
    input.read_exact(&mut port).ok()?;
    Some(u16::from_be_bytes(port))
}

fn socks4(input: &mut impl BufRead) -> Option<(String, u16)> {
    let mut command = [0];
    input.read_exact(&mut command).ok()?;
    let port = port_of(input)?;
    let mut address = [0; 4];
    input.read_exact(&mut address).ok()?;
    let mut text = || {
        let mut text = Vec::new();
        input.read_until(0, &mut text).ok()?;
        text.pop();
        String::from_utf8(text).ok()
    };
    let _user = text()?;
    let host = match address {
        [0, 0, 0, last] if last > 0 => text()?,
        address => std::net::Ipv4Addr::from(address).to_string(),
    };
    Some((host, port))
}

fn socks5(input: &mut impl Read, mut client: &TcpStream, login: Login) -> Option<(String, u16)> {
    let sized = |input: &mut dyn Read| {
        let mut length = [0];
        input.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; length[0].into()];
        input.read_exact(&mut bytes).ok()?;
        Some(bytes)
    };
    let methods = sized(input)?;
    if login == Login::Wanted {
        if !methods.contains(&2) {
            client.write_all(&[5, 255]).ok()?;
            return None;
        }
        client.write_all(&[5, 2]).ok()?;
        let mut version = [0];
        input.read_exact(&mut version).ok()?;
        let (user, password) = (sized(input)?, sized(input)?);
        let good = (user.as_slice(), password.as_slice()) == (b"u", b"p@ss");
        client.write_all(&[1, u8::from(!good)]).ok()?;
        if !good {
            return None;
        }
    } else {
        client.write_all(&[5, 0]).ok()?;
    }
    let mut request = [0; 4];
    input.read_exact(&mut request).ok()?;
    let host = if request[3] == 1 {
        let mut address = [0; 4];
        input.read_exact(&mut address).ok()?;
        std::net::Ipv4Addr::from(address).to_string()
    } else {
        String::from_utf8(sized(input)?).ok()?
    };
    Some((host, port_of(input)?))
}

/// Guards all four kinds of SOCKS, who looks up the name in each, and logins.
#[test]
fn a_push_goes_through_a_socks_proxy_as_gits_does() {
    for (scheme, user, login, name, seen) in [
        ("socks4", "", Login::None, "localhost", "4 127.0.0.1"),
        ("socks4a", "", Login::None, "git.test", "4 git.test"),
        ("socks5", "", Login::None, "localhost", "5 127.0.0.1"),
        ("socks5h", "", Login::None, "git.test", "5 git.test"),
        (
            "socks5h",
            "u:p%40ss@",
            Login::Wanted,
            "git.test",
            "5 git.test",
        ),
        (
            "socks5",
            "u:p%40ss@",
            Login::Wanted,
            "127.0.0.1",
            "5 127.0.0.1",
        ),
    ] {
        let served = Served::start(GitServerOptions::default());
        let (address, asked) = socks(login);
        let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
        let proxy = format!("{scheme}://{user}{address}");
        git(&["config", "--global", "http.proxy", &proxy]);
        let url = served.url().replace("127.0.0.1", name);
        let mut options = configured(&served.sandbox, &served.work, &url);
        options.plain_http = sendoff::net::PlainHttp::to(["git.test".to_owned()]);
        push_head(&served.sandbox, &served.work, &url, &options).unwrap();
        let ours = std::mem::take(&mut *asked.lock().unwrap());
        git(&["commit", "-q", "--allow-empty", "-m", "for git"]);
        git(&["push", "-q", &url, "feature"]);
        let gits = asked.lock().unwrap().clone();
        assert!(
            !ours.is_empty() && ours.iter().all(|line| line == seen),
            "{scheme}: {ours:?}"
        );
        assert!(gits.iter().all(|line| line == seen), "{scheme}: {gits:?}");
    }
}

/// Guards that a wrong login of a SOCKS proxy stops the push.
#[test]
fn a_socks_proxy_that_refuses_the_login_stops_the_push() {
    let served = Served::start(GitServerOptions::default());
    let (address, asked) = socks(Login::Wanted);
    let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
    git(&[
        "config",
        "--global",
        "http.proxy",
        &format!("socks5h://u:CANARY@{address}"),
    ]);
    let options = configured(&served.sandbox, &served.work, &served.url());
    let error = served.push(&options).unwrap_err();
    assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
    assert!(asked.lock().unwrap().is_empty());
    assert!(served.server.log().is_empty());
}

/// Guards that the proxy of the remote's own goes before that of all, as for git.
#[test]
fn the_proxy_of_a_remote_goes_before_that_of_all() {
    let world = crate::world::World::new();
    let (place, seen) = proxy();
    let set = |key: &str, value: &str| {
        world
            .sandbox
            .git(world.work(), &["config", "--global", key, value]);
    };
    set("http.proxy", "http://127.0.0.1:1");
    set("remote.origin.proxy", &format!("http://u:p@{place}"));
    world.point_to("http://127.0.0.1:9/acme/rocket.git");
    world.run(&["step", "push", "--json"]);
    let ours = picked(&seen, &["proxy-authorization:"]);
    let mut push = world.sandbox.command("git");
    push.current_dir(world.work())
        .args(["push", "-q", "origin", "feature/x"]);
    assert!(!push.output().unwrap().status.success());
    assert_eq!(ours, picked(&seen, &["proxy-authorization:"]));
    assert_eq!(ours.len(), 2, "{ours:?}");
}

#[test]
fn n16_a_proxy_that_is_not_understood_stops_the_push_and_is_named() {
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
