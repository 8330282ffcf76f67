//! What is packaged and described: the unit of systemd, the commands of the guide.

use std::path::Path;
use std::process::Command;

use pretty_assertions::assert_eq;
use sendoff_testing::tool;

use super::server::{Home, SECRET, issue};

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

#[test]
fn the_commands_of_the_guide_set_a_machine_up() {
    let guide = file("docs/guide/events.md");
    let block = guide
        .split("```sh\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let commands: Vec<&str> = block.lines().collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    let home = Home::new("");
    std::fs::remove_file(home.sandbox.path("home/.config/sendoff/policy.toml")).unwrap();
    assert!(commands[0].starts_with("sendoff "));
    let arguments: Vec<&str> = commands[0].split(' ').skip(1).collect();
    let (code, _, said) = home.run(&arguments, b"");
    assert_eq!(code, Some(0), "{said}");
    let path = home.sandbox.path("home/.config/sendoff/policy.toml");
    let policy = std::fs::read_to_string(path).unwrap();
    // Another server may have the port at which the guide's listens.
    home.write_policy(&format!("[serve]\nlisten = \"127.0.0.1:0\"\n{policy}"));
    let variable = commands[1]
        .strip_prefix("export ")
        .unwrap()
        .split('=')
        .next()
        .unwrap();
    home.schedule("pick-up-work", &[]);
    assert_eq!(commands[3], "sendoff serve &");
    let server = home.serve_with(&[(variable, SECRET)]);
    let got = server.deliver("issues", "d-1", &issue(1));
    assert_eq!(
        got.json()["matched"][0]["schedules"][0],
        "pick-up-work",
        "{got:?}"
    );
    assert!(commands[4].contains("http://127.0.0.1:8642/hooks/github"));
}
