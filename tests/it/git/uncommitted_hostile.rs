//! What an agent can write so that counting what is not committed takes any memory, waits, or ends the process.

use std::fs;
use std::path::{Path, PathBuf};

use sendoff_testing::supervise;

use super::uncommitted::{ours, same};
use crate::sandbox::Sandbox;
use crate::world::{World, step};

const GIB: u64 = 1 << 30;

/// A repository with one file, and a submodule with one at `lib`.
fn with_submodule(sandbox: &Sandbox) -> PathBuf {
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "a\n", "a");
    let other = sandbox.repository("other");
    sandbox.commit(&other, "x", "x\n", "x");
    let add = ["submodule", "add", "-q", other.to_str().unwrap(), "lib"];
    let allow = ["-c", "protocol.file.allow=always"];
    sandbox.git(&work, &[allow.as_slice(), &add].concat());
    sandbox.git(&work, &["commit", "-q", "-m", "lib"]);
    work
}

/// Makes a file one without an end, as far as a reader of it is concerned.
fn endless(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = fs::File::options().append(true).create(true).open(path);
    file.unwrap().set_len(6 * GIB).unwrap();
}

#[test]
fn a_submodule_is_read_with_the_checks_of_any_repository() {
    supervise!();
    for name in [
        "lib/.gitignore",
        "lib/.gitattributes",
        "lib/untracked/deep/.gitignore",
        ".git/modules/lib/HEAD",
        ".git/modules/lib/config",
        ".git/modules/lib/index",
        ".git/modules/lib/info/exclude",
        ".git/modules/lib/objects/info/alternates",
        ".git/modules/lib/refs/heads/main",
    ] {
        let sandbox = Sandbox::new();
        let work = with_submodule(&sandbox);
        // The control: a changed one is counted.
        sandbox.write("r/lib/untracked/deep/file", "new\n");
        sandbox.write("r/lib/x", "changed\n");
        assert_eq!(same(&sandbox, &work), (1, 0));
        let path = work.join(name);
        let before = fs::read(&path).ok();
        endless(&path);
        assert_eq!(ours(&sandbox, &work), None, "{name}");
        if before.is_some() {
            fs::remove_file(&path).unwrap();
            sandbox.pipe(&path);
            assert_eq!(ours(&sandbox, &work), None, "a pipe as {name}");
        }
    }
}

#[test]
fn a_submodule_behind_a_link_is_no_other_repository() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = with_submodule(&sandbox);
    let elsewhere = sandbox.path("other");
    sandbox.write("other/x", "changed elsewhere\n");
    fs::remove_dir_all(work.join("lib")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, work.join("lib")).unwrap();
    // Git refuses to go on.
    assert_eq!(ours(&sandbox, &work).unwrap().changed, 1);
    fs::remove_file(work.join("lib")).unwrap();
    assert_eq!(same(&sandbox, &work), (1, 0));
    fs::create_dir(work.join("lib")).unwrap();
    assert_eq!(same(&sandbox, &work), (0, 0), "it is not checked out");
}

#[test]
fn what_is_said_of_a_submodule_counts_in_gits_order() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = with_submodule(&sandbox);
    let config = |key: &str, value: &str| sandbox.git(&work, &["config", key, value]);
    sandbox.write("r/lib/new", "untracked\n");
    assert_eq!(same(&sandbox, &work), (1, 0));
    config("diff.ignoreSubmodules", "untracked");
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.write("r/lib/x", "changed\n");
    assert_eq!(same(&sandbox, &work), (1, 0));
    config("diff.ignoreSubmodules", "dirty");
    assert_eq!(same(&sandbox, &work), (0, 0));
    config("submodule.lib.ignore", "untracked");
    assert_eq!(same(&sandbox, &work), (1, 0));
    config("submodule.lib.ignore", "all");
    config("diff.ignoreSubmodules", "none");
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.git(&work, &["config", "--unset", "submodule.lib.ignore"]);
    let shared = ["config", "-f", ".gitmodules", "submodule.lib.ignore", "all"];
    sandbox.git(&work, &shared);
    sandbox.git(&work, &["add", ".gitmodules"]);
    assert_eq!(same(&sandbox, &work), (1, 0), "`.gitmodules` is staged");
}

/// Returns an index of the fourth version with so many entries for a file, each of whose paths is one letter longer than the one
/// before.
fn index(id: &gix::oid, count: u32, extension: Option<(&[u8; 4], Vec<u8>)>) -> Vec<u8> {
    let mut index = [
        b"DIRC".as_slice(),
        &4_u32.to_be_bytes(),
        &count.to_be_bytes(),
    ]
    .concat();
    for number in 0..count {
        let mut stat = [0; 40];
        stat[24..28].copy_from_slice(&0o100_644_u32.to_be_bytes());
        index.extend(stat);
        index.extend(id.as_bytes());
        let length = u16::try_from(number + 1).unwrap_or(u16::MAX).min(0xfff);
        index.extend(length.to_be_bytes());
        // Nothing of the path before is left out.
        index.extend(b"\0b\0");
    }
    if let Some((name, data)) = extension {
        index.extend(name);
        index.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        index.extend(data);
    }
    // A checksum that nobody made.
    index.extend([0; 20]);
    index
}

/// Keeps a file as an object, and returns its id.
fn file(sandbox: &Sandbox, work: &Path) -> gix::ObjectId {
    let kept = sandbox.feed(work, &["hash-object", "-w", "--stdin"], "a file\n");
    super::id(String::from_utf8(kept).unwrap().trim())
}

/// Cached trees, each in the one before it.
fn nested_trees(count: usize) -> Vec<u8> {
    [
        b"\0-1 1\n".to_vec(),
        b"d\0-1 1\n".repeat(count),
        b"d\0-1 0\n".to_vec(),
    ]
    .concat()
}

/// A cache of untracked files: directories, each in the one before it.
fn nested_untracked(count: usize) -> Vec<u8> {
    let head = [[0].as_slice(), &[0; 76], &[0; 40], b".gitignore\0\x82\0"].concat();
    [head, b"\0\x01d\0".repeat(count), b"\0\0d\0".to_vec()].concat()
}

#[test]
fn an_index_that_claims_too_much_is_not_read() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "a\n", "a");
    let id = file(&sandbox, &work);
    let counted = |index: Vec<u8>| {
        sandbox.write("r/.git/index", index);
        ours(&sandbox, &work)
    };
    // The controls: two files are staged for removal, and one is new and missing.
    let one = counted(index(&id, 1, None)).unwrap();
    assert_eq!((one.changed, one.untracked), (3, 2));
    for (name, usual) in [
        (b"TREE", nested_trees(100)),
        (b"UNTR", nested_untracked(100)),
    ] {
        assert!(counted(index(&id, 1, Some((name, usual)))).is_some());
    }
    assert_eq!(counted(index(&id, 60_000, None)), None);
    let wide = b"d\0-1 0\n".repeat(1_000_000);
    let wide = [b"\0-1 1000000\n".to_vec(), wide].concat();
    let names = [
        [0].as_slice(),
        &[0; 76],
        &[0; 40],
        b".gitignore\0\x01\x86\x8d\x20\0\0",
    ]
    .concat();
    let names = [names, b"x\0".repeat(1_000_000)].concat();
    for (name, data) in [
        (b"TREE", nested_trees(1_000_000)),
        (b"TREE", wide),
        (b"UNTR", nested_untracked(1_000_000)),
        (b"UNTR", names),
        (b"REUC", b"a\x000\x000\x000\0".repeat(1_000_000)),
        (
            b"IEOT",
            [
                [0, 0, 0, 1].as_slice(),
                &[0, 0, 0, 12, 0, 0, 0, 1].repeat(9),
            ]
            .concat(),
        ),
        (b"EOIE", vec![0, 0, 0, 12]),
        (b"link", vec![0x11; 20]),
    ] {
        let hostile = index(&id, 1, Some((name, data)));
        assert_eq!(counted(hostile), None, "{}", String::from_utf8_lossy(name));
    }
}

#[test]
fn what_git_keeps_in_an_index_is_read() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "a\n", "a");
    for number in 0..300 {
        sandbox.write(&format!("r/d/{}/{number}", number % 7), "x\n");
        sandbox.write(&format!("r/new/{}/{number}", number % 7), "x\n");
    }
    sandbox.git(&work, &["add", "d"]);
    sandbox.git(&work, &["commit", "-q", "-m", "d"]);
    for version in ["2", "3", "4"] {
        for keys in [
            ["index.threads=1", "core.untrackedCache=false"],
            ["index.threads=2", "core.untrackedCache=true"],
        ] {
            let [threads, cache] = keys;
            sandbox.write("r/a", format!("{version} {cache}\n"));
            let write = [
                "-c",
                threads,
                "-c",
                cache,
                "update-index",
                "--index-version",
                version,
            ];
            sandbox.git(&work, &write);
            sandbox.git(&work, &["-c", threads, "-c", cache, "status"]);
            assert_eq!(same(&sandbox, &work), (1, 1), "{version} {keys:?}");
        }
    }
    // What was resolved is kept.
    sandbox.git(&work, &["checkout", "-q", "-b", "side", "HEAD~1"]);
    sandbox.commit(&work, "d", "d\n", "a file for a directory");
    let merge = sandbox
        .command("git")
        .current_dir(&work)
        .args(["merge", "-q", "main"])
        .output();
    assert!(!merge.unwrap().status.success());
    sandbox.git(&work, &["add", "-A"]);
    same(&sandbox, &work);
}

#[test]
fn an_index_that_overflows_the_stack_ends_no_run() {
    supervise!();
    let world = World::new();
    world.sandbox.write("clone/new", "new\n");
    let is_counted = |report: &serde_json::Value| {
        let notes = report["notes"].as_array().into_iter().flatten();
        let mut codes = notes.filter_map(|note| note["code"].as_str());
        codes.any(|code| code == "uncommitted")
    };
    let report = world.report(&["run"]);
    assert!(is_counted(&report), "{report}");
    world.commit("more", "more\n", "More");
    let id = file(&world.sandbox, &world.work());
    let hostile = index(&id, 1, Some((b"TREE", nested_trees(1_000_000))));
    world.sandbox.write("clone/.git/index", hostile);
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert!(!is_counted(&report), "{report}");
}

/// Keeps a file of so many zeros as an object, and returns its id.
fn large_object(sandbox: &Sandbox, work: &Path) -> String {
    let file = sandbox.write("large", "");
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_len(300 << 20)
        .unwrap();
    let keep = [
        "-c",
        "core.bigFileThreshold=1m",
        "hash-object",
        "-w",
        file.to_str().unwrap(),
    ];
    sandbox.git(work, &keep)
}

#[test]
fn a_list_of_submodules_without_an_end_is_read_from_nowhere() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = with_submodule(&sandbox);
    sandbox.write("r/lib/x", "changed\n");
    assert_eq!(same(&sandbox, &work), (1, 0));
    let large = large_object(&sandbox, &work);
    let entry = format!("100644,{large},.gitmodules");
    sandbox.git(&work, &["update-index", "--cacheinfo", &entry]);
    fs::remove_file(work.join(".gitmodules")).unwrap();
    assert_eq!(ours(&sandbox, &work), None, "that of the index");
    sandbox.git(&work, &["commit", "-q", "-m", "large"]);
    sandbox.git(&work, &["update-index", "--force-remove", ".gitmodules"]);
    assert_eq!(ours(&sandbox, &work), None, "that of HEAD");
    // The control: the same without it.
    sandbox.git(&work, &["commit", "-q", "-m", "none"]);
    assert_eq!(same(&sandbox, &work), (1, 0));
}

#[test]
fn a_large_file_that_a_rule_converts_is_not_taken_into_memory() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "a\n", "a");
    let large = work.join("large");
    let set = |size: u64, written: u64| {
        let file = fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&large);
        let file = file.unwrap();
        file.set_len(size).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(written);
        file.set_modified(time).unwrap();
    };
    let add = ["-c", "core.bigFileThreshold=1m", "add", "large"];
    set(200 << 20, 1_000_000);
    sandbox.git(&work, &add);
    sandbox.git(&work, &["commit", "-q", "-m", "large"]);
    // The controls: it was touched, and it was changed.
    set(200 << 20, 2_000_000);
    let touched = ours(&sandbox, &work).unwrap();
    assert_eq!((touched.changed, touched.untracked), (0, 0));
    set((200 << 20) - 1, 2_000_000);
    let changed = ours(&sandbox, &work).unwrap();
    assert_eq!((changed.changed, changed.untracked), (1, 0));
    set(200 << 20, 3_000_000);
    for rule in [
        "* text=auto",
        "* ident",
        "* working-tree-encoding=UTF-16",
        "* eol=lf",
    ] {
        sandbox.write("r/.git/info/attributes", format!("{rule}\n"));
        assert_eq!(ours(&sandbox, &work), None, "{rule}");
    }
    sandbox.write("r/.git/info/attributes", "* -text\n");
    assert_eq!(ours(&sandbox, &work).unwrap().changed, 0);
}
