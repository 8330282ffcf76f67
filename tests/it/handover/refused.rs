//! What is no file of this user is not taken over: directories, links, others' files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use sendoff::handover::claim;
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::{file, later};

#[test]
fn d07_what_is_no_file_of_this_user_is_refused() {
    supervise!();
    let sandbox = Sandbox::new();
    let target = sandbox.write("secret.jsonl", "s\n");
    let refusal = |path: &Path| claim(path, later(0)).unwrap_err().to_string();
    let link = sandbox.path("link.jsonl");
    symlink(&target, &link).unwrap();
    assert_eq!(
        refusal(&link),
        format!("`{}` is a symbolic link", link.display())
    );
    let directory = sandbox.path("home");
    assert_eq!(
        refusal(&directory),
        format!("`{}` is a directory", directory.display())
    );
    let pipe = sandbox.pipe("pipe.jsonl");
    assert_eq!(
        refusal(&pipe),
        format!("`{}` is not a regular file", pipe.display())
    );
    assert!(target.exists() && link.is_symlink(), "nothing was moved");
    assert_eq!(
        claim(Path::new("/"), later(0)).unwrap_err().to_string(),
        "`/` is not the path of a file"
    );
}

#[test]
fn d07_another_users_file_is_refused() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "a\n");
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
        // Only root can give a file away; /etc belongs to root and not to who runs the test.
        let error = claim(Path::new("/etc/passwd"), later(0)).unwrap_err();
        assert_eq!(error.to_string(), "`/etc/passwd` is another user's file");
        return;
    }
    let error = claim(&path, later(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{}` is another user's file", path.display())
    );
    assert_eq!(error.code().as_str(), "refused");
    assert!(path.exists());
}

#[test]
fn a_private_directory_that_others_prepared_is_refused() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "a\n");
    let private = sandbox.path("box/results.jsonl.claimed");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o777)).unwrap();
    let error = claim(&path, later(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is a directory that others can write to",
            private.display()
        )
    );
    fs::remove_dir(&private).unwrap();
    symlink(sandbox.home(), &private).unwrap();
    let error = claim(&path, later(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{}` is not a directory", private.display())
    );
    assert!(path.exists());
}
