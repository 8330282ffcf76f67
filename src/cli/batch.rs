//! `sendoff step NAME --batch`: converts many texts with one text step in one process.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::pipeline::TextStep;
use crate::session::Session;

/// The longest line of input, in bytes.
const MAX_LINE_LENGTH: u64 = 64 << 20;
/// How many steps with different settings are cached.
const MAX_CACHED_STEPS: usize = 256;

/// One line of input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    /// The raw text.
    #[serde(default)]
    input: String,
    /// Keys of the step, which override those of the command line.
    #[serde(default)]
    with: Map<String, Value>,
}

/// One line of output.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum BatchResponse {
    Text(String),
    Error(String),
}

/// A text step with the settings of the command line, and a cache of steps with the lines' settings.
pub(super) struct Batch<'s> {
    session: &'s Session,
    name: &'s str,
    with: &'s [String],
    steps: HashMap<Vec<String>, Result<Box<dyn TextStep>, String>>,
}

impl<'s> Batch<'s> {
    /// Makes a batch for the step `name`, which must be a text step.
    pub(super) fn new(session: &'s Session, name: &'s str, with: &'s [String]) -> Self {
        Self {
            session,
            name,
            with,
            steps: HashMap::new(),
        }
    }

    /// Answers each line of `from` with one line, in order, and flushes it. A line that cannot be
    /// converted is answered with an error. The outer result is the error of reading `from`, the inner
    /// one that of writing to `to`.
    pub(super) fn run(
        &mut self,
        from: &mut dyn BufRead,
        to: &mut dyn Write,
    ) -> io::Result<io::Result<()>> {
        let mut line = Vec::new();
        let mut answer = Vec::new();
        while let Some(read) = next_line(from, &mut line)? {
            let told = match read {
                LineRead::Complete => self.answer(&line),
                LineRead::TooLong => Err(format!(
                    "the line is longer than {} MiB",
                    MAX_LINE_LENGTH >> 20
                )),
            };
            let told = told.map_or_else(BatchResponse::Error, BatchResponse::Text);
            answer.clear();
            serde_json::to_writer(&mut answer, &told)?;
            answer.push(b'\n');
            // The reader is gone, or the disk is full: further answers are pointless.
            if let Err(error) = to.write_all(&answer).and_then(|()| to.flush()) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn answer(&mut self, line: &[u8]) -> Result<String, String> {
        let request: BatchRequest = serde_json::from_slice(line)
            .map_err(|error| format!("the line is not a request: {error}"))?;
        let mut with = self.with.to_vec();
        for (key, value) in request.with {
            with.extend(argument(&key, value)?);
        }
        if self.steps.len() >= MAX_CACHED_STEPS && !self.steps.contains_key(&with) {
            self.steps.clear();
        }
        let (session, name) = (self.session, self.name);
        let step =
            self.steps
                .entry(with)
                .or_insert_with_key(|with| match session.text_step(name, with) {
                    Ok(Some(step)) => Ok(step),
                    Ok(None) => Err(not_text(name)),
                    Err(error) => Err(error.one_line()),
                });
        match step {
            Ok(step) => step
                .convert(&request.input)
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.clone()),
        }
    }
}

/// Returns the message for a step that is not a text step.
pub(super) fn not_text(name: &str) -> String {
    format!("`{name}` is not a text step: --batch works with steps that convert a text")
}

/// Formats a key of a request as an argument of `--with`; `None` for null, which leaves the key unset.
fn argument(key: &str, value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(format!("{key}={text}"))),
        Value::Bool(_) | Value::Number(_) => Ok(Some(format!("{key}={value}"))),
        Value::Array(_) | Value::Object(_) => Err(format!(
            "`{}` in `with` must be a string, a number or a boolean",
            key.escape_debug()
        )),
    }
}

/// A line of input.
enum LineRead {
    /// It is in the buffer.
    Complete,
    /// It is longer than [`MAX_LINE_LENGTH`] and was skipped.
    TooLong,
}

/// Reads a line without its line feed; `None` at the end of the input.
fn next_line(from: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<LineRead>> {
    line.clear();
    if from.take(MAX_LINE_LENGTH + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(LineRead::Complete));
    }
    if line.len() as u64 <= MAX_LINE_LENGTH {
        return Ok(Some(LineRead::Complete));
    }
    from.skip_until(b'\n')?;
    line.clear();
    Ok(Some(LineRead::TooLong))
}
