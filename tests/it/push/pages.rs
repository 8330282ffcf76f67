//! The page on the errors of a push has every class that the code knows, and no other.

use sendoff_testing::supervise;
use std::collections::BTreeSet;
use std::path::Path;

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Returns the words in quotes of the piece of `text` from `start` to the next line that is `end`.
fn words(text: &str, start: &str, end: &str, found: &mut BTreeSet<String>) {
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        let piece = &rest[at..];
        let until = piece.find(end).unwrap();
        let quoted = piece[..until].split('"').skip(1).step_by(2);
        found.extend(quoted.map(str::to_owned));
        rest = &piece[until..];
    }
}

/// Returns the source files below `directory`, each without the unit tests at its end.
fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let end = text.find("#[cfg(test)]").unwrap_or(text.len());
            found.push(text[..end].to_owned());
        }
    }
}

fn classes() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    sources(&root.join("crates/push/src"), &mut texts);
    sources(&root.join("src/git"), &mut texts);
    let mut found = BTreeSet::new();
    for text in &texts {
        words(text, "fn class(", "\n    }\n", &mut found);
        words(text, "let class = match", "\n        };\n", &mut found);
        words(text, "let (class, said) =", "\n    };\n", &mut found);
    }
    // The one code that the step finds by an error's causes, whatever its class.
    found.insert(sendoff::reason::Code::NoResources.as_str().to_owned());
    found
}

#[test]
fn every_class_stands_on_the_page_in_a_row_of_its_own() {
    supervise!();
    let classes = classes();
    assert!(
        classes.len() > 25 && classes.contains("hook-declined"),
        "{classes:?}"
    );
    let page = read("docs/guide/push-errors.md");
    let rows: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let listed: BTreeSet<String> = rows.iter().map(ToString::to_string).collect();
    assert_eq!(listed.len(), rows.len(), "a class stands there twice");
    assert_eq!(listed, classes);
}
