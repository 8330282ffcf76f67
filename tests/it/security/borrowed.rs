//! Objects of another repository that this one names, and clones that borrow history.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use sendoff_testing::supervise;
use serde_json::Value;

use crate::world::World;

/// What somebody else's repository holds.
const SECRET: &str = "CANARY-of-another-repository\n";

/// A clone where somebody committed the name of a file of another repository.
struct Borrower {
    world: World,
    /// The object directory of the other repository.
    theirs: PathBuf,
    /// The file's object.
    id: String,
}

impl Borrower {
    fn new() -> Self {
        let world = World::new();
        let private = world.sandbox.repository("private");
        let theirs = private.join(".git/objects");
        let objects = world.work().join(".git/objects");
        // The first bytes of its name are those of no object of the clone.
        let id = (0..1000)
            .map(|number| {
                let file = world
                    .sandbox
                    .write("private/secret", format!("{SECRET}{number}\n"));
                let file = file.to_str().unwrap().to_owned();
                world.sandbox.git(&private, &["hash-object", "-w", &file])
            })
            .find(|id| !objects.join(&id[..2]).exists())
            .unwrap();
        let borrower = Self { world, theirs, id };
        let entry = format!("100644,{},secret", borrower.id);
        borrower.git(&["update-index", "--add", "--cacheinfo", &entry]);
        // Git itself asks for the object, and nothing is refused before it is.
        borrower.alternate();
        borrower.git(&["commit", "-q", "-m", "Add a file"]);
        fs::remove_file(borrower.alternates()).unwrap();
        borrower
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.world.sandbox.git(self.world.work(), arguments)
    }

    fn objects(&self) -> PathBuf {
        self.world.work().join(".git/objects")
    }

    fn alternates(&self) -> PathBuf {
        self.objects().join("info/alternates")
    }

    fn alternate(&self) {
        fs::write(self.alternates(), format!("{}\n", self.theirs.display())).unwrap();
    }

    /// Where a loose object lies below an object directory.
    fn file(&self) -> PathBuf {
        PathBuf::from(&self.id[..2]).join(&self.id[2..])
    }

    fn push(&self) -> Value {
        self.world.report(&["step", "push"])
    }

    /// Asserts that nothing leaves, that what is said is obeyed, and that it leaves then.
    fn assert_held(&self) {
        let report = self.push();
        assert_eq!(report["reason"], "borrowed-object", "{report}");
        let expected = format!(
            "what to send cannot be read from the repository: the object {} lies in another repository, by an \
             alternate or a link, and no remote branch has it",
            self.id
        );
        assert_eq!(report["summary"], expected);
        assert_eq!(self.world.tip("feature/x"), "");
        let advice = report["advice"].as_str().unwrap();
        let command = advice.strip_prefix("if it may leave, copy it into the repository: git ");
        let words: Vec<&str> = command.unwrap().split(' ').collect();
        self.git(&words);
        assert_eq!(self.push()["verdict"], "done");
        assert_eq!(
            self.world.tip("feature/x"),
            self.git(&["rev-parse", "HEAD"])
        );
    }
}

#[test]
fn an_object_that_an_alternate_has_is_not_sent() {
    supervise!();
    let borrower = Borrower::new();
    borrower.alternate();
    borrower.assert_held();
}

#[test]
fn a_stand_in_does_not_make_it_the_repositorys_own() {
    supervise!();
    let borrower = Borrower::new();
    borrower.alternate();
    let own = borrower.objects().join(borrower.file());
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "damaged").unwrap();
    let report = borrower.push();
    assert_eq!(report["reason"], "corrupt", "{report}");
    assert_eq!(borrower.world.tip("feature/x"), "");
    fs::remove_file(own).unwrap();
    borrower.assert_held();
}

#[test]
fn an_object_behind_a_link_is_not_sent() {
    supervise!();
    let borrower = Borrower::new();
    let own = borrower.objects().join(borrower.file());
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    symlink(borrower.theirs.join(borrower.file()), own).unwrap();
    borrower.assert_held();
}

#[test]
fn a_directory_of_objects_behind_a_link_is_not_sent_from() {
    supervise!();
    let borrower = Borrower::new();
    let first = &borrower.id[..2];
    symlink(borrower.theirs.join(first), borrower.objects().join(first)).unwrap();
    borrower.assert_held();
}

#[test]
fn a_pack_behind_a_link_is_not_sent_from() {
    supervise!();
    let borrower = Borrower::new();
    let world = &borrower.world;
    let mut pack = world.sandbox.command("sh");
    let script = format!("echo {} | git pack-objects -q pack/pack", borrower.id);
    pack.current_dir(&borrower.theirs).args(["-euc", &script]);
    crate::sandbox::succeed(&mut pack);
    fs::create_dir_all(borrower.objects().join("pack")).unwrap();
    for entry in fs::read_dir(borrower.theirs.join("pack")).unwrap() {
        let entry = entry.unwrap();
        symlink(
            entry.path(),
            borrower.objects().join("pack").join(entry.file_name()),
        )
        .unwrap();
    }
    borrower.assert_held();
}

/// Adds a large file to the remote's branch, so that it shows what is sent whole.
fn with_large_file() -> World {
    let world = World::new();
    let lines: Vec<String> = (0..20_000_u64)
        .map(|number| (number * 2_654_435_761 % 1_000_003).to_string())
        .collect();
    world.sandbox.write("clone/large", lines.join("\n"));
    let bare = world.bare();
    let bare = bare.to_str().unwrap();
    let work = world.work();
    for arguments in [
        vec!["switch", "-q", "main"],
        vec!["add", "large"],
        vec!["commit", "-q", "-m", "Add a large file"],
        vec!["push", "-q", bare, "main"],
        vec!["switch", "-q", "feature/x"],
    ] {
        world.sandbox.git(&work, &arguments);
    }
    world
}

/// Makes a clone as `git clone` does with `options`, works there, and pushes.
fn clone_and_push(world: &World, options: &[&str], name: &str) {
    let mut arguments = vec!["clone", "-q"];
    arguments.extend(options);
    let from = format!("file://{}", world.bare().display());
    let bare = world.bare();
    // A clone of a URL copies; one of a path can share.
    let from = match options {
        ["--shared"] => bare.to_str().unwrap(),
        _ => &from,
    };
    arguments.extend([from, name]);
    let sandbox = &world.sandbox;
    sandbox.git(sandbox.path(""), &arguments);
    let work = sandbox.path(name);
    assert!(work.join(".git/objects/info/alternates").exists());
    let url = format!("{}/acme/rocket.git", world.git.url());
    sandbox.git(&work, &["remote", "set-url", "origin", &url]);
    sandbox.git(&work, &["switch", "-q", "-c", name]);
    let large = fs::read_to_string(work.join("large")).unwrap();
    sandbox.commit(
        &work,
        "large",
        &format!("one\n{large}"),
        "Change the large file",
    );
    let said = world.run_in(&work, &["step", "push", "--json"], &world.variables());
    let report = said.report();
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(world.tip(name), sandbox.head(&work));
    // What is borrowed is no less a base for deltas.
    let bytes = report["outputs"]["bytes"].as_u64().unwrap();
    assert!(bytes < 1000, "{report}");
}

#[test]
fn clones_that_borrow_what_the_remote_has_ship() {
    supervise!();
    let world = with_large_file();
    let reference = world.work();
    let reference = reference.to_str().unwrap();
    clone_and_push(&world, &["--reference", reference], "referring");
    clone_and_push(&world, &["--shared"], "sharing");
}
