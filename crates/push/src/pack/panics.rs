//! What becomes of a pack when the thread that reads prefetch panics: nothing.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gix::ObjectId;
use gix::objs::tree::{Entry, EntryKind};

use super::prefetch::Prefetch;
use super::{PackOptions, Plan, Writer};
use crate::objects::{Selected, Selection, Wanted, select};
use crate::progress::NoProgress;
use crate::store::{LooseWork, Reader};

const FILES: usize = 40;

/// A commit of many small files, all loose.
fn repository(directory: &Path) -> (gix::Repository, ObjectId) {
    let repo = gix::ThreadSafeRepository::init_opts(
        directory,
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        gix::open::Options::isolated(),
    );
    let repo = repo.unwrap().to_thread_local();
    let file = |number: usize| Entry {
        mode: EntryKind::Blob.into(),
        filename: format!("{number:02}").into(),
        oid: repo
            .write_blob(format!("{number} ").repeat(number))
            .unwrap()
            .detach(),
    };
    let entries = (0..FILES).map(file).collect();
    let tree = repo.write_object(gix::objs::Tree { entries }).unwrap();
    let author = gix::actor::Signature::default();
    let commit = gix::objs::Commit {
        tree: tree.detach(),
        parents: Vec::new().into(),
        author: author.clone(),
        committer: author,
        encoding: None,
        message: "files".into(),
        extra_headers: Vec::new(),
    };
    let commit = repo.write_object(commit).unwrap().detach();
    (repo, commit)
}

/// Packs it all; a thread that reads prefetch panics at the object of this number.
fn pack(reader: &Reader, selection: &Selection, panics_at: Option<usize>) -> Vec<u8> {
    let stop = AtomicBool::new(false);
    let plan = Plan::new(reader, selection, &stop).unwrap();
    let writer = Writer::new(reader, selection, &plan, PackOptions::USUAL, &NoProgress);
    let mut writer = writer.unwrap();
    writer.contents.prefetch = panics_at.map(|at| {
        let loose = plan.store.loose().clone();
        let (mut work, mut done) = (LooseWork::default(), 0);
        let work = move |object: Selected, _| {
            if done == at {
                // Time for the writer to come and wait for it.
                thread::sleep(Duration::from_millis(20));
                resume_unwind(Box::new("planted"));
            }
            done += 1;
            let mut content = Vec::new();
            loose.read(&object.id, &mut work, &mut content).ok()?;
            Some(content)
        };
        let objects = plan.objects.iter().copied().enumerate();
        let wanted = objects.map(|(number, object)| (number, object, 1));
        Prefetch::by(work, plan.objects.len(), wanted.collect()).unwrap()
    });
    let mut out = Vec::new();
    writer.write_to(&mut out, &stop).unwrap();
    out
}

/// Fails instead of holding the tests when somebody waits for ever.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        work();
        tell.send(())
    });
    told.recv_timeout(Duration::from_mins(1)).unwrap();
}

#[test]
fn a_panic_of_the_thread_neither_holds_the_push_nor_changes_the_pack() {
    in_time(|| {
        let directory = tempfile::tempdir().unwrap();
        let (repo, new) = repository(directory.path());
        let wanted = Wanted {
            new,
            has: &[],
            old_tip: None,
        };
        let selection = select(&repo, wanted, &NoProgress, &AtomicBool::new(false)).unwrap();
        assert_eq!(selection.objects.len(), FILES + 2);
        let reader = Reader::new(&repo).unwrap();
        let right = pack(&reader, &selection, None);
        for at in [0, 1, FILES / 2, FILES + 1] {
            assert!(pack(&reader, &selection, Some(at)) == right, "{at}");
        }
    });
}

#[test]
fn who_waits_for_an_object_at_which_the_thread_panics_gets_nothing() {
    in_time(|| {
        let (begun, begins) = mpsc::channel();
        let (go, goes) = mpsc::channel();
        let object = Selected {
            id: ObjectId::null(gix::hash::Kind::Sha1),
            kind: gix::objs::Kind::Blob,
            path: 0,
            name: 0,
        };
        let read = move |_, _| {
            begun.send(()).unwrap();
            goes.recv().unwrap();
            thread::sleep(Duration::from_millis(20));
            resume_unwind(Box::new("planted"))
        };
        let prefetch = Prefetch::by(read, 2, vec![(0, object, 1), (1, object, 1)]).unwrap();
        begins.recv().unwrap();
        go.send(()).unwrap();
        assert!(prefetch.take(0).is_none());
        assert!(prefetch.take(1).is_none());
        drop(prefetch);
    });
}
