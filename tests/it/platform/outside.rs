//! Forge and platform are reached as git's configuration says outside of a repository too, and as `[network]` says.

use sendoff_testing::supervise;
use serde_json::json;

use crate::push::proxy::proxy;
use crate::world::World;

/// Where no host is; only a proxy could reach it.
const PLATFORM: &str = "http://platform.invalid";

fn variables(world: &World) -> Vec<(&'static str, String)> {
    let mut variables = world.variables();
    variables.retain(|(name, _)| *name != "PLATFORM_URL");
    variables.push(("PLATFORM_URL", PLATFORM.to_owned()));
    variables
}

fn seen_by(seen: &std::sync::Mutex<Vec<String>>) -> String {
    seen.lock().unwrap().first().cloned().unwrap_or_default()
}

/// Guards that the user's global configuration counts for the platform where there is no repository: in a run, and when the
/// outbox is delivered.
#[test]
fn the_users_proxy_counts_outside_of_a_repository() {
    supervise!();
    let world = World::new();
    world.user_policy("[network]\nallow-http = [\"platform.invalid\"]\n");
    let nowhere = world.sandbox.path("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    let set = |value: &str| {
        world
            .sandbox
            .git(world.work(), &["config", "--global", "http.proxy", value])
    };
    // Nobody listens there, so that the memory waits.
    set("http://127.0.0.1:1");
    let task = world
        .sandbox
        .write("task.json", r#"{"task":{"input":"remember","ok":true}}"#);
    let arguments = ["run", "--json", "--input", task.to_str().unwrap()];
    let said = world.run_in(&nowhere, &arguments, &variables(&world));
    let report = said.report();
    assert_eq!(
        crate::world::step(&report, "memory-commit")["verdict"],
        "queued",
        "{report}"
    );
    let (place, seen) = proxy();
    set(&format!("http://u:p@{place}"));
    world.run_in(&nowhere, &["flush"], &variables(&world));
    let first = seen_by(&seen);
    assert!(first.starts_with(&format!("POST {PLATFORM}/")), "{first}");

    let (place, seen) = proxy();
    set(&format!("http://u:p@{place}"));
    world.run_in(&nowhere, &["run", "--json"], &variables(&world));
    let first = seen_by(&seen);
    assert!(first.contains(&format!("{PLATFORM}/")), "{first}");
}

/// Guards that `[network]` is above git's configuration for push and platform alike: the proxy, and what goes past it.
#[test]
fn the_policys_proxy_counts_for_push_and_platform() {
    supervise!();
    let world = World::new();
    let (place, seen) = proxy();
    let network = format!(
        "[network]\nproxy = \"http://u:p@{place}\"\nallow-http = [\"platform.invalid\", \"git.invalid\"]\n[remotes]\nallowed = [\"http://git.invalid/**\"]\n"
    );
    world.sandbox.git(
        world.work(),
        &["config", "--global", "http.proxy", "http://127.0.0.1:1"],
    );
    world.user_policy(&network);
    world.point_to("http://git.invalid/acme/rocket.git");
    let step = |name: &str| {
        world.run_in(&world.work(), &["step", name, "--json"], &variables(&world));
        let first = seen_by(&seen);
        seen.lock().unwrap().clear();
        first
    };
    let pushed = step("push");
    assert!(
        pushed.contains("http://git.invalid/acme/rocket.git/info/refs"),
        "{pushed}"
    );
    let beat = step("heartbeat-clear");
    assert!(beat.contains(PLATFORM), "{beat}");
    let past = network.replace("allow-http", "no-proxy = [\"invalid\"]\nallow-http");
    world.user_policy(&past);
    assert_eq!(step("push"), "");
    assert_eq!(step("heartbeat-clear"), "");
}

/// Guards the advice of a memory that waits because it would go without encryption: it goes to this origin only.
#[test]
fn a_memory_that_waits_for_plain_http_goes_once_its_host_is_listed() {
    supervise!();
    let world = World::new();
    let task = world
        .sandbox
        .write("task.json", r#"{"task":{"input":"remember","ok":true}}"#);
    let task = task.to_str().unwrap();
    let arguments = ["step", "memory-commit", "--json", "--input", task];
    let line = world
        .run_in(&world.work(), &arguments, &variables(&world))
        .report();
    assert_eq!(
        (&line["verdict"], &line["reason"]),
        (&json!("queued"), &json!("plain-http-refused")),
        "{line}"
    );
    assert_eq!(
        line["advice"],
        "list the host in `network.allow-http` in the user's policy if its network is yours; \
         it is sent again by itself; to try now: sendoff flush"
    );
    // Obeyed.
    let (place, seen) = proxy();
    world.user_policy(&format!(
        "[network]\nproxy = \"http://u:p@{place}\"\nallow-http = [\"platform.invalid\"]\n"
    ));
    world.run_in(&world.work(), &["flush"], &variables(&world));
    let first = seen_by(&seen);
    assert!(first.starts_with(&format!("POST {PLATFORM}/")), "{first}");
    assert!(first.contains("/memories"), "{first}");
}

/// Guards that the preset for agents' workspaces reaches the platform's own container by http.
#[test]
fn the_preset_of_agents_workspaces_lets_the_platform_be_reached_by_http() {
    supervise!();
    let world = World::new();
    let policy = world.home_policy();
    std::fs::remove_file(&policy).unwrap();
    let made = world.run(&["policy", "init", "--preset", "molecule"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let (place, seen) = proxy();
    let mut variables = variables(&world);
    variables.retain(|(name, _)| *name != "PLATFORM_URL");
    variables.push(("PLATFORM_URL", "http://platform:8080".to_owned()));
    variables.push(("http_proxy", format!("http://u:p@{place}")));
    world.run_in(
        &world.work(),
        &["step", "heartbeat-clear", "--json"],
        &variables,
    );
    let first = seen_by(&seen);
    assert!(first.contains("http://platform:8080/"), "{first}");
}
