//! Runs a program of the user's on the terminal, such as an editor.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};

use super::limits::without_limits;

/// Runs an editor on a file as git runs one: `editor` is a command of the shell, with arguments of its own. It has the caller's
/// terminal and environment, and nothing ends it but itself.
pub fn run_editor(editor: &OsStr, file: &Path, directory: &Path) -> io::Result<ExitStatus> {
    let mut script = editor.to_owned();
    script.push(" \"$@\"");
    #[expect(clippy::disallowed_methods, reason = "this module starts programs")]
    let mut shell = Command::new("/bin/sh");
    shell
        .arg("-c")
        .arg(script)
        .arg(editor)
        .arg(file)
        .current_dir(directory);
    without_limits(|| shell.spawn())?.wait()
}
