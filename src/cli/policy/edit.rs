//! `sendoff policy edit`: opens a policy in the user's editor, and checks it afterwards.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::policy::preset;
use crate::process::run_editor;
use crate::session::check_file;

use super::super::output::eprint;
use super::check::tell_check;
use super::init::{Target, create, path_of};

/// The editor where no variable names one, as for git.
const EDITOR: &str = "vi";

/// Opens the policy in the editor and says what is wrong with what was saved. The file stays as it was saved.
pub(super) fn edit(target: Target, directory: Option<&Path>, environment: &Environment) -> Exit {
    let path = match path_of(target, directory, environment) {
        Ok(path) => path,
        Err(message) => {
            eprint(&message);
            return Exit::Failed;
        }
    };
    let is_new = !path.exists();
    let commented = preset("default").unwrap_or_default();
    if is_new && let Err(error) = create(&path, commented) {
        eprint(&format!("{} cannot be written: {error}", path.display()));
        return Exit::Failed;
    }
    let editor = editor(environment);
    let shown = editor.to_string_lossy();
    match run_editor(&editor, &path, environment.cwd()) {
        Ok(status) if status.success() => {}
        Ok(status) => {
            eprint(&format!(
                "the editor `{shown}` ended with {status}: {} is not checked",
                path.display()
            ));
            return Exit::Failed;
        }
        Err(error) => {
            eprint(&format!("the editor `{shown}` cannot be started: {error}"));
            return Exit::Failed;
        }
    }
    let exit = tell_check(&check_file(&path, environment), Some(&path), false);
    if exit == Exit::Policy {
        let repo = if target == Target::Repository {
            " --repo"
        } else {
            ""
        };
        eprint(&format!(
            "{} is saved as it is; to correct it: sendoff policy edit{repo}",
            path.display()
        ));
    }
    exit
}

/// Returns the user's editor, as a command of the shell.
fn editor(environment: &Environment) -> OsString {
    let mut named = ["VISUAL", "EDITOR"].into_iter();
    let named = named.find_map(|name| environment.raw(name).filter(|value| !value.is_empty()));
    named
        .map_or(OsStr::new(EDITOR), OsStr::from_bytes)
        .to_owned()
}
