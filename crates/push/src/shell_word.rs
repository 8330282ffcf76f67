//! `shell_word`: a text as one word of a command that is to be pasted.

/// Quotes a text as one word for a shell, where it has to be.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    // Some shells take a leading `=` for the path of a program.
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::divergence::Divergence;

    #[test]
    fn a_word_is_quoted_where_it_has_to_be() {
        for (text, word) in [
            ("origin", "origin"),
            ("https://h:1/a%20b", "https://h:1/a%20b"),
            ("", "''"),
            ("=ls", "'=ls'"),
            ("my fork", "'my fork'"),
            ("it's", "'it'\\''s'"),
            ("x; a|b #", "'x; a|b #'"),
            ("$(a)`b`", "'$(a)`b`'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn advice_has_the_remote_as_one_word() {
        let old = gix::ObjectId::null(gix::hash::Kind::Sha1);
        for divergence in [
            Divergence::Behind,
            Divergence::TakenBack,
            Divergence::Fetched,
            Divergence::Rewritten,
            Divergence::NotFetched,
        ] {
            let advice = divergence.advice("main", "x; ls", &old);
            let commands = advice.matches("x; ls").count();
            assert!(commands > 0, "{advice}");
            assert_eq!(
                advice.matches(" 'x; ls' main").count(),
                commands,
                "{advice}"
            );
            // Such a branch is pushed.
            let advice = divergence.advice("a(b)", "origin", &old);
            let names = advice.matches("a(b)").count();
            assert!(names > 0, "{advice}");
            assert_eq!(advice.matches("'a(b)'").count(), names, "{advice}");
        }
    }
}
