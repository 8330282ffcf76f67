//! `--input`: the raw text of a text step, and the task document.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};

use crate::pipeline::TaskDocument;
use crate::reason::{Code, Reason};

use super::json_object::{self, Beginning};
use super::task_json::{ReadTask, parse};
use super::timed_input::read_until;

/// The largest input, in bytes.
const MAX_INPUT_SIZE: u64 = 64 << 20;

/// Reads `--input`: a file, or `-` for standard input.
pub(super) fn read_input(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(MAX_INPUT_SIZE + 1)
            .read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_INPUT_SIZE + 1).read_to_end(&mut bytes))
    };
    checked(path, read.map(|_| bytes))
}

fn checked(path: &Path, read: io::Result<Vec<u8>>) -> Result<Vec<u8>, String> {
    match read {
        Err(error) => Err(unreadable(path, &error)),
        Ok(bytes) if bytes.len() as u64 > MAX_INPUT_SIZE => Err(too_large(path)),
        Ok(bytes) => Ok(bytes),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be read: {error}", name_of(path))
}

fn too_large(path: &Path) -> String {
    format!(
        "{} is larger than {} MiB",
        name_of(path),
        MAX_INPUT_SIZE >> 20
    )
}

/// Reads the task document, where one is given, and notes on it. An empty input is a document with
/// every key absent: a `finally` block has nothing else to say when its task never began. What is not there within
/// `patience` does not hold the rest.
pub(super) fn read_task(
    path: Option<&Path>,
    patience: Duration,
) -> Result<(TaskDocument, Vec<Reason>), Reason> {
    let Some(path) = path else {
        return Ok((TaskDocument::default(), Vec::new()));
    };
    let read = read_document(path, patience)?;
    let is_missing = read.is_late && read.bytes.trim_ascii().is_empty();
    match parse(&read.bytes) {
        Ok(task) if !is_missing => {
            let notes = [left_out(path, &task), unknown(path, &task)];
            Ok((task.document, notes.into_iter().flatten().collect()))
        }
        Err(problem) if !read.is_late => {
            let message = format!(
                "{} is not a task document: {problem}; it is ignored",
                name_of(path)
            );
            let advice = format!(
                "give one object of `{}`, such as {{\"task\": {{\"input\": \"...\", \"ok\": true}}}}, and run again",
                TaskDocument::SCHEMA
            );
            Err(Reason::new(Code::BadInput, message).advise(advice))
        }
        _ => Err(late(path, patience)),
    }
}

/// Reads up to the end of the object: the other end of a pipe may stay open.
fn read_document(path: &Path, patience: Duration) -> Result<Beginning, Reason> {
    let until = Instant::now() + patience;
    let read = if path == Path::new("-") {
        let stdin = rustix::stdio::stdin();
        json_object::read(|into| read_until(stdin, into, until), MAX_INPUT_SIZE)
    } else {
        open(path).and_then(|file| {
            json_object::read(|into| read_until(&file, into, until), MAX_INPUT_SIZE)
        })
    };
    let refused = |message, advice| Reason::new(Code::BadInput, message).advise(advice);
    let read = read.map_err(|error| {
        let advice = "name a file that can be read, or - for standard input, and run again";
        refused(unreadable(path, &error), advice)
    })?;
    if read.bytes.len() as u64 > MAX_INPUT_SIZE {
        return Err(refused(
            too_large(path),
            "shorten the texts in it, and run again",
        ));
    }
    Ok(read)
}

/// Opens a file. A named pipe is opened also while nobody writes to it.
fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Says that a pipe stayed open, and no whole document came through it.
fn late(path: &Path, patience: Duration) -> Reason {
    let message = format!(
        "no whole task document came from {} within {} s, and it stays open; it is ignored",
        name_of(path),
        patience.as_secs().max(1)
    );
    Reason::new(Code::BadInput, message).advise(
        "end the input after the document, give </dev/null where there is none, or raise `limits.deadline`: half of it is waited",
    )
}

/// Notes the values that are not used.
fn left_out(path: &Path, task: &ReadTask) -> Option<Reason> {
    let message = task.told_left_out(&name_of(path))?;
    let advice = format!(
        "write them as `{}` has them, and run again",
        TaskDocument::SCHEMA
    );
    Some(Reason::new(Code::BadInput, message).advise(advice))
}

/// Notes the keys that this version does not know: a caller may be newer.
fn unknown(path: &Path, task: &ReadTask) -> Option<Reason> {
    let keys = task.told_unknown()?;
    let message = format!(
        "{} has keys that this version does not know: {keys}; they are not used",
        name_of(path)
    );
    let advice = format!(
        "check their spelling; `{}` is described in docs/reference",
        TaskDocument::SCHEMA
    );
    Some(Reason::new(Code::UnknownKeys, message).advise(advice))
}

/// Names the input for messages.
fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}
