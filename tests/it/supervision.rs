//! That tests of hostile input are supervised, and that a supervisor finds who takes too much memory.

use std::fs;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sendoff_testing::{MemoryWatch, supervise};

/// Where every test has input that somebody else wrote.
const FOLDERS: &[&str] = &[
    "forge",
    "git",
    "guard",
    "handover",
    "http",
    "platform",
    "policies",
    "push/errors",
    "push/hostile",
    "push/refusals",
    "secrets",
    "security",
    "steps",
    "text",
];
/// Further files whose tests have such input, or a large one with a bound of its own.
const FILES: &[&str] = &["push/bounds.rs", "push/memory.rs"];
/// What reads the description of a whole API, which nobody sends us.
const LARGE: &str = "openapi.rs";
/// Names the mebibytes that a test of the supervisor takes.
const TAKES: &str = "SENDOFF_TEST_TAKES";

/// Returns the tests of a file without arguments that are not supervised.
fn unsupervised(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim();
        if line != "#[test]" && !line.starts_with("#[tokio::test") {
            continue;
        }
        let rest = &lines[at + 1..];
        let named = rest.iter().position(|line| line.contains("fn ")).unwrap() + at + 1;
        let test = rest.iter().take_while(|line| !line.contains("test]"));
        let is_supervised = test
            .into_iter()
            .any(|line| line.contains("supervise!(") || line.contains("supervised() {"));
        // What takes arguments is a property, which runs many times.
        if lines[named].ends_with("() {") && !is_supervised {
            found.push(format!("{}: {}", file.display(), lines[named].trim()));
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .filter(|path| !path.ends_with(LARGE))
        .collect()
}

#[test]
fn every_test_of_hostile_input_is_supervised() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let files = FOLDERS.iter().flat_map(|folder| files(&tests.join(folder)));
    let files = files.chain(FILES.iter().map(|file| tests.join(file)));
    let found: Vec<String> = files.flat_map(|file| unsupervised(&file)).collect();
    assert!(
        found.is_empty(),
        "these do not call `supervise!()`:\n{}",
        found.join("\n")
    );
}

#[test]
fn a_process_whose_child_takes_too_much_is_found() {
    for (size, is_found) in [("20M", false), ("200M", true)] {
        let copy = format!("dd if=/dev/zero of=/dev/null bs={size} count=8; exit 0");
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &copy]).stderr(Stdio::null());
        let mut shell = shell.spawn().unwrap();
        let watch = MemoryWatch::start(shell.id());
        assert!(shell.wait().unwrap().success());
        let looked = catch_unwind(AssertUnwindSafe(|| watch.assert_bounded("nothing")));
        assert_eq!(looked.is_err(), is_found, "{size}");
    }
}

/// The test runs itself as a supervised one that takes memory.
#[test]
fn a_supervised_test_that_takes_too_much_fails() {
    if let Ok(takes) = std::env::var(TAKES) {
        supervise!();
        let mebibytes: usize = takes.parse().unwrap();
        black_box(vec![1_u8; mebibytes << 20]);
        return;
    }
    for (takes, is_found) in [("1", false), ("200", true)] {
        let thread = std::thread::current();
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", thread.name().unwrap(), "--nocapture"])
            .env(TAKES, takes);
        let output = test.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("running 1 test"), "{said}");
        assert_eq!(!output.status.success(), is_found, "{takes}: {said}");
        assert_eq!(said.contains(" KiB: "), is_found, "{takes}: {said}");
    }
}
