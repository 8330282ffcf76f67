//! The program under a shell that limits it, and what is left of its work.

use std::process::{Command, Stdio};

use sendoff_testing::wait_until;

use crate::program::Said;
use crate::world::World;

use super::program;

/// Returns a shell that runs a script with the world's variables in the clone; `$sendoff` is the program.
pub(super) fn shell(world: &World, script: &str) -> Command {
    let mut shell = world.sandbox.command("sh");
    shell
        .args(["-c", script])
        .envs(world.variables())
        .env("sendoff", program())
        .current_dir(world.work())
        .stdin(Stdio::null());
    shell
}

pub(super) fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    Said {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    }
}

/// The branch is on the server as it is in the clone.
pub(super) fn assert_shipped(world: &World) {
    let head = world.sandbox.head(&world.work());
    wait_until("the branch", || {
        (world.tip("feature/x") == head).then_some(())
    });
}

pub(super) fn memories(world: &World) -> usize {
    world.platform.memories().len()
}
