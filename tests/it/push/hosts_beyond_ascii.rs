//! Hosts whose names are beyond ASCII, as libcurl and ssh take them; each beside git.

use sendoff::demo::git_server::GitServerOptions;

use super::as_git::Twin;
use super::served::guarded;
use super::sshd::{recorded, recording_ssh};

/// The host, and the name under which it is looked up.
const HOST: &str = "b\u{fc}cher.test";
const SPELLED: &str = "xn--bcher-kva.test";

#[test]
fn a_host_beyond_ascii_is_reached_and_helpers_are_asked_for_it_as_it_is_written() {
    let mut twin = Twin::new(guarded());
    // In another locale libcurl does not know which letters these are.
    twin.variables.push(("LC_ALL", "C.UTF-8".into()));
    let host = twin.host();
    let port = host.rsplit_once(':').unwrap().1;
    let url = format!("http://{HOST}:{port}/r.git");
    let sandbox = &twin.served.sandbox;
    sandbox.git(&twin.served.work, &["remote", "set-url", "origin", &url]);
    let policy = format!("[network]\nallow-http = [\"{SPELLED}\"]\n");
    sandbox.write("home/.config/sendoff/policy.toml", policy);
    twin.configure(
        "http.curloptResolve",
        &format!("{SPELLED}:{port}:127.0.0.1"),
    );
    let heard = sandbox.path("heard");
    let helper = format!(
        "!f() {{ grep ^host= >> '{}'; echo username=me; echo password=pw; }}; f",
        heard.display()
    );
    twin.configure("credential.helper", &helper);
    twin.both_arrive();
    let heard = std::fs::read_to_string(heard).unwrap();
    assert_eq!(heard, format!("host={HOST}:{port}\n").repeat(4));
}

#[test]
fn ssh_gets_a_host_beyond_ascii_as_it_is_written() {
    for url in [
        "git@b\u{fc}ro:r.git",
        "ssh://git@B\u{dc}RO:77/r.git",
        "ssh://git@b%C3%BCro/r.git",
    ] {
        let mut twin = Twin::new(GitServerOptions::default());
        let sandbox = &twin.served.sandbox;
        let (program, arguments) = recording_ssh(sandbox, "ssh");
        sandbox.git(&twin.served.work, &["remote", "set-url", "origin", url]);
        twin.variables
            .push(("GIT_SSH", program.to_str().unwrap().to_owned()));
        let (ours, gits) = twin.both_fail(|| recorded(&arguments));
        assert_eq!(ours, gits, "{url}");
    }
}
