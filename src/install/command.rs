//! `OurCommand`: a command that calls `sendoff hook`, written and recognised.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub use sendoff_push::shell_word;

/// A call of `sendoff hook SURFACE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurCommand {
    /// The program as it is written: a path, or a name for the search path.
    pub program: PathBuf,
    /// The surface.
    pub surface: String,
}

impl OurCommand {
    /// Finds the last call in a shell script, without comments.
    pub fn find(text: &str) -> Option<Self> {
        let lines = text.lines().filter(|line| !line.trim().starts_with('#'));
        lines
            .filter_map(|line| Self::among(&words(line)))
            .next_back()
    }

    /// Finds the call among words, of which one can be a script itself, as for `sh -c`.
    pub fn among<W: AsRef<str>>(words: &[W]) -> Option<Self> {
        let scripts = words.iter().map(AsRef::as_ref);
        let mut scripts = scripts.filter(|word| word.contains(" hook "));
        let direct = words.windows(3).find_map(|three| {
            let [program, verb, surface] = three else {
                return None;
            };
            let program = Path::new(program.as_ref());
            (is_ours(program) && verb.as_ref() == "hook").then(|| Self {
                program: program.to_owned(),
                surface: surface.as_ref().to_owned(),
            })
        });
        direct.or_else(|| scripts.find_map(Self::find))
    }

    /// Says whether the program can exist: an absolute path must exist, another one depends on the search path.
    pub fn may_exist(&self) -> bool {
        !self.program.is_absolute() || self.program.is_file()
    }
}

/// Says whether a program is this one by its name, which can be another than `sendoff`.
fn is_ours(program: &Path) -> bool {
    static OWN_NAME: LazyLock<Option<OsString>> = LazyLock::new(|| {
        let program = std::env::current_exe().ok()?;
        program.file_name().map(OsStr::to_owned)
    });
    let name = program.file_name();
    name.is_some_and(|name| name == "sendoff" || OWN_NAME.as_deref() == Some(name))
}

/// Splits a line of shell into words. Operators end a word and are left out; nothing is expanded.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some('\''), _) => word.get_or_insert_default().push(character),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (_, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, ' ' | '\t' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '{' | '}') => {
                words.extend(word.take());
            }
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(String, String)> {
        let found = OurCommand::find(text)?;
        Some((found.program.display().to_string(), found.surface))
    }

    #[test]
    fn our_call_is_found_however_it_is_written() {
        for (text, program) in [
            ("sendoff hook codex", "sendoff"),
            ("/opt/a b/sendoff hook codex", "b/sendoff"),
            ("'/opt/a b/sendoff' hook codex", "/opt/a b/sendoff"),
            (r"/opt/a\ b/sendoff hook codex", "/opt/a b/sendoff"),
            (
                "if true; then exec \"/opt/sendoff\" hook codex </dev/null; fi",
                "/opt/sendoff",
            ),
            (
                "#!/bin/sh\n# sendoff hook gemini\nsendoff hook codex||:",
                "sendoff",
            ),
            (
                "sh -c 'x'\ncommand -v sendoff >/dev/null && sendoff hook codex",
                "sendoff",
            ),
        ] {
            assert_eq!(
                found(text),
                Some((program.into(), "codex".into())),
                "{text}"
            );
        }
        for text in [
            "",
            "sendoff",
            "sendoff run",
            "not-sendoff hook codex",
            "# sendoff hook codex",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_quoted_word_is_read_as_it_was() {
        for text in [
            "/opt/sendoff",
            "/opt/it's here/sendoff",
            "a \"b\" $c `d` \\e",
            "",
        ] {
            assert_eq!(words(&shell_word(text)), [text], "{text}");
        }
    }
}
