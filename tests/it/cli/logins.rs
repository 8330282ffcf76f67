//! What is remembered of a remote from one run to the next: whether it wants a login.

use sendoff::demo::git_server::{GitServer, GitServerOptions};
use sendoff::process::Inheritance;

use crate::sandbox::environment;
use crate::world::{TOKEN, World};

/// Configures a helper for the user, which writes down that it was asked.
fn helper(world: &World) {
    let asked = world.sandbox.path("asked");
    let helper = format!(
        "!echo $1 >> {}; echo username=x-access-token; echo password={TOKEN}; true",
        asked.display()
    );
    let arguments = ["config", "--global", "credential.helper", &helper];
    world.sandbox.git(world.work(), &arguments);
}

/// How a server answered those who asked for its refs during one push.
struct Asked {
    /// The status of each answer to the push itself, and whether the request had a login.
    push: Vec<(u16, bool)>,
    /// How many requests of this run were refused for want of a login. The question for the remote's HEAD is asked
    /// beside the push, and either of the two may be the first to hear that a login is wanted: all of them count.
    unauthorized: usize,
}

/// Pushes, and returns how the server answered.
fn push(world: &World, server: &GitServer) -> Asked {
    let before = server.log().len();
    let variables = world.variables().into_iter();
    // Without the token's variable it is the helper's turn.
    let variables: Vec<_> = variables
        .filter(|(name, _)| *name != "SENDOFF_TOKEN")
        .collect();
    let said = world.run_in(&world.work(), &["step", "push"], &variables);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let log = server.log().split_off(before);
    let of_push = log
        .iter()
        .filter(|entry| entry.query == "service=git-receive-pack");
    Asked {
        push: of_push
            .map(|entry| (entry.status.unwrap_or_default(), entry.has_credentials))
            .collect(),
        unauthorized: log.iter().filter(|it| it.status == Some(401)).count(),
    }
}

#[test]
fn a_server_that_wanted_a_login_gets_it_with_the_first_request_of_the_next_run() {
    let world = World::new();
    helper(&world);
    let first = push(&world, &world.git);
    assert!(first.unauthorized > 0);
    assert_eq!(first.push.last(), Some(&(200, true)));
    world.commit("a.txt", "three\n", "Add more");
    let second = push(&world, &world.git);
    assert_eq!((second.push, second.unauthorized), (vec![(200, true)], 0));
}

#[test]
fn a_server_that_wanted_a_login_long_ago_is_asked_without_one_once() {
    let world = World::new();
    helper(&world);
    push(&world, &world.git);
    let records = world.sandbox.path("home/.local/state/sendoff/remotes");
    for record in std::fs::read_dir(records).unwrap() {
        let path = record.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(record["login_seen_at"].is_string(), "{record}");
        record["login_seen_at"] = "2020-01-01T00:00:00Z".into();
        std::fs::write(&path, record.to_string()).unwrap();
    }
    world.commit("a.txt", "three\n", "Add more");
    let first = push(&world, &world.git);
    assert!(first.unauthorized > 0);
    assert_eq!(first.push.last(), Some(&(200, true)));
    world.commit("a.txt", "four\n", "Add more");
    let second = push(&world, &world.git);
    assert_eq!((second.push, second.unauthorized), (vec![(200, true)], 0));
}

#[test]
fn no_helper_is_asked_for_a_server_that_wants_no_login() {
    let world = World::new();
    helper(&world);
    let environment = environment(&world.sandbox, &world.work());
    let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
    let served = world.sandbox.path("served");
    let open = GitServer::start(&served, &inheritance, GitServerOptions::default()).unwrap();
    let url = format!("{}/acme/rocket.git", open.url());
    world
        .sandbox
        .git(world.work(), &["remote", "set-url", "origin", &url]);
    for content in ["three\n", "four\n"] {
        world.commit("a.txt", content, "Add more");
        let asked = push(&world, &open);
        assert_eq!((asked.push, asked.unauthorized), (vec![(200, false)], 0));
    }
    assert!(!world.sandbox.path("asked").exists());
}

#[test]
fn a_damaged_record_is_as_good_as_none() {
    let world = World::new();
    helper(&world);
    push(&world, &world.git);
    let records = world.sandbox.path("home/.local/state/sendoff/remotes");
    for record in std::fs::read_dir(records).unwrap() {
        std::fs::write(record.unwrap().path(), "{\"url\": 7").unwrap();
    }
    world.commit("a.txt", "three\n", "Add more");
    let first = push(&world, &world.git);
    assert!(first.unauthorized > 0);
    assert_eq!(first.push.last(), Some(&(200, true)));
    world.commit("a.txt", "four\n", "Add more");
    let second = push(&world, &world.git);
    assert_eq!((second.push, second.unauthorized), (vec![(200, true)], 0));
}
