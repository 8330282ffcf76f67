//! A mistake in the user's policy lets nothing leave, and costs nothing that waits.

use serde_json::json;

use crate::world::{World, step};

use super::put_off::memories;
use super::{hand_over_and_end_at, wait_for_workers};

/// The platform as a user's policy names it, without help by the environment.
fn platform_by_policy(world: &World) -> String {
    let (url, token) = (
        world.platform.url(),
        world.sandbox.path("configs/.auth_token"),
    );
    format!(
        "[platform]\nurl = \"{url}\"\nworkspace-id = \"ws-1\"\ntoken-file = \"{}\"\n",
        token.display()
    )
}

/// Guards that a memory survives a user's policy that cannot be read, though nobody knows then where it goes.
#[test]
fn p02_a_memory_waits_for_the_users_policy_to_be_corrected() {
    let world = World::new();
    let platform = platform_by_policy(&world);
    let variables = [("SENDOFF_TOKEN", crate::world::TOKEN.to_owned())];
    let task = json!({"task": {"input": "Fix it"}}).to_string();
    let run = |arguments: &[&str], input: &str| {
        let (sandbox, work) = (&world.sandbox, world.work());
        crate::program::run(sandbox, &work, arguments, &variables, input.as_bytes())
    };
    world.user_policy(&format!("{platform}[branches]\nprotectd = [\"x\"]\n"));
    let said = run(&["hook", "executor"], &task);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    assert!(
        said.stderr
            .starts_with("sendoff: the user policy is left out: "),
        "{}",
        said.stderr
    );
    // In the foreground it waits as well, and says so.
    let said = run(
        &["run", "--input", "-", "--json"],
        &json!({"task": {"input": "Second"}}).to_string(),
    );
    let report = said.report();
    let line = step(&report, "memory-commit");
    assert_eq!(
        (&line["verdict"], &line["reason"], said.code),
        (&json!("queued"), &json!("policy-error"), Some(78)),
        "{report}"
    );
    assert_eq!(step(&report, "heartbeat-clear")["verdict"], "skipped");
    wait_for_workers(&world);
    assert_eq!(
        run(&["flush"], "").code,
        Some(75),
        "the policy is broken still"
    );
    let status = run(&["status"], "");
    assert_eq!(status.code, Some(75));
    assert!(
        status
            .stdout
            .contains("put off (policy-error); tried again after "),
        "{}",
        status.stdout
    );
    assert!(world.git.log().is_empty() && world.platform.log().is_empty());
    world.user_policy(&platform);
    assert_eq!(run(&["flush"], "").code, Some(0));
    let mut sent = memories(&world);
    sent.sort();
    assert_eq!(sent, ["Conversation: Fix it", "Conversation: Second"]);
    assert_eq!(run(&["flush"], "").code, Some(0));
    assert_eq!(memories(&world).len(), 2);
}

/// Guards that git's hooks, which carry no memory, tell of the broken policy and keep nothing.
#[test]
fn p02_a_hook_without_a_task_tells_of_the_broken_policy_and_keeps_nothing() {
    let world = World::new();
    world.user_policy("nonsense = 1\n");
    let said = world.run(&["hook", "git-post-commit"]);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    assert!(said.stderr.contains("nonsense"), "{}", said.stderr);
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    assert!(!super::has_store(&world));
}

/// Guards that a mistake in the policy, which somebody will correct, does not cost what waits: neither a branch that is to be
/// tried again nor one that was handed over before it.
#[test]
fn a_branch_that_waits_outlives_a_mistake_in_the_policy() {
    for handed_over in [false, true] {
        let world = World::new();
        let url = format!("{}/acme/rocket.git", world.git.url());
        if handed_over {
            hand_over_and_end_at(&world, &world.work(), "git-post-commit", "worker-told");
        } else {
            world.point_to("http://127.0.0.1:9/acme/rocket.git");
            assert_eq!(world.run(&["run", "post-commit"]).code, Some(75));
            world.point_to(&url);
        }
        wait_for_workers(&world);
        world.user_policy("nonsense = 1\n");
        assert_eq!(world.run(&["flush"]).code, Some(75), "{handed_over}");
        let status = world.run(&["status"]);
        assert_eq!(status.code, Some(75), "{}", status.stdout);
        assert!(
            status.stdout.contains("(policy-error)"),
            "{}",
            status.stdout
        );
        assert!(world.git.log().is_empty());
        world.user_policy("");
        assert_eq!(world.run(&["flush"]).code, Some(0), "{handed_over}");
        assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
        assert_eq!(world.forge.pulls().len(), 1);
        assert_eq!(world.run(&["status"]).code, Some(0));
    }
}
