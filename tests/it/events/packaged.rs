//! What is packaged: the unit of systemd.

use std::path::Path;
use std::process::Command;

use pretty_assertions::assert_eq;
use sendoff_testing::tool;

use super::server::Home;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_unit_starts_a_command_that_there_is() {
    let unit = file("packaging/systemd/sendoff.service");
    let value = |key: &str| {
        let line = unit
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .unwrap();
        line.to_owned()
    };
    let words = value("ExecStart=/usr/local/bin/");
    let parsed = sendoff::cli::command().try_get_matches_from(words.split(' '));
    assert!(parsed.is_ok(), "{parsed:?}");
    assert_eq!(value("Type="), "notify");
    assert_eq!(value("ExecReload="), "/bin/kill -HUP $MAINPID");
    // The codes of a wrong command line and of a wrong policy.
    assert_eq!(value("RestartPreventExitStatus="), "64 78");
}

#[test]
fn systemd_understands_the_unit() {
    let Some(analyze) = tool("systemd-analyze") else {
        return;
    };
    let home = Home::new("");
    let unit =
        file("packaging/systemd/sendoff.service").replace("/usr/local/bin/sendoff", "/bin/true");
    let path = home.sandbox.write("sendoff.service", unit);
    let output = Command::new(analyze)
        .arg("verify")
        .arg(path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let about: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("sendoff.service"))
        .collect();
    assert_eq!(about, [""; 0]);
}
