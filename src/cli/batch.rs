//! `sendoff step NAME --batch`: one text step, many texts, one process.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::pipeline::TextStep;
use crate::session::Session;

/// The longest line that is read, in bytes.
const LONGEST: u64 = 64 << 20;
/// How many different settings are kept ready.
const KEPT: usize = 256;

/// One line in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    /// The raw text.
    #[serde(default)]
    input: String,
    /// Keys of the step, over those of the command line.
    #[serde(default)]
    with: Map<String, Value>,
}

/// One line out.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Text(String),
    Error(String),
}

/// A text step with the settings of the command line, and those that the lines add.
pub(super) struct Batch<'s> {
    session: &'s Session,
    name: &'s str,
    with: &'s [String],
    ready: HashMap<Vec<String>, Result<Box<dyn TextStep>, String>>,
}

impl<'s> Batch<'s> {
    /// Makes a batch of the step `name`, which is known to be a text step.
    pub(super) fn new(session: &'s Session, name: &'s str, with: &'s [String]) -> Self {
        Self {
            session,
            name,
            with,
            ready: HashMap::new(),
        }
    }

    /// Answers each line of `from` with one line, in order, and flushes it. A line that cannot be
    /// answered gets an error and the next one its turn. Fails when `from` cannot be read; the inner
    /// result is about `to`.
    pub(super) fn run(
        &mut self,
        from: &mut dyn BufRead,
        to: &mut dyn Write,
    ) -> io::Result<io::Result<()>> {
        let mut line = Vec::new();
        let mut answer = Vec::new();
        while let Some(whole) = next_line(from, &mut line)? {
            let told = match whole {
                Whole::Yes => self.answer(&line),
                Whole::No => Err(format!("the line is longer than {} MiB", LONGEST >> 20)),
            };
            let told = told.map_or_else(Answer::Error, Answer::Text);
            answer.clear();
            serde_json::to_writer(&mut answer, &told)?;
            answer.push(b'\n');
            // Whoever reads may have gone, or the disk is full: that ends the talking.
            if let Err(error) = to.write_all(&answer).and_then(|()| to.flush()) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn answer(&mut self, line: &[u8]) -> Result<String, String> {
        let call: Call = serde_json::from_slice(line)
            .map_err(|error| format!("the line is no call: {error}"))?;
        let mut with = self.with.to_vec();
        for (key, value) in call.with {
            with.extend(argument(&key, value)?);
        }
        if self.ready.len() >= KEPT && !self.ready.contains_key(&with) {
            self.ready.clear();
        }
        let (session, name) = (self.session, self.name);
        let step =
            self.ready
                .entry(with)
                .or_insert_with_key(|with| match session.text_step(name, with) {
                    Ok(Some(step)) => Ok(step),
                    Ok(None) => Err(not_text(name)),
                    Err(error) => Err(error.one_line()),
                });
        match step {
            Ok(step) => step.convert(&call.input).map_err(|error| error.to_string()),
            Err(error) => Err(error.clone()),
        }
    }
}

/// Says that a step cannot be used on texts alone.
pub(super) fn not_text(name: &str) -> String {
    format!("`{name}` is no text step: --batch takes those that make one text of another")
}

/// Writes one key of a call as `--with` takes it; a null leaves the key as it is.
fn argument(key: &str, value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(format!("{key}={text}"))),
        Value::Bool(_) | Value::Number(_) => Ok(Some(format!("{key}={value}"))),
        Value::Array(_) | Value::Object(_) => Err(format!(
            "`{}` in `with` must be a text, a number or a truth value",
            key.escape_debug()
        )),
    }
}

/// Whether a line was short enough to be kept.
enum Whole {
    Yes,
    No,
}

/// Reads a line without its line feed; nothing at the end of the input.
fn next_line(from: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<Whole>> {
    line.clear();
    if from.take(LONGEST + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Whole::Yes));
    }
    if line.len() as u64 <= LONGEST {
        return Ok(Some(Whole::Yes));
    }
    from.skip_until(b'\n')?;
    line.clear();
    Ok(Some(Whole::No))
}
