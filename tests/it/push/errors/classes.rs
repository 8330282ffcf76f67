//! Every class that the push or its transports give an error is a code of the report.

use std::path::Path;

use sendoff::reason::Code;
use sendoff_testing::supervise;

/// Guards the codes of reports: a class that nobody listed would be reported as unknown.
#[test]
fn every_class_of_an_error_is_a_code() {
    supervise!();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for sources in ["crates/push/src", "src/git"] {
        crate::floors::walk(&root.join(sources), &mut files);
    }
    let mut classes = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace("class(self)", "class(&self)");
        // What such a function returns, and what an error's field is set to.
        for body in text.split("fn class(&self) -> &'static str {").skip(1) {
            let body = body.split("\n    }\n").next().unwrap();
            let arms = body.lines().filter_map(|line| line.rsplit("=> ").next());
            classes.extend(arms.filter_map(quoted));
        }
        for value in text.split("class: ").skip(1) {
            classes.extend(quoted(value));
        }
    }
    assert!(classes.len() > 40, "{classes:?}");
    let unknown: Vec<_> = classes
        .iter()
        .filter(|class| *class != "unknown" && Code::named(class) == Code::Unknown)
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Returns the text of the literal with which `code` begins.
fn quoted(code: &str) -> Option<String> {
    let text = code.trim_start_matches("return ").strip_prefix('"')?;
    Some(text.split('"').next()?.to_owned())
}
