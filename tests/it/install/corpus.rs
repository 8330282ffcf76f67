//! Files of all kinds before an installation: what is foreign in them stays, byte by byte, or nothing is written.

use std::fs;
use std::path::{Path, PathBuf};

use pretty_assertions::assert_eq;
use sendoff::environment::Environment;
use sendoff::install::{InstallContext, InstallError, Target, apply, plan_install, plan_uninstall};

use crate::sandbox::{Sandbox, environment};

/// The agents with a JSON file that others use too: the file below the home, the list, whether comments are read.
const JSON: &[(&str, &str, &str, bool)] = &[
    ("claude-code", ".claude/settings.json", "Stop", false),
    ("codex", ".codex/hooks.json", "Stop", false),
    ("cursor", ".cursor/hooks.json", "stop", false),
    ("gemini", ".gemini/settings.json", "AfterAgent", true),
];

/// A home, in which targets are installed and removed without a process.
pub(super) struct Home {
    sandbox: Sandbox,
    context: InstallContext,
}

impl Home {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::new();
        let environment: Environment = environment(&sandbox, &sandbox.home());
        let context = InstallContext::new(environment, None, "/opt/sendoff".into()).unwrap();
        Self { sandbox, context }
    }

    pub(super) fn write(&self, file: &str, content: &[u8]) -> PathBuf {
        self.sandbox.write(&format!("home/{file}"), content)
    }

    pub(super) fn install(&self, agent: &str) -> Result<(), InstallError> {
        let plan = plan_install(target(agent), None, &self.context)?;
        apply(&plan, &self.context, |_| ())
    }

    pub(super) fn uninstall(&self, agent: &str) -> Result<(), InstallError> {
        let plan = plan_uninstall(target(agent), None, &self.context)?;
        apply(&plan, &self.context, |_| ())
    }

    /// Forgets what was there before, as on another machine.
    pub(super) fn forget(&self) {
        let _absent = fs::remove_dir_all(self.sandbox.path("home/.local/state/sendoff/installs"));
    }
}

fn target(agent: &str) -> Target {
    let mut all = Target::all().iter();
    *all.find(|target| target.name() == agent).unwrap()
}

fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// Installs and removes, with and without the record of what was there; returns what the removal without it left.
pub(super) fn round_trip(
    home: &Home,
    agent: &str,
    file: &str,
    before: &str,
) -> Result<String, InstallError> {
    let path = home.write(file, before.as_bytes());
    home.install(agent)?;
    let installed = read(&path);
    assert_ne!(installed, before);
    home.install(agent)?;
    assert_eq!(read(&path), installed, "install twice is install once");
    home.uninstall(agent)?;
    assert_eq!(read(&path), before, "with the record");
    home.install(agent)?;
    assert_eq!(read(&path), installed);
    home.forget();
    home.uninstall(agent)?;
    let left = read(&path);
    home.uninstall(agent)?;
    assert_eq!(read(&path), left);
    Ok(left)
}

#[test]
fn json_of_every_layout_comes_back_byte_by_byte() {
    let home = Home::new();
    for (agent, file, event, comments) in JSON {
        let handler = match *agent {
            "cursor" => r#"{"command":"other"}"#,
            _ => r#"{"hooks":[{"type":"command","command":"other","timeout":5}]}"#,
        };
        let version = if *agent == "cursor" {
            "\"version\": 1,\n  "
        } else {
            ""
        };
        let mut cases = vec![
            format!("{{\n  {version}\"theme\": \"dark\"\n}}\n"),
            format!("{{\n  {version}\"theme\": \"dark\"\n}}"),
            format!("{{\n\t{version}\"theme\": \"dark\",\n\t\"n\": [1,2,\n 3]\n}}\n"),
            format!("{{\r\n  {version}\"theme\": \"dark\"\r\n}}\r\n"),
            format!("\u{feff}{{\n  {version}\"theme\": \"dark\"\n}}\n"),
            format!(
                "{{\n  {version}\"big\": 123456789012345678901234567890, \"f\": 1.0e+02, \"t\": \"\\u00e9\\/\\\"\"\n}}\n"
            ),
            format!(
                "{{\n  {version}\"hooks\": {{\n    \"Other\": [\n      {handler}\n    ]\n  }}\n}}\n"
            ),
            format!(
                "{{\n  {version}\"hooks\": {{\n    \"{event}\": [\n      {handler}\n    ]\n  }},\n  \"z\": null\n}}\n"
            ),
            format!(
                "{{\n  {version}\"hooks\": {{\n    \"{event}\": [\n      {handler},\n      {handler}\n    ],\n    \"Z\": []\n  }}\n}}\n"
            ),
        ];
        if *comments {
            cases.push("{\n  // of mine\n  \"theme\": \"dark\", /* and */ // more\n}\n".into());
            cases.push(format!("{{\n  \"hooks\": {{\n    // why\n    \"{event}\": [\n      {handler}, // last\n    ],\n  }},\n}}\n"));
        }
        for before in cases {
            let left = round_trip(&home, agent, file, &before).unwrap();
            assert_eq!(left, before, "{agent}");
        }
    }
}

#[test]
fn what_one_line_and_empty_files_leave_without_the_record_means_the_same() {
    let home = Home::new();
    for (agent, file, event, _) in JSON {
        for before in [
            String::new(),
            "\n".to_owned(),
            "{}".to_owned(),
            "{ }\n".to_owned(),
            "{\"a\":1}".to_owned(),
            format!("{{\"version\":1,\"hooks\":{{\"{event}\":[]}},\"a\":1}}"),
        ] {
            let left = round_trip(&home, agent, file, &before).unwrap();
            let meaning = |text: &str| -> serde_json::Value {
                let mut value: serde_json::Value =
                    serde_json::from_str(text).unwrap_or_else(|_| serde_json::json!({}));
                let object = value.as_object_mut().unwrap();
                // An empty list for us, and the version that a file needs, say nothing.
                object.retain(|key, value| {
                    !(key == "version"
                        || (key == "hooks" && !value.to_string().contains("command")))
                });
                value
            };
            assert_eq!(meaning(&left), meaning(&before), "{agent}: {left}");
        }
    }
}

#[test]
fn a_file_that_was_not_there_goes_with_its_directories() {
    let home = Home::new();
    for (agent, file, ..) in JSON {
        home.install(agent).unwrap();
        let path = home.sandbox.home().join(file);
        assert!(path.exists());
        home.uninstall(agent).unwrap();
        assert!(!path.parent().unwrap().exists(), "{agent}");
    }
}

#[test]
fn what_cannot_be_edited_safely_is_refused_with_the_lines_to_paste() {
    let home = Home::new();
    let mut texts = Vec::new();
    for (name, agent, file, content) in [
        (
            "broken",
            "claude-code",
            ".claude/settings.json",
            "{ \"a\": ".as_bytes(),
        ),
        (
            "a comment",
            "claude-code",
            ".claude/settings.json",
            b"{\n  // why\n  \"a\": 1\n}\n",
        ),
        (
            "a trailing comma",
            "cursor",
            ".cursor/hooks.json",
            b"{ \"a\": 1, }",
        ),
        (
            "a key twice",
            "claude-code",
            ".claude/settings.json",
            b"{ \"hooks\": {}, \"hooks\": {} }",
        ),
        (
            "a key twice below",
            "gemini",
            ".gemini/settings.json",
            b"{ \"a\": [{ \"b\": 1, \"b\": 2 }] }",
        ),
        ("a list", "codex", ".codex/hooks.json", b"[]"),
        (
            "hooks are a list",
            "codex",
            ".codex/hooks.json",
            b"{ \"hooks\": [] }",
        ),
        (
            "an event is an object",
            "gemini",
            ".gemini/settings.json",
            b"{ \"hooks\": { \"AfterAgent\": {} } }",
        ),
        (
            "not UTF-8",
            "gemini",
            ".gemini/settings.json",
            b"{ \"a\": \"\xff\" }",
        ),
        ("two documents", "gemini", ".gemini/settings.json", b"{} {}"),
        (
            "broken TOML",
            "codex-notify",
            ".codex/config.toml",
            b"a = \n",
        ),
        (
            "a key twice in TOML",
            "codex-notify",
            ".codex/config.toml",
            b"a = 1\na = 2\n",
        ),
        (
            "somebody's notify",
            "codex-notify",
            ".codex/config.toml",
            b"notify = [\"say\"]\n",
        ),
        (
            "a notify that is a text",
            "codex-notify",
            ".codex/config.toml",
            b"notify = \"say\"\n",
        ),
    ] {
        let path = home.write(file, content);
        let error = home.install(agent).expect_err(name);
        let root = home.sandbox.path("");
        let text = format!("{name}: {error}\n  {}\n", error.advice().unwrap());
        texts.push(text.replace(root.to_str().unwrap(), "[ROOT]/"));
        assert_eq!(fs::read(&path).unwrap(), content, "{name}");
        // There is nothing of ours in it to remove.
        home.uninstall(agent).unwrap();
        assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    }
    insta::assert_snapshot!(texts.concat());
}

#[test]
fn a_broken_file_with_our_call_is_not_taken_apart() {
    let home = Home::new();
    let mut texts = Vec::new();
    for (agent, file, content) in [
        (
            "claude-code",
            ".claude/settings.json",
            "{ \"hooks\": { \"Stop\": [{ \"hooks\": [{ \"command\": \"sendoff hook claude-code\" }]}], \n",
        ),
        (
            "codex-notify",
            ".codex/config.toml",
            "notify = [\"sendoff\", \"hook\", \"codex-notify\"]\na =\n",
        ),
    ] {
        let path = home.write(file, content.as_bytes());
        let error = home.uninstall(agent).unwrap_err();
        let root = home.sandbox.path("");
        let text = format!("{error}\n  {}\n", error.advice().unwrap());
        texts.push(text.replace(root.to_str().unwrap(), "[ROOT]/"));
        assert_eq!(read(&path), content);
    }
    insta::assert_snapshot!(texts.concat());
}

#[test]
fn deep_nesting_ends_in_an_error() {
    let home = Home::new();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    home.write(".claude/settings.json", deep.as_bytes());
    let error = home.install("claude-code").unwrap_err();
    assert!(
        error.to_string().contains("Maximum nesting depth exceeded"),
        "{error}"
    );
}

#[test]
fn our_call_is_known_in_other_words_and_said_once() {
    let home = Home::new();
    for handler in [
        r#"{"type":"command","command":"sendoff hook claude-code"}"#,
        r#"{"type":"command","command":"/usr/local/bin/sendoff hook claude-code","timeout":5}"#,
        r#"{"type":"command","command":"sendoff","args":["hook","claude-code"]}"#,
        r#"{"type":"command","command":"sh -c 'command -v sendoff >/dev/null || exit 0; exec sendoff hook claude-code'"}"#,
    ] {
        let before = format!(
            "{{\n  \"hooks\": {{\n    \"Stop\": [\n      {{\"hooks\":[{handler}]}},\n      {{\"hooks\":[{{\"command\":\"other\"}}]}}\n    ]\n  }}\n}}\n"
        );
        let path = home.write(".claude/settings.json", before.as_bytes());
        home.install("claude-code").unwrap();
        let text = read(&path);
        assert_eq!(
            text.matches("hook claude-code").count() + text.matches("\"hook\",").count(),
            1,
            "{text}"
        );
        home.forget();
        home.uninstall("claude-code").unwrap();
        assert!(!read(&path).contains("sendoff"), "{}", read(&path));
        assert!(read(&path).contains("other"));
    }
}

#[test]
fn codex_keeps_the_positions_of_the_hooks_that_it_trusts() {
    let home = Home::new();
    let other = |name: &str| format!("{{\"hooks\":[{{\"command\":\"{name}\"}}]}}");
    let list = |elements: &[String]| {
        format!(
            "{{\n  \"hooks\": {{\n    \"Stop\": [\n      {}\n    ]\n  }}\n}}\n",
            elements.join(",\n      ")
        )
    };
    let path = home.write(".codex/hooks.json", list(&[other("one")]).as_bytes());
    home.install("codex").unwrap();
    let position = |text: &str, name: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let all = value["hooks"]["Stop"].as_array().unwrap().clone();
        all.iter()
            .position(|group| group.to_string().contains(name))
    };
    assert_eq!(position(&read(&path), "one"), Some(0));
    assert_eq!(position(&read(&path), "sendoff"), Some(1));
    // Somebody adds one after ours.
    let ours = r#"{"hooks":[{"type":"command","command":"sendoff hook codex"}]}"#.to_owned();
    home.write(
        ".codex/hooks.json",
        list(&[other("one"), ours.clone(), other("two")]).as_bytes(),
    );
    home.install("codex").unwrap();
    assert!(
        read(&path).contains("\"sendoff hook codex\""),
        "what was reviewed stays as it is"
    );
    home.uninstall("codex").unwrap();
    assert_eq!(position(&read(&path), "two"), Some(2));
    assert_eq!(position(&read(&path), "sendoff"), None);
    home.write(".codex/hooks.json", list(&[other("one"), ours]).as_bytes());
    home.uninstall("codex").unwrap();
    assert_eq!(read(&path), list(&[other("one")]));
}

#[test]
fn toml_of_every_layout_comes_back_byte_by_byte() {
    let home = Home::new();
    for before in [
        "model = \"x\"\n",
        "model = \"x\"",
        "# first\nmodel = \"x\" # why\n\n[mcp.a]\ncommand = 'b'\n",
        "[mcp]\na = 1\n",
        "# about the table\n[mcp]\na = 1\n",
        "\n\n[[x]]\ny = { z = 1, w = [1,\n 2] }\n",
        "model = \"x\"\r\n[a]\r\nb = 0xff\r\n",
        "\u{feff}model = \"x\"\n",
        "a.b.c = 1979-05-27T07:32:00Z\n\"quoted key\" = '''\n[not a table]\n'''\n",
    ] {
        let left = round_trip(&home, "codex-notify", ".codex/config.toml", before).unwrap();
        assert_eq!(left.trim_end(), before.trim_end(), "without the record");
    }
    // The line goes to the top: below a table it would be that table's.
    let path = home.write(".codex/config.toml", b"# about\n[mcp]\na = 1\n");
    home.install("codex-notify").unwrap();
    assert_eq!(
        read(&path),
        "notify = [\"/opt/sendoff\", \"hook\", \"codex-notify\"]\n# about\n[mcp]\na = 1\n"
    );
}

#[test]
fn a_file_that_changes_between_plan_and_write_is_left_alone() {
    let home = Home::new();
    let path = home.write(".claude/settings.json", b"{}\n");
    let plan = plan_install(target("claude-code"), None, &home.context).unwrap();
    fs::write(&path, "{ \"mine\": 1 }\n").unwrap();
    let error = apply(&plan, &home.context, |_| ()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("was changed by another program, and is left unchanged"),
        "{error}"
    );
    assert_eq!(error.advice().as_deref(), Some("run the command again"));
    assert_eq!(read(&path), "{ \"mine\": 1 }\n");
    // One that appears, and one that goes.
    fs::remove_file(&path).unwrap();
    let plan = plan_install(target("claude-code"), None, &home.context).unwrap();
    fs::write(&path, "{}").unwrap();
    assert!(matches!(
        apply(&plan, &home.context, |_| ()),
        Err(InstallError::Changed(_))
    ));
    let plan = plan_install(target("claude-code"), None, &home.context).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        apply(&plan, &home.context, |_| ()),
        Err(InstallError::Changed(_))
    ));
}
