//! The payload of a call of `sendoff hook`: a task document, or an agent's own JSON. An invalid one is ignored.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::environment::Environment;
use crate::pipeline::{TaskDocument, TaskFacts};
use crate::surfaces::{AgentPayload, Call, Gate, Payload, ReadCall, SurfaceDef};
use crate::text::repaired_json;

use super::json_object::Scan;
use super::task_json::{ReadTask, parse};
use super::timed_input::read_until;

/// How much of a payload is read, in bytes.
const PAYLOAD_LIMIT: u64 = 8 << 20;
/// How much is read at once, in bytes.
const CHUNK_SIZE: usize = 64 << 10;
/// How long the next piece of a payload may take; the other end of a pipe may never be closed. Longer in a development
/// build, because its tests share a busy machine.
const PIECE_TIMEOUT: Duration =
    Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 200 });
/// How long an object that has begun may take, in such pieces.
const OBJECT_TIMEOUT: Duration = PIECE_TIMEOUT.saturating_mul(10);

/// What a caller says.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The task document of the caller, where it has one.
    pub(super) task: Option<TaskDocument>,
    /// The directory that it names.
    pub(super) directory: Option<PathBuf>,
    /// Why it asks for nothing.
    pub(super) closed: Option<&'static str>,
    /// What is left out, and why.
    pub(super) problem: Option<String>,
}

impl Heard {
    /// Reads what a surface's caller says, as far as it arrives in time. Only where the command line names no
    /// `directory`, the payload's counts.
    pub(super) fn read(
        surface: &SurfaceDef,
        arguments: &[OsString],
        directory: Option<&Path>,
        environment: &Environment,
    ) -> Self {
        let is_set = |name| environment.raw(name).is_some();
        if surface.left_to_host.is_some_and(is_set) {
            return Self {
                closed: Some("the host ships by itself"),
                ..Self::default()
            };
        }
        match surface.payload {
            Payload::Ignored => Self::default(),
            Payload::Word(gate) => Self {
                closed: gate(arguments.first().map(OsString::as_os_str)).closed(),
                ..Self::default()
            },
            Payload::TaskDocument => Self::of_document(&standard_input()),
            Payload::Agent(read) => Self::of_agent(surface, read, &standard_input(), directory),
            Payload::AgentArgument(read) => {
                let last = arguments.last().map(OsString::as_os_str);
                let bytes = last.map_or(&[][..], OsStr::as_encoded_bytes);
                Self::of_agent(surface, read, bytes, directory)
            }
        }
    }

    fn of_document(bytes: &[u8]) -> Self {
        let (read, problem) = match within_limit(bytes).and_then(parse) {
            Ok(read) => {
                let problem = read.told_left_out("the task document");
                (read, problem)
            }
            Err(problem) => {
                let problem = format!("the task document is left out: {problem}");
                (ReadTask::default(), Some(problem))
            }
        };
        Self {
            task: Some(read.document),
            problem,
            ..Self::default()
        }
    }

    /// Without a payload that can be read, an agent asks for the branch of the working directory.
    fn of_agent(
        surface: &SurfaceDef,
        read: ReadCall,
        bytes: &[u8],
        directory: Option<&Path>,
    ) -> Self {
        let (call, problem) = match within_limit(bytes).and_then(object) {
            Ok(value) => (read(AgentPayload(&value)), None),
            Err(problem) => {
                let problem = format!("the payload of {} is left out: {problem}", surface.name);
                (Call::default(), Some(problem))
            }
        };
        let (directory, crowded) = match directory {
            Some(named) => (Some(named.to_owned()), None),
            None => match chosen(&call.directories) {
                Ok(directory) => (directory, None),
                Err(crowded) => (None, Some(crowded)),
            },
        };
        let is_crowded = || crowded.as_ref().map(|_| "several repositories are open");
        let closed = call.gate.closed().or_else(is_crowded);
        let task = TaskFacts {
            input: call.input,
            response: call.response,
            ..TaskFacts::default()
        };
        Self {
            task: Some(TaskDocument {
                task,
                ..TaskDocument::default()
            }),
            directory,
            closed,
            problem: problem.or(crowded.filter(|_| call.gate == Gate::Open)),
        }
    }
}

/// Returns the directory that a call is about; none for the working directory. Where an agent has several open, it
/// is the only one that is the top of a work tree.
fn chosen(directories: &[PathBuf]) -> Result<Option<PathBuf>, String> {
    let usable = |directory: &&PathBuf| directory.is_absolute() && directory.is_dir();
    let usable: Vec<&PathBuf> = directories.iter().filter(usable).collect();
    if let [only] = usable[..] {
        return Ok(Some(only.clone()));
    }
    let tops: Vec<&PathBuf> = usable
        .into_iter()
        .filter(|directory| directory.join(".git").exists())
        .collect();
    match tops[..] {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        [..] => Err(format!(
            "{} repositories are open and none is shipped; run `sendoff run -C DIR` for the one that is done",
            tops.len()
        )),
    }
}

/// Reads an object as agents write it. Nothing at all is an object without keys.
fn object(bytes: &[u8]) -> Result<Value, String> {
    let text = repaired_json(bytes);
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    match serde_json::from_str(&text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("it is not an object".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn within_limit(bytes: &[u8]) -> Result<&[u8], String> {
    if bytes.len() as u64 > PAYLOAD_LIMIT {
        return Err(format!("it is larger than {} MiB", PAYLOAD_LIMIT >> 20));
    }
    Ok(bytes)
}

fn standard_input() -> Vec<u8> {
    collect(|into, until| read_until(rustix::stdio::stdin(), into, until))
}

/// Returns what arrives until the end of an object, until the end of the input, or until the time is over. `read` returns
/// `None` where nothing comes until then.
fn collect(mut read: impl FnMut(&mut [u8], Instant) -> io::Result<Option<usize>>) -> Vec<u8> {
    let began = Instant::now();
    let mut until = began + PIECE_TIMEOUT;
    let mut scan = Scan::default();
    let mut bytes = Vec::new();
    let mut piece = vec![0; CHUNK_SIZE];
    while bytes.len() as u64 <= PAYLOAD_LIMIT {
        let Ok(Some(count @ 1..)) = read(&mut piece, until) else {
            break;
        };
        let new = piece.get(..count).unwrap_or_default();
        let end = scan.end_in(new);
        bytes.extend_from_slice(new.get(..end.unwrap_or(count)).unwrap_or_default());
        if end.is_some() {
            break;
        }
        if scan.has_begun() {
            // Somebody writes it still.
            until = (Instant::now() + PIECE_TIMEOUT).min(began + OBJECT_TIMEOUT);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Collects pieces of a payload, of which nothing comes after them. Returns it, and until when each was waited for.
    fn collected(pieces: &[&str]) -> (Vec<u8>, Vec<Instant>) {
        let mut pieces = pieces.iter();
        let mut times = Vec::new();
        let bytes = collect(|into, until| {
            times.push(until);
            // The clock goes on.
            std::thread::sleep(Duration::from_millis(2));
            Ok(pieces.next().map(|piece| {
                into[..piece.len()].copy_from_slice(piece.as_bytes());
                piece.len()
            }))
        });
        (bytes, times)
    }

    /// Guards that a writer who takes its time, as an interpreter on a busy machine does, loses nothing.
    #[test]
    fn each_piece_of_an_object_has_a_time_of_its_own() {
        let (bytes, times) = collected(&["{\"a\": ", "[1, ", "2]", "} more"]);
        assert_eq!(bytes, b"{\"a\": [1, 2]}");
        assert_eq!(times.len(), 4);
        assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
        let (bytes, times) = collected(&["{", "\"a"]);
        assert_eq!((bytes.as_slice(), times.len()), (&b"{\"a"[..], 3));
        // What is no object has one time for all of it.
        let (bytes, times) = collected(&["[1, ", "2"]);
        assert_eq!(bytes, b"[1, 2");
        assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
    }

    #[test]
    fn x22_a_document_over_the_limit_is_left_out() {
        let limit = usize::try_from(PAYLOAD_LIMIT).unwrap();
        let heard = Heard::of_document(&vec![b' '; limit + 1]);
        assert_eq!(
            heard.problem.as_deref(),
            Some("the task document is left out: it is larger than 8 MiB")
        );
        assert_eq!(heard.task, Some(TaskDocument::default()));
        assert_eq!(Heard::of_document(&vec![b' '; limit]).problem, None);
    }
}
