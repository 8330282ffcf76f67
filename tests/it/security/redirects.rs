//! Redirects within one origin: they lead a push to no repository that it could not name by itself.

use std::path::{Path, PathBuf};

use sendoff::demo::git_server::{FaultKind, GitServer, RequestFault};
use sendoff_testing::supervise;
use serde_json::Value;

use crate::world::{TOKEN, World, step};

use super::{configure, server_with};

/// `x-access-token:world-token-0123456789` in base64.
const BASIC: &str = "eC1hY2Nlc3MtdG9rZW46d29ybGQtdG9rZW4tMDEyMzQ1Njc4OQ==";

/// Starts a server that sends whoever asks for `acme/rocket.git` to another path of it.
fn leading_to(world: &World, path: &str) -> GitServer {
    server_with(world, |options| {
        options.faults.push(RequestFault {
            path_end: "acme/rocket.git/info/refs",
            after: 0,
            times: usize::MAX,
            kind: FaultKind::Moved(format!("/{path}")),
        });
    })
}

/// Makes a copy of what the server has at another path, and returns its place.
fn copy(world: &World, path: &str) -> PathBuf {
    let place = world.sandbox.path(&format!("served/{path}"));
    let (from, to) = (world.bare(), place.to_str().unwrap().to_owned());
    let clone = ["clone", "-q", "--bare", ".", &to];
    world.sandbox.git(&from, &clone);
    let receive = ["config", "http.receivepack", "true"];
    world.sandbox.git(&place, &receive);
    place
}

/// Says whether the branch arrived in a repository.
fn has_branch(world: &World, place: &Path) -> bool {
    let list = ["for-each-ref", "refs/heads/feature/x"];
    !world.sandbox.git(place, &list).is_empty()
}

fn push(world: &World, arguments: &[&str]) -> Value {
    let report = world.report(&[&["run", "post-commit"], arguments].concat());
    step(&report, "push").clone()
}

#[test]
fn a_redirect_leads_to_no_remote_that_is_not_listed() {
    supervise!();
    for (path, is_listed) in [("evil/place.git", false), ("acme/moved.git", true)] {
        let world = World::new();
        let place = copy(&world, path);
        let server = leading_to(&world, path);
        let listed = format!("[remotes]\nallowed = [\"{}/acme/*\"]\n", server.url());
        world.user_policy_with_git_at(&server.url(), &listed);
        world.point_to(&format!("{}/acme/rocket.git", server.url()));
        let told = push(&world, &[]);
        assert_eq!(has_branch(&world, &place), is_listed, "{told}");
        if is_listed {
            assert_eq!(told["verdict"], "done", "{told}");
            continue;
        }
        assert_eq!(told["reason"], "redirect-refused", "{told}");
        let summary = told["summary"].as_str().unwrap();
        assert_eq!(
            summary.replace(&server.url(), "[GIT]"),
            "the server redirects the request: [GIT]/evil/place.git is not among the remotes that the policy allows"
        );
        assert_eq!(
            told["advice"],
            "set the remote's URL to the address that the repository has now"
        );
        assert!(
            server
                .log()
                .iter()
                .all(|request| request.path != "/evil/place.git/info/refs")
        );
    }
}

#[test]
fn a_redirect_leads_an_agent_to_no_repository_that_was_never_pushed_to() {
    supervise!();
    let agent = ["--trigger", "claude-code"];
    let world = World::new();
    let place = copy(&world, "acme/moved.git");
    assert_eq!(push(&world, &agent)["verdict"], "done");
    // The same server begins to lead elsewhere.
    world.commit("more.txt", "more", "Add more");
    let leading = leading_to(&world, "acme/moved.git");
    let url = format!("{}/acme/rocket.git", leading.url());
    world.user_policy_with_git_at(&leading.url(), "");
    world.point_to(&url);
    let told = push(&world, &agent);
    assert_eq!(told["reason"], "remote-unknown", "{told}");
    assert!(!has_branch(&world, &place));
    // By hand the redirect is followed, as git does, and both places are known from then on.
    assert_eq!(push(&world, &[])["verdict"], "done");
    assert!(has_branch(&world, &place));
    world.commit("again.txt", "again", "Add again");
    let told = push(&world, &agent);
    assert_eq!(told["verdict"], "done", "{told}");
}

#[test]
fn a_redirect_that_begins_later_is_not_followed_for_an_agent() {
    supervise!();
    let agent = ["--trigger", "claude-code"];
    let world = World::new();
    let place = copy(&world, "acme/moved.git");
    // The first push asks for the refs, and once more whether the branch has arrived.
    let server = server_with(&world, |options| {
        options.faults.push(RequestFault {
            path_end: "acme/rocket.git/info/refs",
            after: 2,
            times: usize::MAX,
            kind: FaultKind::Moved("/acme/moved.git".into()),
        });
    });
    world.user_policy_with_git_at(&server.url(), "");
    world.point_to(&format!("{}/acme/rocket.git", server.url()));
    assert_eq!(push(&world, &agent)["verdict"], "done");
    let pushed = world.tip("feature/x");
    world.commit("more.txt", "more", "Add more");
    let told = push(&world, &agent);
    assert_eq!(told["reason"], "redirect-refused", "{told}");
    let summary = told["summary"].as_str().unwrap();
    assert_eq!(
        summary.replace(&server.url(), "[GIT]"),
        "the server redirects the request: this repository was never pushed to [GIT]/acme/moved.git"
    );
    assert!(!has_branch(&world, &place));
    assert_eq!(world.tip("feature/x"), pushed);
    // The advice, obeyed, by a person.
    world.point_to(&format!("{}/acme/moved.git", server.url()));
    assert_eq!(push(&world, &[])["verdict"], "done");
    assert!(has_branch(&world, &place));
}

/// Guards a login that the user's configuration has for a directory of the server only.
#[test]
fn a_login_for_a_path_is_not_led_to_another_path() {
    supervise!();
    let header = format!("AUTHORIZATION: Basic {BASIC}");
    let helper = format!("!f() {{ echo username=x-access-token; echo password={TOKEN}; }}; f");
    for (key, value) in [
        ("http.URL/acme/.extraHeader", &header),
        ("credential.URL/acme/.helper", &helper),
    ] {
        for (path, is_led) in [("evil/place.git", false), ("acme/moved.git", true)] {
            let world = World::new();
            let place = copy(&world, path);
            let server = leading_to(&world, path);
            configure(&world, &key.replace("URL", &server.url()), value);
            world.sandbox.write("home/.config/sendoff/policy.toml", "");
            world.point_to(&format!("{}/acme/rocket.git", server.url()));
            let told = push(&world, &[]);
            assert_eq!(has_branch(&world, &place), is_led, "{key} {path}: {told}");
            let got = server.log().into_iter();
            let mut got = got.filter(|request| request.path.starts_with("/evil"));
            assert!(got.all(|request| !request.has_credentials), "{key} {path}");
            if !is_led {
                let summary = told["summary"].as_str().unwrap();
                let words = "the git configuration has other logins for";
                assert!(summary.contains(words), "{key}: {told}");
            }
        }
    }
}

/// Guards helpers that keep a login for each path: they are asked for the new one.
#[test]
fn helpers_that_see_paths_are_asked_for_the_new_one() {
    supervise!();
    let world = World::new();
    let place = copy(&world, "acme/moved.git");
    let server = leading_to(&world, "acme/moved.git");
    let asked = world.sandbox.path("asked");
    let helper = format!(
        "!f() {{ [ \"$1\" = get ] && while read line && [ -n \"$line\" ]; do case $line in path=*) echo $line >> '{}'; esac; done; \
         echo username=x-access-token; echo password={TOKEN}; }}; f",
        asked.display()
    );
    configure(&world, "credential.helper", &helper);
    configure(&world, "credential.useHttpPath", "true");
    world.sandbox.write("home/.config/sendoff/policy.toml", "");
    world.point_to(&format!("{}/acme/rocket.git", server.url()));
    let told = push(&world, &[]);
    assert_eq!(told["verdict"], "done", "{told}");
    assert!(has_branch(&world, &place));
    let asked = std::fs::read_to_string(asked).unwrap();
    assert!(
        asked.lines().any(|line| line == "path=acme/moved.git"),
        "{asked}"
    );
}
