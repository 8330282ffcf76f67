//! Repositories that are huge in one way: parents, levels, entries, refs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use sendoff_testing::{TwinFixture, supervise};

use super::repositories::push;
use super::rig::{options, push_head, script};
use super::twin::{FAST, compare};

#[test]
fn a_merge_of_five_thousand_parents_arrives() {
    supervise!();
    let fixture = TwinFixture::new("sha1");
    let mut stream = String::new();
    let tip = fixture.git(&["rev-parse", "HEAD"]);
    let count = 5_000;
    for n in 1..=count {
        let from = format!(
            "mark :{n}\ncommitter A <a@example.invalid> {} +0000\ndata 1\nx\nfrom {tip}\n",
            1_770_000_000 + n
        );
        write!(
            stream,
            "commit refs/heads/side\n{from}M 100644 inline side.txt\ndata 5\n{n:05}\n"
        )
        .unwrap();
    }
    fixture.feed(
        &["fast-import", "--quiet", "--force", "--export-marks=marks"],
        stream.as_bytes(),
    );
    let marks = std::fs::read_to_string(fixture.work().join("marks")).unwrap();
    let parents: Vec<&str> = marks
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(parents.len(), count);
    let tree = fixture.git(&["rev-parse", "HEAD^{tree}"]);
    let mut commit = format!("tree {tree}\n");
    for parent in parents {
        writeln!(commit, "parent {parent}").unwrap();
    }
    commit.push_str("author A <a@example.invalid> 1780000000 +0000\ncommitter A <a@example.invalid> 1780000000 +0000\n\nmerge\n");
    let merge = fixture.feed(
        &[
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--stdin",
            "--literally",
        ],
        commit.as_bytes(),
    );
    fixture.git(&["update-ref", "refs/heads/feature", &merge]);
    let pushed = push(&fixture).unwrap();
    assert_eq!(
        pushed.new.to_string(),
        fixture.server(&["rev-parse", "feature"])
    );
    assert!(pushed.objects >= 10_001, "{pushed:?}");
}

#[test]
fn a_tree_of_ten_thousand_levels_is_walked_without_a_stack() {
    supervise!();
    let fixture = TwinFixture::new("sha1");
    let blob = fixture.git(&["rev-parse", "HEAD:README"]);
    let mut loose = Vec::new();
    let mut entry = format!("100644 blob {blob}\tleaf\n");
    // One `git mktree --batch` makes many trees, but each needs the id of the one before.
    let mut id = fixture.feed(&["mktree"], entry.as_bytes());
    let repo = gix::open_opts(fixture.work(), gix::open::Options::isolated()).unwrap();
    for _ in 0..10_000 {
        entry.clear();
        loose.clear();
        loose.extend_from_slice(b"40000 d\0");
        loose.extend((0..20).map(|at| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).unwrap()));
        id = gix::objs::Write::write_buf(&repo.objects, gix::objs::Kind::Tree, &loose)
            .unwrap()
            .to_string();
    }
    let tip = fixture.git(&["rev-parse", "HEAD"]);
    let commit = fixture.git(&["commit-tree", &id, "-p", &tip, "-m", "deep"]);
    fixture.git(&["update-ref", "refs/heads/feature", &commit]);
    // Git takes such a pack or finds it too deep; both are answers.
    match push(&fixture) {
        Ok(pushed) => assert!(pushed.objects >= 10_000),
        Err(error) => assert!(
            ["rejected", "missing-objects", "corrupt", "network"].contains(&error.class()),
            "{error:?}"
        ),
    }
}

#[test]
fn a_tree_of_many_entries_costs_one_entry_when_one_changes() {
    supervise!();
    let entries = super::cases(100_000, 1_000_000);
    let fixture = TwinFixture::new("sha1");
    let blob = fixture.git(&["rev-parse", "HEAD:README"]);
    let other = fixture.feed(&["hash-object", "-w", "--stdin"], b"other\n");
    let mut text = String::new();
    for n in 0..entries {
        writeln!(text, "100644 blob {blob}\tf{n:07}").unwrap();
    }
    let change = text.replacen(
        &format!("{blob}\tf0012345\n"),
        &format!("{other}\tf0012345\n"),
        1,
    );
    let mut parent = fixture.git(&["rev-parse", "HEAD"]);
    for (number, text) in [&text, &change].iter().enumerate() {
        let tree = fixture.feed(&["mktree"], text.as_bytes());
        parent = fixture.git(&["commit-tree", &tree, "-p", &parent, "-m", "wide"]);
        fixture.git(&["update-ref", "refs/heads/feature", &parent]);
        let pushed = push(&fixture).unwrap();
        if number == 1 {
            assert_eq!(pushed.objects, 3);
            assert!(pushed.bytes < 2_000 || entries > 700_000, "{pushed:?}");
        }
    }
}

#[test]
fn a_hundred_thousand_refs_are_read_in_time() {
    supervise!();
    let fixture = TwinFixture::new("sha1");
    let old = fixture.git(&["rev-parse", "HEAD"]);
    fixture.commit("feature.txt", "more\n");
    let mut hello = Vec::new();
    for n in 0..100_000_u32 {
        let line = if n == 0 {
            format!("{old} refs/heads/feature\0report-status\n")
        } else {
            format!(
                "{:040x} refs/pull/{n:06}/head\n",
                u128::from(n) * 0x9E37_79B9_7F4A_7C15_F39C
            )
        };
        write!(hello, "{:04x}{line}", line.len() + 4).unwrap();
    }
    hello.extend_from_slice(b"0000");
    fixture.sandbox.write("hello", hello);
    fixture
        .sandbox
        .write("answer", "000eunpack ok\n001aok refs/heads/feature\n0000");
    let text = format!(
        "cd {}; cat hello; cat > request; cat answer",
        fixture.sandbox.path("").display()
    );
    let mut options = options(&fixture.sandbox);
    options.ssh_command = Some(
        script(&fixture.sandbox, "canned", &text)
            .display()
            .to_string(),
    );
    let begin = Instant::now();
    let pushed = push_head(
        &fixture.sandbox,
        &fixture.work(),
        "ssh://host.test/r.git",
        &options,
    )
    .unwrap();
    assert_eq!(pushed.objects, 3);
    // Two seconds in a release build; a build for tests on a busy machine takes longer.
    assert!(
        begin.elapsed() < Duration::from_mins(1),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_hundred_thousand_refs_of_a_real_server_are_read_over_http_and_a_path() {
    supervise!();
    let fixture = TwinFixture::new("sha1");
    let old = fixture.git(&["rev-parse", "HEAD"]);
    let mut refs = String::from("# pack-refs with: peeled fully-peeled sorted \n");
    for n in 0..100_000 {
        writeln!(refs, "{old} refs/pull/{n:06}/head").unwrap();
    }
    // What the seed has beside them lies loose.
    std::fs::write(fixture.seed().join("packed-refs"), refs).unwrap();
    assert_eq!(fixture.server(&["for-each-ref"]).lines().count(), 100_002);
    fixture.commit("feature.txt", "more\n");
    compare(&fixture, FAST);
}
