//! A file that others append to, taken over: crashes, two readers, writers that still hold it.

mod refused;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::{Duration, SystemTime};

use sendoff::handover::{ClaimedLines, HandoverError, Line, claim};
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

fn later(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

fn lines(taken: &mut ClaimedLines) -> Vec<String> {
    let mut line = Vec::new();
    let mut all = Vec::new();
    while taken.next(&mut line).unwrap().is_some() {
        all.push(String::from_utf8_lossy(&line).into_owned());
    }
    all
}

/// Reads all there is and confirms it.
fn consume(path: &Path, now: SystemTime) -> Vec<String> {
    let Some(mut taken) = claim(path, now).unwrap() else {
        return Vec::new();
    };
    let all = lines(&mut taken);
    taken.confirm().unwrap();
    all
}

fn file(sandbox: &Sandbox, content: &str) -> PathBuf {
    sandbox.write("box/results.jsonl", content)
}

#[test]
fn lines_are_taken_once() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "a\n\nb\r\n");
    assert_eq!(consume(&path, later(0)), ["a", "", "b\r"]);
    assert!(!path.exists());
    assert!(consume(&path, later(0)).is_empty());
    fs::write(&path, "c\n").unwrap();
    assert_eq!(consume(&path, later(0)), ["c"]);
}

#[test]
fn nothing_is_made_where_nothing_is() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = sandbox.path("absent/results.jsonl");
    assert!(claim(&path, later(0)).unwrap().is_none());
    let path = sandbox.path("results.jsonl");
    assert!(claim(&path, later(0)).unwrap().is_none());
    assert!(!sandbox.path("results.jsonl.claimed").exists());
}

#[test]
fn what_was_not_confirmed_comes_again() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "a\nb\n");
    let mut taken = claim(&path, later(0)).unwrap().unwrap();
    assert_eq!(lines(&mut taken), ["a", "b"]);
    drop(taken);
    fs::write(&path, "c\n").unwrap();
    assert_eq!(consume(&path, later(0)), ["a", "b", "c"]);
    assert!(consume(&path, later(0)).is_empty());
}

#[test]
fn a_line_in_the_middle_of_being_written_is_left() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "");
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    writer.write_all(b"one\ntw").unwrap();
    assert_eq!(consume(&path, later(0)), ["one"]);
    writer.write_all(b"o\n").unwrap();
    assert_eq!(consume(&path, later(0)), ["two"]);
    assert!(consume(&path, later(0)).is_empty());
}

#[test]
fn a_writer_that_holds_the_old_file_loses_nothing() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "one\n");
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    assert_eq!(consume(&path, later(0)), ["one"]);
    fs::write(&path, "three\n").unwrap();
    writer.write_all(b"two\n").unwrap();
    assert_eq!(consume(&path, later(0)), ["two", "three"]);
    writer.write_all(b"four\n").unwrap();
    assert_eq!(consume(&path, later(0)), ["four"]);
}

#[test]
fn a_last_line_without_an_end_counts_once_it_rests() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "one\nlast");
    assert_eq!(consume(&path, later(0)), ["one"]);
    assert!(
        consume(&path, later(0)).is_empty(),
        "it may still be written"
    );
    assert_eq!(consume(&path, later(60)), ["last"]);
    assert!(consume(&path, later(60)).is_empty());
}

#[test]
fn a_last_line_that_is_complete_counts_without_an_end() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "one\n{last}");
    let mut taken = claim(&path, later(0))
        .unwrap()
        .unwrap()
        .completed_by(|line| line.ends_with(b"}"));
    assert_eq!(lines(&mut taken), ["one", "{last}"]);
    taken.confirm().unwrap();
    assert!(consume(&path, later(60)).is_empty());
}

#[test]
fn a_file_that_was_read_goes_after_a_while_unless_a_writer_has_it() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "one\n");
    let claimed = sandbox.path("box/results.jsonl.claimed/00000001.jsonl");
    let mut writer = sandbox.command("sleep");
    writer.arg("30").stdin(fs::File::open(&path).unwrap());
    let mut writer = writer.spawn().unwrap();
    assert_eq!(consume(&path, later(0)), ["one"]);
    assert!(consume(&path, later(3600)).is_empty());
    assert!(claimed.exists(), "a process has it open");
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert!(consume(&path, later(0)).is_empty());
    assert!(claimed.exists(), "it is too young");
    assert!(consume(&path, later(3600)).is_empty());
    assert!(!claimed.exists());
    let left: Vec<_> = fs::read_dir(claimed.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "the lock alone: {left:?}");
}

#[test]
fn the_rest_is_left_and_counted() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "a\nb\n\nc\nd\n");
    let mut taken = claim(&path, later(0)).unwrap().unwrap();
    let mut line = Vec::new();
    for _ in 0..2 {
        assert_eq!(taken.next(&mut line).unwrap(), Some(Line::Whole));
    }
    assert_eq!(taken.leave_rest().unwrap(), 3, "b, c and d");
    taken.confirm().unwrap();
    assert_eq!(consume(&path, later(0)), ["b", "", "c", "d"]);
}

#[test]
fn a_line_that_is_too_long_is_passed_over() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "");
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..20 {
        writer.write_all(&block).unwrap();
    }
    writer.write_all(b"\nshort\n").unwrap();
    let mut taken = claim(&path, later(0)).unwrap().unwrap();
    let mut line = Vec::new();
    assert_eq!(taken.next(&mut line).unwrap(), Some(Line::TooLong));
    assert!(line.is_empty());
    assert_eq!(taken.next(&mut line).unwrap(), Some(Line::Whole));
    assert_eq!(line, b"short");
}

#[test]
fn a_second_reader_waits_for_the_next_run() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "a\n");
    let first = claim(&path, later(0)).unwrap().unwrap();
    let error = claim(&path, later(0)).unwrap_err();
    assert!(matches!(error, HandoverError::Busy(_)));
    assert_eq!(
        error.to_string(),
        format!("another run is reading `{}`", path.display())
    );
    drop(first);
    assert_eq!(consume(&path, later(0)), ["a"]);
}

#[test]
fn d05_many_readers_and_writers_hand_each_line_on_once() {
    const WRITERS: usize = 4;
    const EACH: usize = 200;
    supervise!();
    let sandbox = Sandbox::new();
    let path = file(&sandbox, "");
    let start = Barrier::new(WRITERS + 3);
    let mut got: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 0..EACH {
                        let mut open = OpenOptions::new()
                            .append(true)
                            .create(true)
                            .open(path)
                            .unwrap();
                        open.write_all(format!("{writer}-{n}\n").as_bytes())
                            .unwrap();
                    }
                })
            })
            .collect();
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let mut got = Vec::new();
                    for _ in 0..60 {
                        if let Ok(Some(mut taken)) = claim(path, later(0)) {
                            got.extend(lines(&mut taken));
                            taken.confirm().unwrap();
                        }
                    }
                    got
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        readers
            .into_iter()
            .flat_map(|reader| reader.join().unwrap())
            .collect()
    });
    // No more files are taken at once than a reader wants to open; the rest comes with the next.
    loop {
        let more = consume(&path, later(3600));
        if more.is_empty() {
            break;
        }
        got.extend(more);
    }
    got.extend(consume(&path, later(3600)));
    got.sort();
    let mut expected: Vec<String> = (0..WRITERS)
        .flat_map(|writer| (0..EACH).map(move |n| format!("{writer}-{n}")))
        .collect();
    expected.sort();
    assert_eq!(got, expected);
}
