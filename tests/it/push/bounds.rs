//! Objects that claim or make too much: nothing is held of them, wherever they lie.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix::ObjectId;
use gix::objs::Kind;
use sendoff::steps::push_advice;
use sendoff_push::NoRedaction;
use sendoff_testing::{TwinFixture, supervise};

use super::git_limit;
use super::repositories::push;
use crate::world::{World, step};

/// More than anything may take.
const HUGE: usize = 200 << 20;

/// One entry of a pack: whose it is, and its bytes.
type Entry = (ObjectId, Vec<u8>);

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::best());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// Many lines, each with its number.
fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

/// The header of an entry: its kind, and the size that it claims.
fn header(kind: u8, size: usize) -> Vec<u8> {
    let mut rest = size >> 4;
    let mut out = vec![kind << 4 | u8::try_from(size & 15).unwrap()];
    while rest > 0 {
        *out.last_mut().unwrap() |= 0x80;
        out.push(u8::try_from(rest & 0x7f).unwrap());
        rest >>= 7;
    }
    out
}

fn varint(mut size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while size > 0x7f {
        out.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
        size >>= 7;
    }
    out.push(u8::try_from(size).unwrap());
    out
}

fn number_of(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    }
}

/// An entry that is what its id says, and claims another size.
fn claim(kind: Kind, content: &[u8], size: usize) -> (ObjectId, Vec<Entry>) {
    let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, content).unwrap();
    let entry = [header(number_of(kind), size), deflated(content)].concat();
    (id, vec![(id, entry)])
}

/// A small base and a delta that copies it again and again.
fn bomb(kind: Kind, base: &[u8], piece: usize) -> (ObjectId, Vec<Entry>) {
    let times = HUGE / piece;
    let size = base.len() + times * piece;
    let copy = |at: usize, length: usize| {
        let mut out = vec![0x80 | 0x7f];
        out.extend(&u32::try_from(at).unwrap().to_le_bytes());
        out.extend(&u32::try_from(length).unwrap().to_le_bytes()[..3]);
        out
    };
    let mut delta = [varint(base.len()), varint(size), copy(0, base.len())].concat();
    let tail = &base[base.len() - piece..];
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(format!("{kind} {size}\0").as_bytes());
    hasher.update(base);
    for _ in 0..times {
        delta.extend(copy(base.len() - piece, piece));
        hasher.update(tail);
    }
    let id = hasher.try_finalize().unwrap();
    let of_base = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, base).unwrap();
    let whole = [header(number_of(kind), base.len()), deflated(base)].concat();
    let made = [
        header(7, delta.len()),
        of_base.as_bytes().to_vec(),
        deflated(&delta),
    ]
    .concat();
    (id, vec![(of_base, whole), (id, made)])
}

/// Writes a pack and its index, as nobody who checks them would.
fn write_pack(git_dir: &Path, mut entries: Vec<Entry>) {
    let count = u32::try_from(entries.len()).unwrap();
    let mut pack = [
        b"PACK".as_slice(),
        &2_u32.to_be_bytes(),
        &count.to_be_bytes(),
    ]
    .concat();
    let mut places = Vec::new();
    for (id, bytes) in entries.drain(..) {
        places.push((id, pack.len(), crc32fast::hash(&bytes)));
        pack.extend(bytes);
    }
    let sum = |bytes: &[u8]| {
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        hasher.update(bytes);
        hasher.try_finalize().unwrap()
    };
    let end = sum(&pack);
    pack.extend(end.as_bytes());
    places.sort();
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255 {
        let until = places
            .iter()
            .filter(|(id, ..)| id.as_bytes()[0] <= first)
            .count();
        index.extend(u32::try_from(until).unwrap().to_be_bytes());
    }
    for (id, ..) in &places {
        index.extend(id.as_bytes());
    }
    for (.., crc) in &places {
        index.extend(crc.to_be_bytes());
    }
    let offsets = places.iter().map(|(_, at, _)| u32::try_from(*at).unwrap());
    offsets.for_each(|at| index.extend(at.to_be_bytes()));
    index.extend(end.as_bytes());
    index.extend(sum(&index).as_bytes());
    let name = git_dir.join(format!("objects/pack/pack-{end}"));
    fs::write(name.with_extension("pack"), pack).unwrap();
    fs::write(name.with_extension("idx"), index).unwrap();
}

/// The text of a commit on top of HEAD.
fn commit_text(fixture: &TwinFixture, tree: &str) -> String {
    let parent = fixture.git(&["rev-parse", "HEAD"]);
    let who = "A <a@example.invalid> 1780000000 +0000";
    format!("tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\n")
}

/// Puts an object of a kind below a commit on `feature`, which is made as git makes it.
fn commit_with(fixture: &TwinFixture, kind: Kind, id: ObjectId) {
    let tip = match kind {
        Kind::Commit => id.to_string(),
        Kind::Tree | Kind::Blob | Kind::Tag => {
            let text = match kind {
                Kind::Tree => format!("040000 tree {id}\tinner\n"),
                _ => format!("100644 blob {id}\tfile\n"),
            };
            let tree = fixture.feed(&["mktree", "--missing"], text.as_bytes());
            let commit = commit_text(fixture, &tree) + "big\n";
            fixture.feed(
                &["hash-object", "-t", "commit", "-w", "--stdin"],
                commit.as_bytes(),
            )
        }
    };
    fs::write(fixture.work().join(".git/refs/heads/feature"), tip + "\n").unwrap();
}

/// What an object of a kind begins with, and something that can stand there again and again.
fn contents(fixture: &TwinFixture, kind: Kind) -> (Vec<u8>, usize) {
    match kind {
        Kind::Commit => {
            let text = commit_text(fixture, &fixture.git(&["rev-parse", "HEAD^{tree}"]));
            ([text.as_bytes(), &b"a".repeat(60_000)].concat(), 60_000)
        }
        Kind::Tree => {
            let blob = ObjectId::from_hex(fixture.git(&["rev-parse", "HEAD:README"]).as_bytes());
            let entry = [b"100644 x\0".as_slice(), blob.unwrap().as_bytes()].concat();
            (entry.repeat(2000), entry.len() * 2000)
        }
        Kind::Blob | Kind::Tag => (vec![b'a'; 60_000], 60_000),
    }
}

/// Guards that a size in a pack is compared with the limits before anything is made of it.
#[test]
fn entries_of_packs_that_claim_too_much_are_not_read() {
    supervise!();
    for kind in [Kind::Commit, Kind::Tree, Kind::Blob] {
        for is_delta in [false, true] {
            let fixture = TwinFixture::new("sha1");
            fixture.commit("feature.txt", "more\n");
            let (base, piece) = contents(&fixture, kind);
            let (id, entries) = if is_delta {
                bomb(kind, &base, piece)
            } else {
                claim(kind, &base, HUGE)
            };
            write_pack(&fixture.work().join(".git"), entries);
            commit_with(&fixture, kind, id);
            let before = fixture.server(&["for-each-ref"]);
            let error = push(&fixture).unwrap_err();
            let said = format!("{kind}, {is_delta}: {}", error.summary(&NoRedaction));
            if kind == Kind::Blob && !is_delta {
                // It is copied as it is, and the server finds that it lies.
                assert_ne!(error.class(), "too-large", "{said}");
            } else {
                assert_eq!(error.class(), "too-large", "{said}");
                let most = if kind == Kind::Commit { 32 } else { 64 };
                let text = format!("the object {id} is larger than {most} MiB");
                assert!(said.contains(&text), "{said}");
            }
            assert_eq!(fixture.server(&["for-each-ref"]), before, "{said}");
        }
    }
}

/// Guards the same for loose objects: two hundred megabytes that take two hundred kilobytes.
#[test]
fn a_loose_commit_of_two_hundred_megabytes_is_not_read() {
    supervise!();
    let fixture = TwinFixture::new("sha1");
    fixture.commit("feature.txt", "more\n");
    let text = commit_text(&fixture, &fixture.git(&["rev-parse", "HEAD^{tree}"]));
    let (head, end) = text.split_at(text.len() - 1);
    let line = [b"x-line ".as_slice(), &b"a".repeat(1 << 20), b"\n"].concat();
    let size = head.len() + end.len() + line.len() * 200;
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    let mut file = ZlibEncoder::new(Vec::new(), Compression::fast());
    let begin = format!("commit {size}\0{head}");
    let lines = std::iter::repeat_n(line.as_slice(), 200);
    for part in std::iter::once(begin.as_bytes())
        .chain(lines)
        .chain([end.as_bytes()])
    {
        hasher.update(part);
        file.write_all(part).unwrap();
    }
    let id = hasher.try_finalize().unwrap();
    let hex = id.to_string();
    let place = fixture.work().join(".git/objects").join(&hex[..2]);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join(&hex[2..]), file.finish().unwrap()).unwrap();
    commit_with(&fixture, Kind::Commit, id);
    let error = push(&fixture).unwrap_err();
    assert_eq!(error.class(), "too-large", "{error:?}");
}

/// Guards the text of a run, and that the branch goes once the commit is gone.
#[test]
fn a_run_names_the_commit_that_is_too_large() {
    // Git, which writes it, and this process hold it several times; the program itself has the usual bound.
    supervise!(git_limit());
    let world = World::new();
    let before = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    let message = "m".repeat(33 << 20);
    world.sandbox.write("message", message);
    let file = world.sandbox.path("message");
    let arguments = [
        "commit",
        "-q",
        "--allow-empty",
        "-F",
        file.to_str().unwrap(),
    ];
    world.sandbox.git(world.work(), &arguments);
    let id = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    let report = world.report(&["run", "post-commit"]);
    let push = step(&report, "push");
    assert_eq!(
        push["summary"],
        format!(
            "the history of feature/x cannot be read: the object {id} is larger than 32 MiB, and is not stored so that it can be streamed"
        ),
        "{report}"
    );
    assert_eq!(
        push["advice"],
        "take the commit out of the branch: a commit is text of a few kilobytes"
    );
    world
        .sandbox
        .git(world.work(), &["reset", "-q", "--soft", &before]);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

/// Guards that a file that only a delta makes is refused with advice, and goes once it is stored whole.
#[test]
fn a_large_file_that_is_stored_as_a_delta_goes_after_a_repack() {
    supervise!(git_limit());
    let fixture = TwinFixture::new("sha1");
    let content = b"a line of a large file\n".repeat((70 << 20) / 23);
    fixture.git(&["switch", "-q", "-c", "other"]);
    fixture.commit("file.txt", [&content[..], b"and a last one\n"].concat());
    fixture.git(&["switch", "-q", "feature"]);
    fixture.commit("file.txt", &content);
    // The larger one is the base, and stays here.
    fixture.git(&["repack", "-a", "-d", "-q", "-f"]);
    let error = push(&fixture).unwrap_err();
    let advice = push_advice(&error).unwrap();
    assert_eq!(error.class(), "too-large", "{error:?}");
    assert!(
        error
            .summary(&NoRedaction)
            .contains("is larger than 64 MiB, and is not stored so that it can be streamed"),
        "{error:?}"
    );
    assert_eq!(
        advice,
        "if it is a file, store it whole: git -c core.bigFileThreshold=32m repack -a -d -F"
    );
    let (_, command) = advice.split_once("git ").unwrap();
    fixture.git(&command.split(' ').collect::<Vec<_>>());
    let pushed = push(&fixture).unwrap();
    assert_eq!(
        pushed.new.to_string(),
        fixture.server(&["rev-parse", "feature"])
    );
}

/// Guards that submodules are looked for once in each pair of trees: there are ten thousand million paths here.
#[test]
fn a_bomb_of_trees_is_searched_for_submodules_in_time() {
    supervise!();
    let fixture = TwinFixture::new("sha1");
    let rows =
        |kind: &str, id: &str| -> String { numbered(10, |n| format!("{kind} {id}\td{n}\n")) };
    let blob = fixture.git(&["rev-parse", "HEAD:README"]);
    let mut tree = fixture.feed(&["mktree"], rows("100644 blob", &blob).as_bytes());
    for _ in 0..10 {
        tree = fixture.feed(&["mktree"], rows("040000 tree", &tree).as_bytes());
    }
    fixture.write(".gitmodules", "[submodule \"x\"]\n");
    let tip = fixture.git(&["rev-parse", "HEAD"]);
    let commit = fixture.git(&["commit-tree", &tree, "-p", &tip, "-m", "bomb"]);
    fixture.git(&["update-ref", "refs/heads/feature", &commit]);
    let begin = Instant::now();
    assert_eq!(push(&fixture).unwrap().objects, 12);
    let took = begin.elapsed();
    assert!(took < Duration::from_mins(1), "{took:?}");
}

/// Guards that an honest directory of twenty thousand files costs the search for submodules what changed in it.
#[test]
fn a_directory_of_many_files_is_searched_for_submodules_in_time() {
    supervise!();
    let push_commits = |gitmodules: &str| {
        let fixture = TwinFixture::new("sha1");
        let blob = fixture.git(&["rev-parse", "HEAD:README"]);
        let modules = fixture.feed(&["hash-object", "-w", "--stdin"], gitmodules.as_bytes());
        let mut tip = fixture.git(&["rev-parse", "HEAD"]);
        for changed in 0..8 {
            let files = numbered(20_000, |n| {
                let id = if n == changed { &modules } else { &blob };
                format!("100644 blob {id}\tf{n:05}\n")
            });
            let directory = fixture.feed(&["mktree"], files.as_bytes());
            let root = format!("100644 blob {modules}\t.gitmodules\n040000 tree {directory}\td\n");
            let root = fixture.feed(&["mktree"], root.as_bytes());
            tip = fixture.git(&["commit-tree", &root, "-p", &tip, "-m", "Change a file"]);
        }
        fixture.git(&["update-ref", "refs/heads/feature", &tip]);
        let begin = Instant::now();
        push(&fixture).unwrap();
        begin.elapsed()
    };
    // One of both may have been held up by others of the machine.
    let mut tries = (0..5).map(|_| (push_commits(""), push_commits("[submodule \"x\"]\n")));
    let is_quick = |(without, with): (Duration, Duration)| {
        println!("{with:?} with a list of submodules, {without:?} with an empty one");
        with < 5 * without
    };
    assert!(tries.any(is_quick));
}

/// Guards that a configuration of a million sections is refused before it is parsed, and one of many is read.
#[test]
fn a_configuration_of_millions_of_lines_is_refused() {
    supervise!();
    let world = World::new();
    let path = world.work().join(".git/config");
    let own = fs::read_to_string(&path).unwrap();
    for (line, count, what) in [
        ("[a]\n", 1_000_000, "30000 sections"),
        ("[a][a][a][a]\n", 20_000, "30000 sections"),
        ("a\n", 1_900_000, "100000 lines"),
    ] {
        fs::write(&path, format!("{own}{}", line.repeat(count))).unwrap();
        let said = world.run(&["run", "post-commit"]);
        assert_ne!(said.code, Some(0), "{}", said.stdout);
        let text = said.stdout + &said.stderr;
        assert!(text.contains("cannot be read"), "{text}");
        assert!(text.contains(what), "{text}");
    }
    let many = numbered(10_000, |n| {
        format!("[branch \"b{n}\"]\n\tremote = origin\n\tmerge = refs/heads/b{n}\n")
    });
    let key = "\tkey = value\n".repeat(50_000);
    fs::write(&path, format!("{own}{many}[other]\n{key}")).unwrap();
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

/// Guards that refspecs are not multiplied by refs, and that an unsorted file of refs is not sorted in memory.
#[test]
fn many_refspecs_and_many_refs_take_bounded_memory() {
    supervise!();
    let world = World::new();
    let tip = world.sandbox.git(world.work(), &["rev-parse", "main"]);
    let refs = numbered(50_000, |n| format!("{tip} refs/remotes/origin/b{n:06}\n"));
    let packed = world.work().join(".git/packed-refs");
    let sorted = "# pack-refs with: peeled fully-peeled sorted \n";
    fs::write(&packed, format!("{sorted}{refs}")).unwrap();
    let path = world.work().join(".git/config");
    let own = fs::read_to_string(&path).unwrap();
    let all = "fetch = +refs/heads/*:refs/remotes/origin/*\n".repeat(200);
    let each = numbered(20_000, |n| {
        format!("fetch = +refs/heads/b{n:06}:refs/remotes/origin/b{n:06}\n")
    });
    fs::write(&path, format!("{own}[remote \"origin\"]\n{all}{each}")).unwrap();
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let more = numbered(400_000, |n| format!("{tip} refs/tags/{n:06}\n"));
    fs::write(&packed, format!("{refs}{more}")).unwrap();
    let said = world.run(&["run", "post-commit"]);
    let text = said.stdout + &said.stderr;
    assert!(
        text.contains("packed-refs` is not a regular file of a usual size"),
        "{text}"
    );
}
