//! Runs the program in a sandbox, within bounded memory.

use std::io::{Write as _, pipe};
use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::CommandCargoExt;
use sendoff_testing::MemoryWatch;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// What the program said.
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Said {
    /// Reads the report on stdout.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

/// So many bytes fit into every pipe.
const FITS: usize = 4096;

/// Returns a pipe that holds `input` and has ended. A hook waits for its payload for a short time only, in which a test on
/// a busy machine may not come to write.
pub(crate) fn piped(input: &[u8]) -> Stdio {
    assert!(input.len() <= FITS, "{} bytes", input.len());
    let (stdin, mut to) = pipe().unwrap();
    to.write_all(input).unwrap();
    stdin.into()
}

/// Runs the program in a sandbox; whatever it reads, it takes bounded memory.
pub(crate) fn run(
    sandbox: &Sandbox,
    directory: &Path,
    arguments: &[&str],
    variables: &[(&str, String)],
    input: &[u8],
) -> Said {
    let mut command = program(sandbox, directory, arguments, variables);
    let stdin = if input.len() <= FITS {
        piped(input)
    } else {
        Stdio::piped()
    };
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let watch = MemoryWatch::start(running.id());
    let stdin = running.stdin.take();
    let output = std::thread::scope(|scope| {
        // It may end before it has read everything.
        scope.spawn(move || stdin.map(|mut stdin| drop(stdin.write_all(input))));
        running.wait_with_output().unwrap()
    });
    let said = Said {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    };
    assert!(
        !said.stderr.contains("panicked at"),
        "a panic: {}",
        said.stderr
    );
    watch.assert_bounded(&said.stderr);
    said
}

/// Returns the program, ready to be started in a sandbox.
pub(crate) fn program(
    sandbox: &Sandbox,
    directory: &Path,
    arguments: &[&str],
    variables: &[(&str, String)],
) -> Command {
    let mut command = Command::cargo_bin("sendoff").unwrap();
    let variables = variables.iter().map(|(name, value)| (*name, value));
    command
        .env_clear()
        .envs(sandbox.variables())
        .envs(variables)
        .current_dir(directory)
        .args(arguments);
    command
}
