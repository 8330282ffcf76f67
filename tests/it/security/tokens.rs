//! Tokens that an edit of the repository's own configuration tries to lead to another place.

use sendoff_testing::supervise;

use crate::world::{TOKEN, World, step};

use super::{configure, got_credentials, push_without_variable, second_server};

/// Returns the server's address with the login in it.
fn with_login(url: &str) -> String {
    url.replace("http://", &format!("http://x-access-token:{TOKEN}@"))
}

#[test]
fn a_rewritten_url_lends_its_login_to_no_other_place() {
    supervise!();
    let world = World::new();
    let evil = second_server(&world);
    let (good, evil_place) = (world.git.url(), evil.url().replace("http://", ""));
    // What CI writes: without a slash at the end.
    configure(
        &world,
        &format!("url.{}.insteadOf", with_login(&good)),
        &good,
    );
    for url in [
        format!("{good}@{evil_place}/acme/rocket.git"),
        format!("{good}0/acme/rocket.git"),
        format!("{good}.evil.test/acme/rocket.git"),
    ] {
        world.point_to(&url);
        assert!(!push_without_variable(&world), "{url}");
        let report = world.report(&["step", "push"]);
        assert_eq!(report["reason"], "remote-url", "{url}: {report}");
    }
    assert!(!got_credentials(&evil));
    // The control: the same rewrite, for the place that it is for.
    world.point_to(&format!("{good}/acme/rocket.git"));
    assert!(push_without_variable(&world));
}

#[test]
fn a_rewrite_for_a_directory_lends_its_login_to_no_other_directory() {
    supervise!();
    let world = World::new();
    let good = world.git.url();
    configure(
        &world,
        &format!("url.{}/acme.insteadOf", with_login(&good)),
        "team",
    );
    for rest in ["-evil/rocket.git", "evil", ".gitevil/rocket.git"] {
        world.point_to(&format!("team{rest}"));
        let report = world.report(&["step", "push"]);
        // Without a colon or a slash it is a path for git, unless it is rewritten.
        assert_eq!(report["reason"], "remote-url", "{rest}: {report}");
    }
    assert!(!got_credentials(&world.git));
    // The control: below the directory.
    world.point_to("team/rocket.git");
    assert!(push_without_variable(&world));
}

#[test]
fn the_advice_for_a_refused_rewrite_works() {
    supervise!();
    let world = World::new();
    let good = world.git.url();
    // A base that ends in the middle of the host: the repository's URL would choose the rest.
    let cut = good.strip_suffix(|_: char| true).unwrap();
    configure(
        &world,
        &format!("url.{}.insteadOf", with_login(cut)),
        "work:",
    );
    let rest = good.strip_prefix(cut).unwrap();
    world.point_to(&format!("work:{rest}/acme/rocket.git"));
    let report = world.report(&["step", "push"]);
    let advice = report["advice"].as_str().unwrap_or_default().to_owned();
    assert!(
        advice.starts_with("end both `url.<base>` and its `insteadOf`"),
        "{report}"
    );
    configure(
        &world,
        &format!("url.{}/.insteadOf", with_login(&good)),
        "mine:",
    );
    world.point_to("mine:acme/rocket.git");
    assert!(push_without_variable(&world));
}

#[test]
fn a_login_for_a_directory_is_not_sent_to_the_one_above() {
    supervise!();
    let world = World::new();
    let helper = format!("!f() {{ echo username=x-access-token; echo password={TOKEN}; }}; f");
    let url = world.git.url();
    configure(&world, &format!("credential.{url}/team/.helper"), &helper);
    for path in [
        "team/../acme/rocket.git",
        "team/%2e%2E/acme/rocket.git",
        "team/.%2e/acme/rocket.git",
        "team%2f..%2facme/rocket.git",
    ] {
        world.point_to(&format!("{url}/{path}"));
        assert!(!push_without_variable(&world), "{path}");
    }
    assert!(!got_credentials(&world.git));
    configure(&world, &format!("credential.{url}/acme/.helper"), &helper);
    for path in ["%61cme/rocket.git", "acme/rocket.git"] {
        world.point_to(&format!("{url}/{path}"));
        assert!(push_without_variable(&world), "{path}");
    }
}

#[test]
fn a_forges_token_goes_to_no_other_port_of_its_host() {
    supervise!();
    let world = World::new();
    let evil = second_server(&world);
    world.point_to(&format!("{}/acme/rocket.git", evil.url()));
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["reason"], "auth", "{report}");
    assert!(!got_credentials(&evil));
    // The control: the origin that `forge.git-origins` lists.
    world.point_to(&format!("{}/acme/rocket.git", world.git.url()));
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}
