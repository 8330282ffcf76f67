//! Colours: verdict words on a terminal, and nothing else anywhere.

use crate::world::World;

const GREEN: &str = "\u{1b}[32mdone   \u{1b}[0m  push";

#[test]
fn verdicts_are_coloured_where_it_is_asked_for_and_nothing_else_is() {
    let world = World::new();
    let plain = world.run(&["run"]).stdout;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = world.run(&["--color", "always", "run"]).stdout;
    assert!(coloured.contains(GREEN), "{coloured}");
    for line in coloured.lines() {
        let rest = line.split_once("\u{1b}[0m").map_or(line, |(_, rest)| rest);
        assert!(!rest.contains('\u{1b}'), "{line}");
    }
    let json = world.run(&["--color", "always", "run", "--json"]).stdout;
    assert!(!json.contains('\u{1b}'), "{json}");
    let doctor = world.run(&["--color=always", "doctor"]).stdout;
    assert!(
        doctor.contains("\u{1b}[32mpass\u{1b}[0m  policy"),
        "{doctor}"
    );
    let said = world.run(&["--color", "blue", "run"]);
    assert_eq!(said.code, Some(64));
    assert!(
        said.stderr
            .contains("[possible values: auto, always, never]"),
        "{}",
        said.stderr
    );
}

#[test]
fn the_variables_count_as_elsewhere() {
    let world = World::new();
    let run = |pairs: &[(&'static str, &str)], arguments: &[&str]| {
        let mut variables = world.variables();
        variables.extend(
            pairs
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        world.run_in(&world.work(), arguments, &variables).stdout
    };
    let (forced, unset) = (("CLICOLOR_FORCE", "1"), ("NO_COLOR", ""));
    assert!(run(&[forced, unset], &["run"]).contains(GREEN));
    assert!(!run(&[forced, ("NO_COLOR", "1")], &["run"]).contains('\u{1b}'));
    assert!(!run(&[forced, unset], &["--color", "never", "run"]).contains('\u{1b}'));
}
