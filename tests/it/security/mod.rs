//! Attacks that once succeeded, each beside the honest use that it imitates.

mod borrowed;
mod branches;
mod catalogue;
mod files;
mod fleet;
mod generated;
mod git_dir;
mod policy_base;
mod policy_changed;
mod policy_from_forge;
mod protected_flag;
mod redirects;
mod swapped;
mod tokens;
mod trust;

use secrecy::SecretString;
use sendoff::demo::git_server::{GitServer, GitServerOptions};
use sendoff::process::Inheritance;

use crate::sandbox::environment;
use crate::world::{TOKEN, World};

/// Starts a second server for what the first one serves, which wants a login, too.
fn second_server(world: &World) -> GitServer {
    server_with(world, |_| {})
}

/// Starts a second server likewise, with options of its own.
fn server_with(world: &World, change: impl FnOnce(&mut GitServerOptions)) -> GitServer {
    let environment = environment(&world.sandbox, &world.work());
    let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
    let mut options = GitServerOptions {
        login: Some(("x-access-token".into(), SecretString::from(TOKEN))),
        ..GitServerOptions::default()
    };
    change(&mut options);
    GitServer::start(&world.sandbox.path("served"), &inheritance, options).unwrap()
}

/// Sets a key of the user's git configuration.
fn configure(world: &World, key: &str, value: &str) {
    let arguments = ["config", "--global", "--add", key, value];
    world.sandbox.git(world.work(), &arguments);
}

/// Says whether anybody sent credentials to the server.
fn got_credentials(server: &GitServer) -> bool {
    server.log().iter().any(|request| request.has_credentials)
}

/// Pushes without a token in the environment; says whether the branch arrived.
fn push_without_variable(world: &World) -> bool {
    let variables = world.variables().into_iter();
    let variables: Vec<_> = variables
        .filter(|(name, _)| *name != "SENDOFF_TOKEN")
        .collect();
    world.run_in(&world.work(), &["step", "push"], &variables);
    !world.tip("feature/x").is_empty()
}
