//! SOCKS 5 with a login: the password of a helper or of a program that asks, and what is said of a refusal; beside git.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use sendoff::demo::git_server::GitServerOptions;

use super::as_git::Twin;
use super::real_servers::{both, set};
use super::served::Served;

const USER: &str = "u";
const PASSWORD: &str = "p";

/// Starts a proxy that lets through who logs in, by address or by name; returns its host and port.
fn proxy() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || drop(serve(client)));
        }
    });
    place
}

fn serve(mut client: TcpStream) -> io::Result<()> {
    let [_version, methods] = read(&mut client)?;
    let methods = read_text(&mut client, methods)?;
    if !methods.contains('\u{2}') {
        return client.write_all(&[5, 0xff]);
    }
    client.write_all(&[5, 2])?;
    let [_version, length] = read(&mut client)?;
    let user = read_text(&mut client, length)?;
    let [length] = read(&mut client)?;
    let password = read_text(&mut client, length)?;
    if (user.as_str(), password.as_str()) != (USER, PASSWORD) {
        return client.write_all(&[1, 1]);
    }
    client.write_all(&[1, 0])?;
    let [_version, _connect, _reserved, kind] = read(&mut client)?;
    let host = if kind == 3 {
        let [length] = read(&mut client)?;
        read_text(&mut client, length)?
    } else {
        let [a, b, c, d] = read(&mut client)?;
        format!("{a}.{b}.{c}.{d}")
    };
    let port = u16::from_be_bytes(read(&mut client)?);
    let server = TcpStream::connect((host.as_str(), port))?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let pass = |mut from: TcpStream, mut to: TcpStream| {
        drop(io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Write));
    };
    let (to, from) = (server.try_clone()?, client.try_clone()?);
    let up = thread::spawn(move || pass(from, to));
    pass(server, client);
    drop(up.join());
    Ok(())
}

fn read<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_text(client: &mut TcpStream, length: u8) -> io::Result<String> {
    let mut bytes = vec![0; usize::from(length)];
    client.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn the_password_of_the_user_in_the_proxys_url_is_a_helpers_or_is_asked_for() {
    for scheme in ["socks5", "socks5h"] {
        let mut twin = Twin::new(GitServerOptions::default());
        let place = proxy();
        twin.configure("http.proxy", &format!("{scheme}://{USER}@{place}"));
        let sandbox = &twin.served.sandbox;
        let heard = sandbox.path("heard");
        let told = |verb: &str| {
            let text = std::fs::read_to_string(&heard).unwrap_or_default();
            let stored = format!(
                "{verb}\nprotocol={scheme}\nhost={place}\nusername={USER}\npassword={PASSWORD}\n"
            );
            text.replace("\n\n", "\n").matches(&stored).count()
        };
        let helper = |answer: &str| {
            let heard = heard.display();
            let text = format!(
                "#!/bin/sh\necho $1 >> '{heard}'; cat >> '{heard}'; [ $1 != get ] || {answer}\n"
            );
            sandbox.executable("helper", text)
        };
        let path = helper("echo password=p");
        twin.configure("credential.helper", path.to_str().unwrap());
        twin.both_arrive();
        assert_eq!(told("store"), 2);
        helper("true");
        let ask = "#!/bin/sh\n[ \"$1\" = \"Password for 'SCHEME://u@PLACE': \" ] && echo p\n";
        let ask = ask.replace("SCHEME", scheme).replace("PLACE", &place);
        let ask = sandbox.executable("ask", ask).to_str().unwrap().to_owned();
        let more = ["commit", "-q", "--allow-empty", "-m", "more"];
        sandbox.git(&twin.served.work, &more);
        twin.variables.push(("GIT_ASKPASS", ask));
        twin.both_arrive();
        assert_eq!(told("store"), 4);
    }
}

#[test]
fn a_refused_login_is_the_proxys_word_and_the_advice_works() {
    let served = Served::start(GitServerOptions::default());
    let place = proxy();
    for login in ["", "u:wrong@"] {
        set(&served, "http.proxy", &format!("socks5h://{login}{place}"));
        let said = both(&served, &served.url(), false);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.replace(&place, "PROXY"), @r"
            proxy: the proxy PROXY refuses the request without a valid login
              advice: write the login into the proxy's URL, or let a git credential helper keep it for socks5h://PROXY
            ");
        }
    }
    set(&served, "http.proxy", &format!("socks5h://u:p@{place}"));
    both(&served, &served.url(), true);
}
