//! One file, one mistake: the rendered error is the test.

use sendoff::policy::LayerKind;
use sendoff_testing::supervise;

use super::{error, rendered};

/// Returns the layer that a file of the tests stands for, by the beginning of its name.
fn origin_of(name: &str) -> LayerKind {
    match name.split('-').next() {
        Some("repository") => LayerKind::Repository,
        Some("command") => LayerKind::PolicyFile,
        _ => LayerKind::User,
    }
}

#[test]
fn each_mistake_is_shown_with_its_place_and_what_to_do() {
    supervise!();
    insta::glob!("../../policies/invalid", "*.toml", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let error = error(origin_of(name), &text);
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_input_file(path);
        settings.bind(|| insta::assert_snapshot!(rendered(&error)));
    });
}

#[test]
fn a_bad_layer_of_system_or_user_fails_closed_and_the_others_stay() {
    supervise!();
    for origin in [LayerKind::System, LayerKind::User] {
        let loaded = super::load(&[
            (origin, "[limits"),
            (LayerKind::Repository, "[limits]\ncommits = 5"),
        ]);
        assert!(loaded.fail_closed);
        assert_eq!(loaded.problems[0].origin, origin);
        assert_eq!(loaded.policy.branch_limits().commits.get(), 5);
        assert!(loaded.policy.pipeline("post-task").is_some());
    }
}

#[test]
fn a_bad_layer_of_the_repository_is_dropped_and_the_others_stay() {
    supervise!();
    let loaded = super::load(&[
        (LayerKind::User, "[limits]\ncommits = 7"),
        (
            LayerKind::Repository,
            "[branches]\nprotected = [\"x\"]\n[limits",
        ),
    ]);
    assert!(!loaded.fail_closed);
    assert_eq!(loaded.problems.len(), 1);
    assert_eq!(
        loaded.problems[0].error.one_line(),
        "repository:3:8: not valid TOML: unclosed table, expected `]`"
    );
    assert_eq!(loaded.policy.limits().commits.get(), 7);
    let x = sendoff::names::BranchName::new("x").unwrap();
    assert!(
        loaded.policy.permit_push(&x).is_ok(),
        "part of a dropped layer held"
    );
}

#[test]
fn what_a_terminal_obeys_is_not_shown() {
    supervise!();
    let hostile =
        "[limits]\ncommits = \"\\u001B[2J\u{202e}\" # \u{202e}\n\"\\u001B]0;x\\u0007\" = 1\n";
    for text in [hostile, "x = \u{1b}[31m"] {
        let error = error(LayerKind::Repository, text);
        for shown in [rendered(&error), error.one_line(), error.to_string()] {
            let bad = shown
                .chars()
                .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert_eq!(bad, None, "{shown:?}");
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_named_and_not_shown() {
    supervise!();
    let text = format!("[limits]\ncommits = \"{}\"\n", "x".repeat(100_000));
    let error = error(LayerKind::User, &text);
    assert!(rendered(&error).len() < 1000);
    assert!(
        error
            .to_string()
            .starts_with("user:2:11: `limits.commits`: got the string")
    );
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    supervise!();
    let arrays = format!("x = {}", "[".repeat(100_000));
    let closed = format!("x = {}{}", "[".repeat(30_000), "]".repeat(30_000));
    let tables = format!("x = {}1", "{a=".repeat(30_000));
    let dotted = format!("{}x = 1", "a.".repeat(30_000));
    for text in [arrays, closed, tables, dotted] {
        let shown = error(LayerKind::User, &text).one_line();
        assert!(
            shown.contains("nested too deeply") || shown.contains("not valid TOML"),
            "{shown}"
        );
    }
}
