//! `docs/reliability.md` and `docs/security.md`: each test that they name exists, so that a promise does not outlive its proof.

use std::path::Path;

/// Says whether `a::b::name` is a test in `a/b.rs` or `a/b/mod.rs`, or a module of tests.
fn exists(tests: &Path, named: &str) -> bool {
    let file = |module: &str| {
        let path = tests.join(module.replace("::", "/"));
        let alone = std::fs::read_to_string(path.with_extension("rs"));
        alone
            .or_else(|_| std::fs::read_to_string(path.join("mod.rs")))
            .ok()
    };
    if file(named).is_some() {
        return true;
    }
    let Some((module, name)) = named.rsplit_once("::") else {
        return false;
    };
    file(module).is_some_and(|text| text.contains(&format!("fn {name}(")))
}

#[test]
fn every_test_that_the_pages_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = |name: &str| std::fs::read_to_string(root.join("docs").join(name)).unwrap();
    let pages = page("reliability.md") + &page("security.md");
    let mut count = 0;
    for line in pages.lines().filter(|line| line.starts_with('|')) {
        let quoted = line.split('`').skip(1).step_by(2);
        for named in quoted.filter(|text| text.contains("::") && !text.starts_with("failpoint::")) {
            assert!(exists(&root.join("tests/it"), named), "{named} is no test");
            count += 1;
        }
    }
    assert!(count > 85, "{count} tests are named");
}

/// The catalogues of failures and of attacks: their pages, letters, and how many cases each letter has.
const CATALOGUES: &[(&str, &[(&str, usize)])] = &[
    ("reliability.md", &[("N", 23), ("X", 27), ("L", 13)]),
    ("security.md", &[("P", 25), ("G", 40), ("D", 22), ("F", 22)]),
];

#[test]
fn every_case_of_the_catalogues_has_one_row_and_few_have_no_test() {
    for (page, letters) in CATALOGUES {
        every_case_has_one_row(page, letters);
    }
}

fn every_case_has_one_row(page: &str, letters: &[(&str, usize)]) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = std::fs::read_to_string(docs.join(page)).unwrap();
    let mut without = Vec::new();
    for (letter, cases) in letters {
        for case in 1..=*cases {
            let tested = format!("| {letter}{case:02} | ");
            let told = format!("| {letter}{case:02}, ");
            let rows = |begin: &str| page.lines().filter(|line| line.starts_with(begin)).count();
            assert_eq!(rows(&tested) + rows(&told), 1, "{letter}{case:02}");
            if rows(&told) == 1 {
                without.push(told);
            }
        }
    }
    assert!(without.len() <= 10, "{without:?}");
}

/// So that `cargo test n06` runs the tests of the case N06.
#[test]
fn the_name_of_a_test_has_the_id_of_its_case() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = std::fs::read_to_string(docs.join("reliability.md")).unwrap();
    let (_, cases) = page.split_once("## Cases").unwrap();
    let mut count = 0;
    for line in cases.lines().filter(|line| line.ends_with("` |")) {
        let id = line[2..5].to_lowercase();
        let named = line.split('`').skip(1).step_by(2);
        let mut leaves = named.filter_map(|name| name.rsplit("::").next());
        let has_id = leaves.any(|leaf| leaf.split('_').any(|word| word == id));
        assert!(has_id, "{line}");
        count += 1;
    }
    assert!(count > 60, "{count} cases");
}
