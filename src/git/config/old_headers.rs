//! Headers in git's form from before its subsections had quotes, `[remote.origin]`.

/// Writes the subsections of old headers in lower case, as git reads them: `[Remote.ORIGIN]` is of the remote `origin`.
pub(super) fn lower_case(content: &mut [u8]) {
    // Whether the value of the line before goes on, and is within quotes then.
    let mut continued = None;
    for line in content.split_mut(|byte| *byte == b'\n') {
        let start = if continued.is_some() {
            0
        } else {
            lower_case_headers(line)
        };
        let rest = line.get(start..).unwrap_or_default();
        continued = goes_on(rest, continued.unwrap_or(false));
    }
}

/// The same, of the headers with which a line begins. Returns where they end.
fn lower_case_headers(line: &mut [u8]) -> usize {
    let mut end = 0;
    while let Some(next) = lower_case_header(line, end) {
        end = next;
    }
    end
}

/// The same, of one that may stand at `start`, behind blanks. Returns where it ends; `None` where there is none.
fn lower_case_header(line: &mut [u8], start: usize) -> Option<usize> {
    let rest = line.get(start..)?;
    let start = line.len() - rest.trim_ascii_start().len();
    let header = line.get(start..).filter(|rest| rest.starts_with(b"["))?;
    let length = header.iter().position(|byte| matches!(byte, b']' | b'"'))?;
    let end = start + length;
    if line.get(end) == Some(&b'"') {
        return end_of_quoted(line, end + 1);
    }
    line.get_mut(start..end)?.make_ascii_lowercase();
    Some(end + 1)
}

/// Returns where a header ends whose subsection stands in quotes from `start` on.
fn end_of_quoted(line: &[u8], start: usize) -> Option<usize> {
    let mut is_escaped = false;
    let quote = line.get(start..)?.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })?;
    let end = start + quote + 1;
    (line.get(end) == Some(&b']')).then_some(end + 1)
}

/// Says whether the value in `line` goes on in the next one, and is within quotes then; `None` where it does not. A comment
/// does not go on.
fn goes_on(line: &[u8], mut is_quoted: bool) -> Option<bool> {
    let mut is_escaped = false;
    for byte in line.strip_suffix(b"\r").unwrap_or(line) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'#' | b';' if !is_quoted => return None,
            _ => {}
        }
    }
    is_escaped.then_some(is_quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_git_reads_so_is_changed() {
        let of = |text: &str| {
            let mut content = text.as_bytes().to_vec();
            lower_case(&mut content);
            String::from_utf8(content).unwrap()
        };
        assert_eq!(
            of("  [Remote.ORIGIN] url = X]\n"),
            "  [remote.origin] url = X]\n"
        );
        assert_eq!(
            of("[A]\nb = C\\\r\n[D.E]\n[F.G"),
            "[a]\nb = C\\\r\n[D.E]\n[F.G"
        );
        let kept = "[Remote \"ORIGIN\"]\n\tUrl = [A.B]\n";
        assert_eq!(of(kept), kept);
        for (text, read) in [
            ("# C:\\\n[D.E]\n", "# C:\\\n[d.e]\n"),
            ("[A]\nb = C ; d\\\n[D.E]\n", "[a]\nb = C ; d\\\n[d.e]\n"),
            ("[A]\nb = C\\\\\n[D.E]\n", "[a]\nb = C\\\\\n[d.e]\n"),
            (
                "[A]\nb = C\\\\\\\n[D.E]\n[F.G]\n",
                "[a]\nb = C\\\\\\\n[D.E]\n[f.g]\n",
            ),
            (
                "[A]\nb = \"#C\\\n[D.E] # \\\n\"\n[F.G]\n",
                "[a]\nb = \"#C\\\n[D.E] # \\\n\"\n[f.g]\n",
            ),
            (
                "[X] [Remote.UP] [Y \"A\\\"]\"] [B.C] d = [E.F]\n",
                "[x] [remote.up] [Y \"A\\\"]\"] [b.c] d = [E.F]\n",
            ),
        ] {
            assert_eq!(of(text), read);
        }
    }
}
