//! SOCKS with a login: the password of a helper or of a program that asks, one that the proxy does not ask for, the user ID of
//! version 4, and what is said of a refusal; beside git.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::left_out;

use super::as_git::Twin;
use super::proxy::configured;
use super::real_proxies::more;
use super::real_servers::{both, set};
use super::served::Served;

const USER: &str = "u";
const PASSWORD: &str = "p";

/// What a proxy of version 5 wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// The user, and this password, byte by byte.
    Login(&'static [u8]),
    /// It takes no login, whatever it is offered.
    Nothing,
    /// A login of another kind.
    OtherMethod,
}

/// Starts a proxy that lets through who logs in, by address or by name; returns its host and port. By version 4 the user ID is
/// the login.
pub(super) fn proxy(wants: Wants) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || drop(serve(client, wants)));
        }
    });
    place
}

fn serve(mut client: TcpStream, wants: Wants) -> io::Result<()> {
    let [version] = read(&mut client)?;
    if version == 4 {
        return serve4(client);
    }
    let [methods] = read(&mut client)?;
    let methods = read_text(&mut client, methods)?;
    let wanted = match wants {
        Wants::Login(_) => '\u{2}',
        Wants::Nothing => '\0',
        Wants::OtherMethod => '\u{1}',
    };
    if !methods.contains(wanted) {
        return client.write_all(&[5, 0xff]);
    }
    client.write_all(&[5, u8::try_from(wanted).unwrap()])?;
    if let Wants::Login(wanted) = wants
        && !takes_login(&mut client, wanted)?
    {
        return client.write_all(&[1, 1]);
    }
    let [_version, _connect, _reserved, kind] = read(&mut client)?;
    let host = match kind {
        3 => {
            let [length] = read(&mut client)?;
            read_text(&mut client, length)?
        }
        4 => Ipv6Addr::from(read::<16>(&mut client)?).to_string(),
        _ => Ipv4Addr::from(read::<4>(&mut client)?).to_string(),
    };
    let port = u16::from_be_bytes(read(&mut client)?);
    let server = TcpStream::connect((host.as_str(), port))?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    pass_on(client, server)
}

/// Reads the login of version 5, and says whether it is the right one.
fn takes_login(client: &mut TcpStream, wanted: &[u8]) -> io::Result<bool> {
    let [_version, length] = read(client)?;
    let user = read_text(client, length)?;
    let [length] = read(client)?;
    let mut password = vec![0; usize::from(length)];
    client.read_exact(&mut password)?;
    let is_right = user == USER && password == wanted;
    if is_right {
        client.write_all(&[1, 0])?;
    }
    Ok(is_right)
}

/// Handles a request of version 4, or of 4a where the address stands for a name.
fn serve4(mut client: TcpStream) -> io::Result<()> {
    let [_connect, high, low, a, b, c, d] = read(&mut client)?;
    let user = read_to_zero(&mut client)?;
    let host = match (a, b, c, d) {
        (0, 0, 0, 1..) => read_to_zero(&mut client)?,
        _ => Ipv4Addr::new(a, b, c, d).to_string(),
    };
    if user != USER {
        return client.write_all(&[0, 93, 0, 0, 0, 0, 0, 0]);
    }
    let server = TcpStream::connect((host.as_str(), u16::from_be_bytes([high, low])))?;
    client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
    pass_on(client, server)
}

fn read_to_zero(client: &mut TcpStream) -> io::Result<String> {
    let mut text = String::new();
    loop {
        match read(client)? {
            [0] => return Ok(text),
            [byte] => text.push(char::from(byte)),
        }
    }
}

fn pass_on(client: TcpStream, server: TcpStream) -> io::Result<()> {
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
        let place = proxy(Wants::Login(PASSWORD.as_bytes()));
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
    let place = proxy(Wants::Login(PASSWORD.as_bytes()));
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

#[test]
fn a_login_that_the_proxy_does_not_ask_for_is_no_hindrance() {
    let served = Served::start(GitServerOptions::default());
    let place = proxy(Wants::Nothing);
    for scheme in ["socks5", "socks5h"] {
        let proxy = format!("{scheme}://u:p@{place}");
        set(&served, "http.proxy", &proxy);
        both(&served, &served.url(), true);
        more(&served);
    }
}

#[test]
fn the_user_id_of_version_4_is_the_user_of_the_proxys_url() {
    let served = Served::start(GitServerOptions::default());
    let place = proxy(Wants::Login(PASSWORD.as_bytes()));
    for scheme in ["socks4", "socks4a"] {
        for login in ["", "other:p@"] {
            set(&served, "http.proxy", &format!("{scheme}://{login}{place}"));
            let said = both(&served, &served.url(), false);
            let said = said.replace(&place, "PROXY").replace(scheme, "SCHEME");
            insta::allow_duplicates! {
                insta::assert_snapshot!(said, @r"
                proxy: the proxy PROXY refuses the request without a valid login
                  advice: write the user ID that the proxy expects into its URL: SCHEME://USER@HOST:PORT
                ");
            }
        }
        // Git asks for a password of who has none, and does not send it.
        set(&served, "http.proxy", &format!("{scheme}://u:p@{place}"));
        both(&served, &served.url(), true);
        more(&served);
        // The advice.
        set(&served, "http.proxy", &format!("{scheme}://u@{place}"));
        let options = configured(&served.sandbox, &served.work, &served.url());
        served.push(&options).unwrap();
        more(&served);
    }
}

#[test]
fn a_server_of_version_6_is_reached_through_the_proxy() {
    let Ok(listener) = TcpListener::bind(("::1", 0)) else {
        return left_out("ipv6", "no address of it can be bound");
    };
    let served = Served::start(GitServerOptions::default());
    let upstream = served.server.url().replace("http://", "");
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&upstream).unwrap();
            thread::spawn(move || drop(pass_on(client, server)));
        }
    });
    let place = proxy(Wants::Login(PASSWORD.as_bytes()));
    for scheme in ["socks5", "socks5h"] {
        set(&served, "http.proxy", &format!("{scheme}://u:p@{place}"));
        both(&served, &url, true);
        more(&served);
    }
}

#[test]
fn a_password_is_sent_byte_by_byte_and_an_empty_one_too() {
    let served = Served::start(GitServerOptions::default());
    for (password, written) in [(b"p\xe9".as_slice(), ":p%e9"), (b"", ":")] {
        let place = proxy(Wants::Login(password));
        let proxy = format!("socks5h://{USER}{written}@{place}");
        set(&served, "http.proxy", &proxy);
        both(&served, &served.url(), true);
        more(&served);
    }
}

/// Guards that a password which was not sent is not called refused.
#[test]
fn a_proxy_that_wants_another_method_is_told_so_and_the_helper_forgets_nothing() {
    let served = Served::start(GitServerOptions::default());
    let place = proxy(Wants::OtherMethod);
    let told = served.sandbox.path("told");
    let helper = format!(
        "!f() {{ echo $1 >> '{}'; [ $1 != get ] || echo password=p; }}; f",
        told.display()
    );
    set(&served, "credential.helper", &helper);
    set(&served, "http.proxy", &format!("socks5h://u@{place}"));
    let said = both(&served, &served.url(), false);
    insta::assert_snapshot!(said.replace(&place, "PROXY"), @r"
    proxy: the proxy PROXY wants a login by another method than a user name with a password, which sendoff does not speak
      advice: name a proxy in `http.proxy` that logs in to this one for you, such as px or cntlm
    ");
    let told = std::fs::read_to_string(told).unwrap();
    assert!(!told.contains("erase"), "{told}");
}
