//! The upstream that a push sets: where the configuration must not be written.

use std::fs;
use std::os::unix::fs::symlink;

use sendoff::git::Remote;
use sendoff::names::{BranchName, RemoteName, RemoteUrl};
use sendoff_testing::supervise;

use crate::git::open;
use crate::sandbox::Sandbox;

/// Guards a file elsewhere that a link in place of `config` leads to, and the link itself.
#[test]
fn a_configuration_behind_a_link_is_read_but_not_written() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("work");
    let config = work.join(".git/config");
    let elsewhere = sandbox.path("elsewhere");
    fs::rename(&config, &elsewhere).unwrap();
    symlink(&elsewhere, &config).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    let url = RemoteUrl::parse("https://example.com/o/r.git").unwrap();
    let remote = Remote::new(RemoteName::new("origin").unwrap(), url);
    let branch = BranchName::new("main").unwrap();
    let error = open(&sandbox, &work)
        .set_upstream(&remote, &branch)
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(
        format!("{error}: {cause}").replace(sandbox.path("").to_str().unwrap(), ""),
        "the upstream cannot be written to `work/.git/config`: it is, or lies behind, a symbolic link"
    );
    assert!(config.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
}
