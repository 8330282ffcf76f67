//! Tests of `git::pr_template`.

use std::path::Path;

use sendoff::git::PrTemplate;
use sendoff_testing::supervise;

use super::{id, open};
use crate::sandbox::Sandbox;

/// Returns the template after one commit of the given files.
fn template(given: &[(&str, &str)]) -> Option<(String, String)> {
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for (path, content) in given {
        sandbox.write(&format!("r/{path}"), content);
    }
    found(&sandbox, &work)
}

fn found(sandbox: &Sandbox, work: &Path) -> Option<(String, String)> {
    match looked_up(sandbox, work) {
        PrTemplate::Found { path, text } => Some((path, text)),
        _ => None,
    }
}

fn looked_up(sandbox: &Sandbox, work: &Path) -> PrTemplate {
    let head = sandbox.commit(work, "extra", "x", "templates");
    open(sandbox, work).pr_template(id(&head))
}

#[test]
fn the_places_are_looked_at_in_order_and_case_does_not_count() {
    supervise!();
    let github = (".GitHub/Pull_Request_Template.md", "github\n");
    let root = ("PULL_REQUEST_TEMPLATE.md", "root\n");
    let docs = ("docs/pull_request_template.txt", "docs\n");
    let path = |given: &[(&str, &str)]| template(given).map(|(path, _)| path);
    assert_eq!(path(&[docs, root, github]).as_deref(), Some(github.0));
    assert_eq!(path(&[docs, root]).as_deref(), Some(root.0));
    assert_eq!(path(&[docs]).as_deref(), Some(docs.0));
    assert_eq!(path(&[("pull_request_template.rs", "x")]), None);
    assert_eq!(path(&[]), None);
    assert_eq!(template(&[docs]).unwrap().1, "docs\n");
}

#[test]
fn a_directory_of_templates_counts_when_there_is_no_choice() {
    supervise!();
    let one = (".github/PULL_REQUEST_TEMPLATE/bug.md", "bug");
    let two = (".github/PULL_REQUEST_TEMPLATE/feature.md", "feature");
    assert_eq!(template(&[one]), Some((one.0.into(), "bug".into())));
    assert_eq!(template(&[one, two]), None);
}

#[test]
fn links_long_files_and_what_is_not_committed_do_not_count() {
    supervise!();
    let long = "x".repeat(65 * 1024);
    assert_eq!(template(&[("pull_request_template.md", &long)]), None);
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let link = work.join("pull_request_template.md");
    std::os::unix::fs::symlink("README", &link).unwrap();
    let PrTemplate::Unusable { path, why } = looked_up(&sandbox, &work) else {
        panic!("it was used, or nothing is said of it");
    };
    assert_eq!(
        (path.as_str(), why),
        ("pull_request_template.md", "it is a link, and no file")
    );
    std::fs::remove_file(&link).unwrap();
    let head = sandbox.commit(&work, "a", "1", "without");
    std::fs::write(&link, "not committed").unwrap();
    assert_eq!(
        open(&sandbox, &work).pr_template(id(&head)),
        PrTemplate::None
    );
}

#[test]
fn a_template_by_itself_comes_before_a_directory_of_them() {
    supervise!();
    let special = (".github/PULL_REQUEST_TEMPLATE/release.md", "special");
    let root = ("pull_request_template.md", "default");
    let docs = ("docs/pull_request_template.md", "docs");
    assert_eq!(template(&[special, root]).unwrap().1, "default");
    assert_eq!(template(&[special, docs]).unwrap().1, "docs");
}

#[test]
fn a_template_that_cannot_be_used_is_told() {
    supervise!();
    for (content, wanted) in [
        (vec![0xff, b'a'], "it is not UTF-8 text"),
        (vec![b'x'; 65 * 1024], "it is larger than 64 KiB"),
    ] {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("r");
        std::fs::write(work.join("pull_request_template.md"), content).unwrap();
        let PrTemplate::Unusable { path, why } = looked_up(&sandbox, &work) else {
            panic!("it was used");
        };
        assert_eq!((path.as_str(), why), ("pull_request_template.md", wanted));
    }
}

#[test]
fn control_characters_are_taken_out() {
    supervise!();
    let given = [("pull_request_template.md", "a\u{1b}[31m\r\n\tb\n")];
    assert_eq!(template(&given).unwrap().1, "a[31m\n\tb\n");
    // Where a carriage return alone ends a line, the lines stay lines.
    let given = [("pull_request_template.md", "a\r\rb\r")];
    assert_eq!(template(&given).unwrap().1, "a\n\nb\n");
}
