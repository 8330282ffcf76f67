//! Edits a git configuration file without changing the lines of others.

use gix::bstr::ByteSlice;

use crate::git::{ConfigLine, config_lines};

/// A section to write.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) subsection: String,
    pub(super) keys: Vec<(&'static str, String)>,
}

impl Section {
    fn header(&self) -> String {
        format!("[{} \"{}\"]", self.name, self.subsection)
    }

    /// Formats it as git does.
    pub(super) fn text(&self) -> String {
        let keys = self.keys.iter();
        let lines = keys.map(|(name, value)| format!("\t{name} = {}\n", quoted(value)));
        format!("{}\n{}", self.header(), lines.collect::<String>())
    }
}

/// Quotes a value that git would not read back unchanged.
fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    if escaped != value || value.trim() != value || value.contains(['#', ';']) {
        format!("\"{escaped}\"")
    } else {
        escaped
    }
}

/// Appends sections, after a line feed if the last line has none.
pub(super) fn append(content: &[u8], sections: &[Section]) -> Vec<u8> {
    let mut all = content.to_vec();
    if !all.is_empty() && !all.ends_with(b"\n") {
        all.push(b'\n');
    }
    for section in sections {
        all.extend(section.text().bytes());
    }
    all
}

/// Removes our sections, but keeps comments in them. Returns `None` where that would change the values of the rest, such as
/// for a header with a key on the same line.
pub(super) fn remove(content: &[u8], is_ours: impl Fn(&str, &str) -> bool) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(content.len());
    let mut in_ours = false;
    for line in logical_lines(content) {
        let shown = line.trim();
        match header(shown) {
            Some((section, subsection)) => in_ours = is_ours(&section, &subsection),
            None if shown.starts_with(b"[") => in_ours = false,
            None => {}
        }
        let is_comment = shown.is_empty() || shown.starts_with(b"#") || shown.starts_with(b";");
        if !in_ours || is_comment {
            kept.extend_from_slice(line);
        }
    }
    let foreign = |line: &ConfigLine| {
        let subsection = line.subsection.as_ref().map(|name| name.to_str_lossy());
        !is_ours(&line.section, &subsection.unwrap_or_default())
    };
    let before = config_lines(content)?.into_iter().filter(foreign);
    (config_lines(&kept)? == before.collect::<Vec<_>>()).then_some(kept)
}

/// Returns the section and subsection of a header that is alone on its line.
fn header(line: &[u8]) -> Option<(String, String)> {
    let inner = line.strip_prefix(b"[")?.strip_suffix(b"]")?.to_str().ok()?;
    let (section, subsection) = inner.split_once(char::is_whitespace)?;
    let subsection = subsection
        .trim_start()
        .strip_prefix('"')?
        .strip_suffix('"')?;
    (!subsection.contains(['"', '\\']))
        .then(|| (section.to_ascii_lowercase(), subsection.to_owned()))
}

/// Splits content into lines, with their ends. A line that ends in a backslash includes the next one.
fn logical_lines(content: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut begin = 0;
    let (mut is_quoted, mut is_comment, mut is_escaped) = (false, false, false);
    for (at, byte) in content.iter().enumerate() {
        let was_escaped = std::mem::take(&mut is_escaped);
        match byte {
            b'\n' if was_escaped => {}
            // A carriage return between a backslash and the line feed.
            b'\r' if was_escaped => is_escaped = true,
            b'\n' => {
                lines.push(&content[begin..=at]);
                begin = at + 1;
                (is_quoted, is_comment) = (false, false);
            }
            _ if is_comment || was_escaped => {}
            b'\\' => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'#' | b';' => is_comment = !is_quoted,
            _ => {}
        }
    }
    if begin < content.len() {
        lines.push(&content[begin..]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn section(value: &str) -> Section {
        Section {
            name: "hook",
            subsection: "sendoff".into(),
            keys: vec![("command", value.into()), ("event", "post-commit".into())],
        }
    }

    fn without(content: &str) -> Option<String> {
        let kept = remove(content.as_bytes(), |section, name| {
            (section, name) == ("hook", "sendoff")
        });
        kept.map(|kept| String::from_utf8(kept).unwrap())
    }

    #[test]
    fn what_was_appended_is_removed_again_and_nothing_else() {
        for before in [
            "",
            "# only a comment\n",
            "[core]\n\tbare = false\n",
            "[core]\r\n\tbare = false\r\n",
            "[alias]\n\tx = \"!f() { \\\n[hook \\\"sendoff\\\"]\\\n }\"\n[core]\n",
            "[a]\n\tb = c # ends in a backslash \\\n\td = \"; # \\\" \"\n",
            "[hook \"other\"]\n\tcommand = sendoff hook git-post-commit\n\tevent = post-commit\n",
        ] {
            let after = append(before.as_bytes(), &[section("/opt/sendoff hook x")]);
            let after = String::from_utf8(after).unwrap();
            assert!(after.starts_with(before), "{after}");
            assert_eq!(without(&after).as_deref(), Some(before));
        }
    }

    #[test]
    fn foreign_lines_around_and_comments_inside_stay() {
        let all = "[a]\n\tb = c\n[Hook  \"sendoff\"]\n\t# mine\n\tcommand = x\n\n[d]\n\te = f";
        assert_eq!(
            without(all).unwrap(),
            "[a]\n\tb = c\n\t# mine\n\n[d]\n\te = f"
        );
        // A header with a key on the same line is not removed.
        assert_eq!(without("[hook \"sendoff\"] command = x\n"), None);
        assert_eq!(without("[broken\n"), None);
    }

    #[test]
    fn values_are_read_back_as_they_were() {
        for value in [
            "a b",
            "'/opt/a;b/sendoff' hook x",
            "a\\b \"c\"",
            " blank ",
            "#",
        ] {
            let text = section(value).text();
            let lines = config_lines(text.as_bytes()).unwrap();
            assert_eq!(
                lines[0].value.as_ref().unwrap().to_string(),
                value,
                "{text}"
            );
        }
    }
}
