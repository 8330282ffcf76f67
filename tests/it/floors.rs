//! The house rules that a compiler does not check: the import table, file sizes, the catalogues.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each module with the modules that it may import. Floors go down the list; nothing imports from
/// below its own row. `docs/architecture.md` says why the joints are where they are.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("byte_text", &[]),
    ("names", &["byte_text"]),
    ("exit", &[]),
    ("reason", &[]),
    ("files", &[]),
    ("clock", &[]),
    ("cron", &[]),
    ("environment", &[]),
    ("failpoint", &[]),
    ("threads", &[]),
    ("net", &["names", "files", "byte_text", "threads"]),
    ("policy", &["names", "reason", "files", "cron", "template"]),
    ("report", &["names", "exit", "reason"]),
    ("secrets", &["byte_text"]),
    ("text", &[]),
    ("handover", &["reason", "files"]),
    ("template", &["names", "secrets", "text"]),
    ("process", &["names", "clock", "environment", "threads"]),
    (
        "git",
        &[
            "byte_text",
            "names",
            "clock",
            "environment",
            "net",
            "process",
            "secrets",
            "policy",
            "reason",
            "files",
            "threads",
        ],
    ),
    (
        "store",
        &[
            "names", "files", "net", "report", "clock", "reason", "threads",
        ],
    ),
    ("trust", &["names", "files"]),
    (
        "http",
        &["names", "net", "clock", "secrets", "reason", "threads"],
    ),
    ("forge", &["http", "names", "clock", "secrets", "reason"]),
    (
        "platform",
        &[
            "http", "names", "clock", "secrets", "reason", "files", "threads",
        ],
    ),
    (
        "events",
        &[
            "clock",
            "environment",
            "files",
            "policy",
            "secrets",
            "store",
            "template",
        ],
    ),
    (
        "pipeline",
        &[
            "names",
            "reason",
            "files",
            "clock",
            "cron",
            "net",
            "environment",
            "policy",
            "report",
            "secrets",
            "text",
            "handover",
            "template",
            "process",
            "git",
            "store",
            "failpoint",
            "threads",
            "http",
            "forge",
            "platform",
        ],
    ),
    ("steps", &["*", "pipeline", "trust"]),
    ("surfaces", &["names", "policy", "report", "exit"]),
    (
        "session",
        &[
            "*", "pipeline", "steps", "surfaces", "trust", "exit", "events",
        ],
    ),
    (
        "worker",
        &["*", "pipeline", "steps", "surfaces", "session", "exit"],
    ),
    (
        "schedules",
        &["*", "pipeline", "steps", "surfaces", "session", "exit"],
    ),
    (
        "serve",
        &["*", "pipeline", "session", "schedules", "events"],
    ),
    (
        "install",
        &[
            "environment",
            "failpoint",
            "files",
            "git",
            "process",
            "surfaces",
        ],
    ),
    (
        "doctor",
        &["*", "pipeline", "surfaces", "session", "install", "exit"],
    ),
    (
        "demo",
        &[
            "*", "pipeline", "steps", "surfaces", "session", "worker", "exit",
        ],
    ),
    (
        "manual",
        &[
            "policy",
            "pipeline",
            "steps",
            "surfaces",
            "forge",
            "environment",
            "exit",
            "report",
            "reason",
            "session",
            "doctor",
        ],
    ),
    (
        "cli",
        &[
            "*",
            "pipeline",
            "steps",
            "surfaces",
            "session",
            "worker",
            "schedules",
            "events",
            "serve",
            "install",
            "doctor",
            "demo",
            "manual",
            "exit",
        ],
    ),
];

/// What `git` may take from `policy`: the permit, and what it is confirmed against.
const GIT_MAY_TAKE_FROM_POLICY: &[&str] = &["PushPermit", "RemoteFacts", "RemoteHead"];

#[test]
fn imports_go_down_never_up_or_sideways() {
    let mut wrong = Vec::new();
    for file in sources() {
        let owner = module_of(&file);
        if owner == "lib" || owner == "main" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("//"))
        {
            for imported in crate_paths(line) {
                if imported != owner && !allowed(&owner, &imported) {
                    wrong.push(format!("{}: {line}", file.display()));
                }
            }
            if line.starts_with("use crate::{") {
                wrong.push(format!("{}: one `use` a module: {line}", file.display()));
            }
            if let (true, Some(names)) = (owner == "git", line.strip_prefix("use crate::policy::"))
            {
                let names = names.trim_end_matches(';').trim_matches(['{', '}']);
                for name in names.split(',').map(str::trim) {
                    if !GIT_MAY_TAKE_FROM_POLICY.contains(&name) {
                        wrong.push(format!(
                            "{}: git takes `{name}` from policy",
                            file.display()
                        ));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the table:\n{}",
        wrong.join("\n")
    );
}

/// Who may take nothing of the push but its rules for text, the sanitizer and the quoting of words: what stands above `git`, which carries it.
const ABOVE_THE_PUSH: &[&str] = &[
    "names",
    "exit",
    "clock",
    "environment",
    "net",
    "policy",
    "report",
    "secrets",
    "text",
    "handover",
    "template",
    "process",
    "http",
    "forge",
    "platform",
];

#[test]
fn the_push_is_imported_by_git_and_what_stands_below_it() {
    let mut wrong = Vec::new();
    for file in sources() {
        if !ABOVE_THE_PUSH.contains(&module_of(&file).as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let others = text.replace("sendoff_push::sanitize", "");
        let others = others.replace("sendoff_push::shell_word", "");
        if others.contains("sendoff_push") {
            wrong.push(file);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// What no dependency of the push is, however far down: a package of ours, an HTTP client, an async runtime, TLS.
const NOT_BELOW_THE_PUSH: &[&str] = &[
    "sendoff ",
    "reqwest ",
    "hyper ",
    "curl ",
    "ureq ",
    "tokio ",
    "async-std ",
    "smol ",
    "rustls ",
    "openssl ",
];

#[test]
fn the_push_depends_on_no_other_package_of_ours_and_on_no_http_client() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--offline", "--locked", "-p", "sendoff-push"]);
    cargo.args(["-e", "normal", "--prefix", "none", "--manifest-path"]);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = cargo.arg(manifest).output().unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && tree.contains("gix "), "{tree}");
    let wrong: Vec<&str> = tree
        .lines()
        .filter(|line| NOT_BELOW_THE_PUSH.iter().any(|name| line.starts_with(name)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_module_is_in_the_table() {
    let modules: BTreeSet<String> = sources().iter().map(|file| module_of(file)).collect();
    let listed: BTreeSet<String> = MAY_IMPORT
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .chain(["lib".to_owned(), "main".to_owned()])
        .collect();
    assert_eq!(modules, listed);
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = sources();
    walk(&root.join("crates"), &mut files);
    walk(&root.join("tests/it"), &mut files);
    walk(&root.join("benches"), &mut files);
    let long: Vec<String> = files
        .iter()
        .map(|file| (file, fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(file, lines)| {
            format!(
                "{} has {lines} lines: what two things does it own?",
                file.display()
            )
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_owns() {
    let mut files = sources();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("crates"),
        &mut files,
    );
    let silent: Vec<PathBuf> = files
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//! "))
        .collect();
    assert!(silent.is_empty(), "no `//!` line: {silent:?}");
}

#[test]
fn every_step_file_is_in_the_catalogue() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/steps");
    let files: BTreeSet<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name != "mod.rs"))
        .map(|path| {
            path.file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .replace('_', "-")
        })
        .collect();
    let listed: BTreeSet<String> = sendoff::steps::STEPS
        .iter()
        .map(|step| step.name.to_owned())
        .collect();
    assert_eq!(files, listed, "one file a step, each named after its kind");
}

/// Says whether `owner` may import `imported`.
fn allowed(owner: &str, imported: &str) -> bool {
    let row = MAY_IMPORT.iter().find(|(name, _)| *name == owner);
    row.is_some_and(|(_, may)| {
        may.contains(&imported) || (may.contains(&"*") && allowed("pipeline", imported))
    })
}

/// Returns the modules that a line names by `crate::…`.
fn crate_paths(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .filter(|(at, _)| !line[..*at].ends_with('$'))
        .map(|(at, found)| {
            let rest = &line[at + found.len()..];
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty() && name.chars().next().is_some_and(char::is_lowercase))
        .filter(|name| name != "classes")
        .collect()
}

/// Returns the top-level module that a source file belongs to.
fn module_of(file: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = file
        .strip_prefix(root)
        .unwrap()
        .components()
        .next()
        .unwrap();
    Path::new(first.as_os_str())
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// Returns every source file.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    files
}

pub(crate) fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
