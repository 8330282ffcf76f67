//! The reference is made from the types: these tests fail when a page is stale, or says nothing.

use std::path::{Path, PathBuf};

use sendoff::manual::ARTEFACTS;

/// Returns the documents in some directories.
fn pages(directories: &[&str]) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = Vec::new();
    for directory in directories {
        let entries = std::fs::read_dir(root.join(directory)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        pages.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    pages
}

#[test]
fn the_reference_is_up_to_date() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let command = sendoff::cli::command();
    let stale: Vec<&str> = ARTEFACTS
        .iter()
        .filter(|page| {
            let kept = std::fs::read_to_string(directory.join(page.name)).unwrap_or_default();
            kept != (page.make)(&command)
        })
        .map(|page| page.name)
        .collect();
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; run: cargo run -- manual docs/reference"
    );
}

#[test]
fn nothing_else_lies_among_the_reference() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(
            ARTEFACTS.iter().any(|page| name == page.name),
            "{} is written by nobody",
            name.display()
        );
    }
}

#[test]
fn every_link_in_the_documents_leads_to_a_file() {
    let mut broken = Vec::new();
    for page in pages(&["", "docs", "docs/guide", "docs/reference"]) {
        let text = std::fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap();
            let file = target.split('#').next().unwrap();
            if !file.is_empty()
                && !file.contains("://")
                && !page.parent().unwrap().join(file).exists()
            {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_page_of_the_guide_begins_with_the_command_to_run() {
    for page in pages(&["docs/guide"]) {
        let text = std::fs::read_to_string(&page).unwrap();
        let first = text.lines().skip(1).find(|line| !line.is_empty());
        assert_eq!(first, Some("```sh"), "{}", page.display());
    }
}

#[test]
fn every_command_in_the_documents_is_one_that_the_program_takes() {
    let mut found = 0;
    for page in pages(&["", "docs", "docs/guide"]) {
        let text = std::fs::read_to_string(&page).unwrap().replace("\\\n", " ");
        let blocks = text.split("```sh\n").skip(1);
        let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
        for line in lines.filter(|line| line.starts_with("sendoff ")) {
            let command = line.split(" #").next().unwrap();
            // What a shell would make of these is not asked.
            if command.contains(['$', '"', '|', '<', '>', '&']) || command.contains("...") {
                continue;
            }
            let mut quoted = false;
            let words = command.split(|c: char| {
                quoted ^= c == '\'';
                !quoted && c == ' '
            });
            let words = words
                .map(|word| word.trim_matches('\''))
                .filter(|word| !word.is_empty());
            let taken = sendoff::cli::command().try_get_matches_from(words);
            assert!(taken.is_ok(), "{}: {line}: {taken:?}", page.display());
            found += 1;
        }
    }
    assert!(found > 30, "{found}");
}

#[test]
fn every_variable_is_documented_once() {
    let mut names: Vec<&str> = sendoff::environment::variables()
        .map(|variable| variable.name)
        .collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for variable in sendoff::environment::variables() {
        assert!(variable.doc.ends_with('.'), "{}", variable.name);
    }
}

#[test]
fn troubleshooting_names_codes_that_exist() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/troubleshooting.md");
    let text = std::fs::read_to_string(page).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|line| line.split('|').nth(1));
    let codes: Vec<&str> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(codes.len() > 10, "{codes:?}");
    for code in codes {
        let known = sendoff::reason::Code::ALL;
        assert!(known.iter().any(|known| known.as_str() == code), "{code}");
    }
}

#[test]
fn every_command_has_a_man_page() {
    let world = crate::world::World::new();
    let directory = world.sandbox.path("man");
    let said = world.run(&["manual", "--man", directory.to_str().unwrap()]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    for name in ["sendoff", "sendoff-run", "sendoff-policy-check"] {
        let page = std::fs::read_to_string(directory.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
    let file = world.sandbox.write("file", "");
    let said = world.run(&["manual", "--man", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.starts_with("man pages cannot be written to "),
        "{}",
        said.stderr
    );
}
