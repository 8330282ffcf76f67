//! Logins that are no UTF-8, from each source, as git sends them: byte by byte.

use std::os::unix::fs::PermissionsExt as _;

use sendoff::demo::git_server::GitServerOptions;

use super::as_git::Twin;
use super::gate::{Gate, OF_PROXY, OF_SERVER, Wanted};

/// `u`, a colon and the bytes 0xff and 0xe9, as Basic.
const LOGIN: &[u8] = b"Basic dTr/6Q==";

/// Makes a twin whose server wants [`LOGIN`].
fn twin() -> (Twin, Gate) {
    let twin = Twin::new(GitServerOptions::default());
    let wanted = Wanted::basic("authorization", LOGIN, OF_SERVER);
    let gate = Gate::start(&twin.served.server.url(), wanted);
    let url = format!("http://{}/r.git", gate.address);
    let set_url = ["remote", "set-url", "origin", &url];
    twin.served.sandbox.git(&twin.served.work, &set_url);
    (twin, gate)
}

/// Writes a script that holds those bytes.
fn script(twin: &Twin, text: &[u8]) -> String {
    let path = twin.served.sandbox.path("script");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_helper_says_them_and_hears_them_again() {
    let (twin, gate) = twin();
    let heard = twin.served.sandbox.path("heard");
    let text = format!(
        "#!/bin/sh\n[ $1 = get ] || exec cat >> '{}'\n",
        heard.display()
    );
    let answer = b"cat <<'E'\nusername=u\npassword=\xff\xe9\nE\n";
    let helper = script(&twin, &[text.as_bytes(), answer].concat());
    twin.configure("credential.helper", &helper);
    twin.both_arrive();
    let heard = std::fs::read(heard).unwrap();
    let stored = heard
        .windows(12)
        .filter(|bytes| bytes == b"password=\xff\xe9\n");
    assert_eq!(stored.count(), 2, "{heard:?}");
    assert!(gate.refused() > 0);
}

#[test]
fn the_file_of_the_helper_store_has_them_percent_encoded() {
    let (twin, gate) = twin();
    twin.configure("credential.helper", "store");
    let line = format!("http://u:%ff%e9@127.0.0.1%3a{}\n", gate.address.port());
    twin.served.sandbox.write("home/.git-credentials", line);
    twin.both_arrive();
}

#[test]
fn netrc_has_them() {
    let (twin, _gate) = twin();
    let path = twin.served.sandbox.path("home/.netrc");
    std::fs::write(path, b"machine 127.0.0.1 login u password \xff\xe9\n").unwrap();
    twin.both_arrive();
}

#[test]
fn a_program_that_asks_answers_them() {
    let (mut twin, _gate) = twin();
    let text = b"#!/bin/sh\ncase $1 in User*) echo u;; *) cat <<'E'\n\xff\xe9\nE\n;; esac\n";
    twin.variables.push(("GIT_ASKPASS", script(&twin, text)));
    twin.both_arrive();
}

#[test]
fn the_url_has_them_percent_encoded() {
    let (twin, gate) = twin();
    let url = format!("http://u:%ff%E9@{}/r.git", gate.address);
    let set_url = ["remote", "set-url", "origin", &url];
    twin.served.sandbox.git(&twin.served.work, &set_url);
    twin.both_arrive();
    // The control: other bytes.
    let url = format!("http://u:%ff%E8@{}/r.git", gate.address);
    twin.served
        .sandbox
        .git(&twin.served.work, &["remote", "set-url", "origin", &url]);
    let more = ["commit", "-q", "--allow-empty", "-m", "more"];
    twin.served.sandbox.git(&twin.served.work, &more);
    twin.neither_arrives("refused the login");
}

#[test]
fn the_url_of_a_proxy_has_them_percent_encoded() {
    let twin = Twin::new(GitServerOptions::default());
    let wanted = Wanted::basic("proxy-authorization", LOGIN, OF_PROXY);
    let gate = Gate::start(&twin.served.server.url(), wanted);
    // The slashes at its end say nothing.
    twin.configure("http.proxy", &format!("http://u:%ff%e9@{}//", gate.address));
    twin.both_arrive();
    assert!(gate.refused() > 0, "git asks without a login first");
}
