//! Files of JSON before an installation: what is foreign in them stays, byte by byte, or nothing is written.

use std::fs;

use pretty_assertions::assert_eq;
use sendoff::install::{InstallError, apply, plan_install};

use super::corpus::{Home, not_taken_apart, read, refused, round_trip, target};

/// The agents with a JSON file that others use too: the file below the home, the list, whether comments are read.
const JSON: &[(&str, &str, &str, bool)] = &[
    ("claude-code", ".claude/settings.json", "Stop", false),
    ("codex", ".codex/hooks.json", "Stop", false),
    ("cursor", ".cursor/hooks.json", "stop", false),
    ("gemini", ".gemini/settings.json", "AfterAgent", true),
];

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
    ] {
        texts.push(refused(&home, name, agent, (file, content)));
    }
    insta::assert_snapshot!(texts.concat());
}

#[test]
fn a_broken_file_with_our_call_is_not_taken_apart() {
    let content = "{ \"hooks\": { \"Stop\": [{ \"hooks\": [{ \"command\": \"sendoff hook claude-code\" }]}], \n";
    let text = not_taken_apart(
        &Home::new(),
        "claude-code",
        ".claude/settings.json",
        content,
    );
    insta::assert_snapshot!(text);
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
