//! `--input`: the raw text of a text step, and the task document.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::pipeline::TaskDocument;
use crate::reason::{Code, Reason};

use super::json_object;
use super::task_json::parse;

/// The largest input, in bytes.
const MAX_INPUT_SIZE: u64 = 64 << 20;
/// How many unknown keys a note names.
const MOST_SHOWN: usize = 20;

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
    let name = name_of(path);
    match read {
        Err(error) => Err(format!("{name} cannot be read: {error}")),
        Ok(bytes) if bytes.len() as u64 > MAX_INPUT_SIZE => Err(format!(
            "{name} is larger than {} MiB",
            MAX_INPUT_SIZE >> 20
        )),
        Ok(bytes) => Ok(bytes),
    }
}

/// Reads the task document, where one is given, and a note on it. An empty input is a document with
/// every key absent: a `finally` block has nothing else to say when its task never began.
pub(super) fn read_task(path: Option<&Path>) -> Result<(TaskDocument, Option<Reason>), Reason> {
    let Some(path) = path else {
        return Ok((TaskDocument::default(), None));
    };
    let (message, advice) = match read_document(path) {
        Ok(bytes) => match parse(&bytes) {
            Ok((document, unknown)) => return Ok((document, note(path, &unknown))),
            Err(problem) => (
                format!(
                    "{} is not a task document: {problem}; it is ignored",
                    name_of(path)
                ),
                format!(
                    "give one object of `{}`, such as {{\"task\": {{\"input\": \"...\", \"ok\": true}}}}, and run again",
                    TaskDocument::SCHEMA
                ),
            ),
        },
        Err(problem) => (
            problem,
            "name a file that can be read, or - for standard input, and run again".to_owned(),
        ),
    };
    Err(Reason::new(Code::BadInput, message).advise(advice))
}

/// Reads up to the end of the object: the other end of a pipe may stay open.
fn read_document(path: &Path) -> Result<Vec<u8>, String> {
    let read = if path == Path::new("-") {
        json_object::read(io::stdin().lock(), MAX_INPUT_SIZE)
    } else {
        File::open(path).and_then(|file| json_object::read(file, MAX_INPUT_SIZE))
    };
    checked(path, read)
}

/// Notes the keys that this version does not know: a caller may be newer.
fn note(path: &Path, unknown: &[String]) -> Option<Reason> {
    let shown: Vec<&str> = unknown
        .iter()
        .take(MOST_SHOWN)
        .map(String::as_str)
        .collect();
    let message = format!(
        "{} has keys that this version does not know: {}; they are not used",
        name_of(path),
        shown.join(", ")
    );
    let advice = format!(
        "check their spelling; `{}` is described in docs/reference",
        TaskDocument::SCHEMA
    );
    (!unknown.is_empty()).then(|| Reason::new(Code::UnknownKeys, message).advise(advice))
}

/// Names the input for messages.
fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}
