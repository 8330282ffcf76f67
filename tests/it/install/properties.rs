//! What holds of an installation in any file: done twice it is done once, and a removal gives everything back.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use super::corpus::{Home, round_trip};

/// Makes a JSON value.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z \\\\\"\u{e9}\u{1f600}/\n\t]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner, "[a-z]{1,4}"),
        ]
    })
}

fn object(value: impl Strategy<Value = Value>, keys: &'static str) -> impl Strategy<Value = Value> {
    prop::collection::btree_map(keys, value, 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// How a document is laid out.
#[derive(Debug, Clone)]
struct Layout {
    indent: String,
    end: &'static str,
    colon: &'static str,
    last: &'static str,
    /// Comments where the format has them; each place takes the next one.
    comments: Vec<&'static str>,
}

fn layout(comments: bool) -> impl Strategy<Value = Layout> {
    let comment = prop::sample::select(vec!["", "", " // why", " /* what */"]);
    (
        prop::sample::select(vec!["  ", "    ", "\t", " "]),
        prop::sample::select(vec!["\n", "\r\n"]),
        prop::sample::select(vec![": ", ":", " : "]),
        prop::sample::select(vec!["", "\n", "\n\n"]),
        prop::collection::vec(comment, 4),
    )
        .prop_map(move |(indent, end, colon, last, all)| Layout {
            indent: indent.into(),
            end,
            colon,
            last,
            comments: if comments { all } else { vec![""] },
        })
}

impl Layout {
    fn write(&self, value: &Value, depth: usize, text: &mut String) {
        let (open, close, parts): (_, _, Vec<(String, &Value)>) = match value {
            Value::Array(all) if !all.is_empty() => (
                "[",
                "]",
                all.iter().map(|value| (String::new(), value)).collect(),
            ),
            Value::Object(map) if !map.is_empty() => {
                let keys = map.iter();
                let keys = keys.map(|(key, value)| {
                    (
                        format!("{}{}", Value::from(key.as_str()), self.colon),
                        value,
                    )
                });
                ("{", "}", keys.collect())
            }
            leaf => return text.push_str(&leaf.to_string()),
        };
        text.push_str(open);
        let count = parts.len();
        for (at, (key, value)) in parts.into_iter().enumerate() {
            text.push_str(self.end);
            text.push_str(&self.indent.repeat(depth + 1));
            text.push_str(&key);
            self.write(value, depth + 1, text);
            if at + 1 < count {
                text.push(',');
            }
            text.push_str(self.comments[(at + depth) % self.comments.len()]);
        }
        text.push_str(self.end);
        text.push_str(&self.indent.repeat(depth));
        text.push_str(close);
    }

    fn text(&self, value: &Value) -> String {
        let mut text = String::new();
        self.write(value, 0, &mut text);
        text + &self.last.replace('\n', self.end)
    }
}

/// A settings file: anything, and handlers of others.
fn settings(event: &'static str) -> impl Strategy<Value = Value> {
    let handler = "[a-z]{1,6}".prop_map(
        |command| serde_json::json!({"hooks": [{"type": "command", "command": command}]}),
    );
    let list = prop::collection::vec(handler, 1..3);
    (
        object(json(), "[a-g]{1,4}"),
        prop::option::of((list, object(json(), "[A-G]{1,3}"))),
    )
        .prop_map(move |(mut settings, hooks)| {
            if let (Some((list, mut others)), Some(map)) = (hooks, settings.as_object_mut()) {
                others
                    .as_object_mut()
                    .unwrap()
                    .insert(event.into(), list.into());
                map.insert("hooks".into(), others);
            }
            settings
        })
}

/// Makes lines of TOML with tables, comments and blanks.
fn toml() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "1",
        "'x'",
        "\"a # b\"",
        "[1, 2]",
        "{ z = true }",
        "[\n  1, # c\n]",
    ]);
    let after = prop::sample::select(vec!["", "  # why", " "]);
    let before = prop::sample::select(vec!["", "# above\n", "\n", "\n# above\n\n"]);
    let pair = (before, value, after);
    let pairs = prop::collection::vec(pair, 0..4);
    let tables = prop::collection::vec(
        (
            prop::sample::select(vec!["", "# table\n", "\n"]),
            pairs.clone(),
        ),
        0..3,
    );
    (pairs, tables, prop::sample::select(vec!["\n", "\r\n"])).prop_map(|(top, tables, end)| {
        let mut text = String::new();
        let write = |text: &mut String, pairs: Vec<(&str, &str, &str)>| {
            for (at, (before, value, after)) in pairs.into_iter().enumerate() {
                writeln!(text, "{before}k{at} = {value}{after}").unwrap();
            }
        };
        write(&mut text, top);
        for (at, (before, pairs)) in tables.into_iter().enumerate() {
            writeln!(text, "{before}[t{at}]").unwrap();
            write(&mut text, pairs);
        }
        text.replace('\n', end)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_comes_back(settings in settings("Stop"), layout in layout(false)) {
        let home = Home::new();
        let before = layout.text(&settings);
        let left = round_trip(&home, "claude-code", ".claude/settings.json", &before).unwrap();
        // Without the record only the white space in an object that was empty may differ.
        if settings != serde_json::json!({}) {
            prop_assert_eq!(left, before);
        }
    }

    #[test]
    fn json_with_comments_comes_back(settings in settings("AfterAgent"), layout in layout(true)) {
        let home = Home::new();
        let before = layout.text(&settings);
        let left = round_trip(&home, "gemini", ".gemini/settings.json", &before).unwrap();
        if settings != serde_json::json!({}) {
            prop_assert_eq!(left, before);
        }
    }

    #[test]
    fn toml_comes_back(before in toml()) {
        let home = Home::new();
        let left = round_trip(&home, "codex-notify", ".codex/config.toml", &before).unwrap();
        prop_assert_eq!(left.trim(), before.trim());
    }
}
