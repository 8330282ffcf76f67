//! The identity of a remote: its host's main name, whatever alias the URL uses.

use std::time::Duration;

use crate::environment::Environment;
use crate::forge::FORGES;
use crate::names::{RemoteUrl, Scheme};
use crate::process::{Inheritance, Program, find_program};

/// The most time for ssh to read its configuration.
const SSH_TIME: Duration = Duration::from_secs(5);

/// Names under which forges serve the same repositories, each with the forge's main name.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("ssh.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// Returns the remote at its real host: an alias of the user's ssh configuration is resolved, `www.` is removed, and
/// the forge's main name replaces its other names. `known` is a host that needs no look into ssh's configuration.
pub(super) fn of(remote: &RemoteUrl, known: Option<&str>, environment: &Environment) -> RemoteUrl {
    let Some(host) = remote.host() else {
        return remote.clone();
    };
    let is_known = known.is_some_and(|known| known.eq_ignore_ascii_case(host));
    let plain = main_name(host);
    if let Some(plain) = &plain {
        return remote.at_host(plain);
    }
    let recognised = || FORGES.iter().any(|def| (def.recognises)(remote));
    if remote.scheme() != Scheme::Ssh || is_known || recognised() {
        return remote.clone();
    }
    match host_name(host, environment) {
        Some(name) if !name.eq_ignore_ascii_case(host) => {
            remote.at_host(main_name(&name).as_deref().unwrap_or(&name))
        }
        _ => remote.clone(),
    }
}

/// Returns the forge's main name for one of its other names.
fn main_name(host: &str) -> Option<String> {
    let lower = host.trim_end_matches('.').to_ascii_lowercase();
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == lower);
    if let Some((_, main)) = other {
        return Some((*main).to_owned());
    }
    let bare = lower.strip_prefix("www.")?;
    let is_forges = ["github.com", "gitlab.com", "bitbucket.org"].contains(&bare);
    is_forges.then(|| bare.to_owned())
}

/// Asks ssh which host an alias stands for. It reads its configuration and connects to nobody.
fn host_name(alias: &str, environment: &Environment) -> Option<String> {
    let directories = environment.search_path();
    let ssh = find_program("ssh", &directories).ok()?;
    let inheritance = Inheritance::new(directories, environment.for_programs());
    let output = Program::new(ssh)
        .args(["-G", "--", alias])
        .inherit(&inheritance)
        .deadline(SSH_TIME)
        .run()
        .ok()?;
    let text = String::from_utf8(output.stdout.bytes).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("hostname "))?;
    let name = line.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    (output.ended.is_success() && !name.is_empty() && name.chars().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(url: &str) -> String {
        let environment = Environment::from_pairs("/", [("PATH", "/nowhere")]);
        let remote = RemoteUrl::parse(url).unwrap();
        let found = of(&remote, None, &environment);
        let port = found
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        format!("{}{port}", found.host().unwrap_or("-"))
    }

    #[test]
    fn the_other_names_of_a_forge_are_its_main_one() {
        for (url, wanted) in [
            ("ssh://git@ssh.github.com:443/o/r", "github.com"),
            ("git@altssh.gitlab.com:o/r", "gitlab.com"),
            ("https://www.github.com/o/r", "github.com"),
            ("https://www.example.com/o/r", "www.example.com"),
            ("ssh://git@git.example:2222/o/r", "git.example:2222"),
            ("https://octo.ghe.com/o/r", "octo.ghe.com"),
            ("/srv/r", "-"),
        ] {
            assert_eq!(host(url), wanted, "{url}");
        }
    }
}
