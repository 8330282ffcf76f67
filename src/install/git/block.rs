//! A block between two marker lines at the end of a text file in which `#` begins a comment.

/// The first line of a block.
const BEGIN: &str = "# sendoff: begin, written by `sendoff install`";
/// The last line of a block.
const END: &str = "# sendoff: end";

/// Splits a text into the rest and the block, which is `None` where there is none. Returns `None` where the markers are not
/// one pair.
pub(super) fn split(text: &str) -> Option<(String, Option<String>)> {
    let mut rest = String::with_capacity(text.len());
    let mut block: Option<String> = None;
    let mut is_inside = false;
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            BEGIN if block.is_some() => return None,
            BEGIN => {
                is_inside = true;
                block = Some(String::new());
            }
            END if is_inside => is_inside = false,
            END => return None,
            _ if is_inside => block.get_or_insert_default().push_str(line),
            _ => rest.push_str(line),
        }
    }
    (!is_inside).then_some((rest, block))
}

/// Appends a block to a text.
pub(super) fn with(rest: &str, block: &str) -> String {
    let end = if rest.is_empty() || rest.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{rest}{end}{BEGIN}\n{block}{END}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_put_at_the_end_and_taken_out_again() {
        for rest in ["", "a\n", "a\r\nb\r\n", "\n\n"] {
            let text = with(rest, "ours: 1\n");
            assert_eq!(split(&text), Some((rest.into(), Some("ours: 1\n".into()))));
        }
        assert_eq!(split("a\n"), Some(("a\n".into(), None)));
        let text = with("a", "x\n") + "b\n";
        assert_eq!(split(&text), Some(("a\nb\n".into(), Some("x\n".into()))));
    }

    #[test]
    fn markers_without_a_pair_are_refused() {
        let whole = with("", "x\n");
        for text in [format!("{BEGIN}\n"), format!("{END}\n"), whole.repeat(2)] {
            assert_eq!(split(&text), None, "{text}");
        }
    }
}
