//! What keeps a file from being written is told, with the file's name; and nothing is half done.

use std::fs;
use std::process::Command;

use crate::world::World;

use super::{done, sendoff, tree};

#[test]
fn a_directory_in_the_place_of_a_file_is_told() {
    let world = World::new();
    let file = world.sandbox.path("home/.claude/settings.json");
    fs::create_dir_all(&file).unwrap();
    let before = tree(&world.sandbox.path("home"));
    let said = sendoff(&world, &["install", "claude-code", "--yes"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(world.normalise(&said.stderr));
    assert_eq!(tree(&world.sandbox.path("home")), before);
}

#[test]
fn a_file_in_the_place_of_a_directory_is_told() {
    let world = World::new();
    world.sandbox.write("home/.claude", "a file\n");
    let said = sendoff(&world, &["install", "claude-code", "--yes"]);
    assert_eq!(said.code, Some(1));
    let program = assert_cmd::cargo::cargo_bin("sendoff");
    let told = said.stderr.replace(program.to_str().unwrap(), "[SENDOFF]");
    insta::assert_snapshot!(world.normalise(&told));
    // What is in the way goes away, and the same command works.
    fs::remove_file(world.sandbox.path("home/.claude")).unwrap();
    done(&world, &["install", "claude-code", "--yes"]);
}

/// A path with a line feed in it would be two lines of a hook.
#[test]
fn a_program_whose_path_has_a_control_character_is_not_written_anywhere() {
    let world = World::new();
    let odd = world.sandbox.path("odd\nplace");
    fs::create_dir(&odd).unwrap();
    let program = odd.join("sendoff");
    let built = assert_cmd::cargo::cargo_bin("sendoff");
    if fs::hard_link(&built, &program).is_err() {
        fs::copy(&built, &program).unwrap();
    }
    let before = tree(&world.work().join(".git"));
    let output = Command::new(&program)
        .args(["install", "git", "--yes"])
        .env_clear()
        .envs(world.sandbox.variables())
        .current_dir(world.work())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = world.normalise(&String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(told);
    assert_eq!(tree(&world.work().join(".git")), before);
}
