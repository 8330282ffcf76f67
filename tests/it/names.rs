//! Names that we accept, git accepts.

use proptest::prelude::*;
use sendoff::names::{BranchName, RemoteName};
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn branch_names_that_we_accept_are_accepted_by_git(
        name in "[-+@./~^:?*\\[\\\\{} \u{0}-\u{20}\u{7f}a-zA-Z0-9\u{e9}\u{202e}]{0,12}(\\.lock|/|\\.|@\\{|\\.\\.|)?",
    ) {
        let Ok(accepted) = BranchName::new(name.clone()) else { return Ok(()) };
        prop_assume!(!name.contains('\0'));
        let sandbox = Sandbox::new();
        let output = sandbox
            .command("git")
            .args(["check-ref-format", "--branch", &name])
            .output()
            .unwrap();
        prop_assert!(output.status.success(), "git refuses {accepted:?}");
        let printed = String::from_utf8_lossy(&output.stdout);
        prop_assert_eq!(printed.trim_end_matches('\n'), accepted.as_str());
    }

    #[test]
    fn remote_names_that_we_accept_are_valid_in_a_ref(name in "[-./~^: a-z@\\{]{1,8}") {
        if RemoteName::new(name.clone()).is_ok() {
            let sandbox = Sandbox::new();
            let full = format!("refs/remotes/{name}/x");
            let output = sandbox.command("git").args(["check-ref-format", &full]).output().unwrap();
            prop_assert!(output.status.success(), "git refuses {full:?}");
        }
    }
}

#[test]
fn ordinary_names_are_accepted() {
    supervise!();
    for name in [
        "main",
        "feature/login",
        "a.b",
        "x@y",
        "#1",
        "\u{fc}ber",
        "a-b_c",
    ] {
        assert!(BranchName::new(name).is_ok(), "{name}");
    }
}
