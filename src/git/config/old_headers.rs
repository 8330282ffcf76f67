//! Headers in git's form from before its subsections had quotes, `[remote.origin]`.

/// Writes the subsections of old headers in lower case, as git reads them: `[Remote.ORIGIN]` is of the remote `origin`.
pub(super) fn lower_case(content: &mut [u8]) {
    let mut is_continued = false;
    for line in content.split_mut(|byte| *byte == b'\n') {
        if !is_continued {
            lower_case_header(line);
        }
        let end = line.strip_suffix(b"\r").unwrap_or(line);
        is_continued = end.ends_with(b"\\");
    }
}

/// The same, of a line that may begin with one.
fn lower_case_header(line: &mut [u8]) {
    let start = line.len() - line.trim_ascii_start().len();
    let Some(header) = line.get_mut(start..).filter(|rest| rest.starts_with(b"[")) else {
        return;
    };
    let Some(end) = header.iter().position(|byte| matches!(byte, b']' | b'"')) else {
        return;
    };
    if header.get(end) == Some(&b']')
        && let Some(header) = header.get_mut(..end)
    {
        header.make_ascii_lowercase();
    }
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
    }
}
