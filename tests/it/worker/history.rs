//! `sendoff history`: what was recorded of a run.

use crate::world::World;

#[test]
fn a_run_is_in_the_history_and_shown_as_bars() {
    let world = World::new();
    let report = world.report(&["run", "post-commit"]);
    let id = report["run_id"].as_str().unwrap();
    let listed = world.run(&["history"]).stdout;
    assert!(listed.starts_with(&id[..23]), "{listed}");
    assert!(listed.contains("post-commit  feature/x"), "{listed}");
    let shown = world.run(&["history", id]).stdout;
    assert!(
        shown.contains("push       |") && shown.contains('█'),
        "{shown}"
    );
    let again = world.run(&["history", id, "--json"]).report();
    assert_eq!(again["steps"], report["steps"]);
    let said = world.run(&["history", "nothing"]);
    assert_eq!(said.code, Some(64));
    assert!(
        said.stderr.contains("`sendoff history` lists them"),
        "{}",
        said.stderr
    );
}
