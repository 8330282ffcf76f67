//! The text of a policy as a message may show it: without what a terminal would obey, and without passwords.

use sendoff_push::sanitize::is_deceptive;

/// Replaces what a terminal would obey, hides passwords in URLs, and bounds the length.
pub(super) fn clean(text: &str) -> String {
    let short: String = text.chars().take(1000).collect();
    let hidden = without_passwords(&short);
    let kept = hidden.chars();
    kept.map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Replaces what a terminal would obey, and passwords in URLs, by as many bytes: places stay right.
pub(super) fn shown(text: &str) -> String {
    let hidden = without_passwords(text);
    let mut shown = String::with_capacity(hidden.len());
    for c in hidden.chars() {
        if is_unsafe(c) && !matches!(c, '\n' | '\t' | '\r') {
            shown.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Replaces the user and the password of every URL by as many bytes.
pub(super) fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for authority in parts {
        let user = user_length(authority);
        hidden.push_str("://");
        hidden.extend(std::iter::repeat_n('*', user));
        push_without_password(authority.get(user..).unwrap_or_default(), &mut hidden);
    }
    hidden
}

/// Adds the rest of a URL, and what follows it, with as many stars for the password of its query.
fn push_without_password(rest: &str, hidden: &mut String) {
    const KEY: &str = "password=";
    let Some(at) = rest.find(KEY) else {
        hidden.push_str(rest);
        return;
    };
    let (before, after) = rest.split_at(at + KEY.len());
    let ends = |c: char| matches!(c, '&' | '#' | '"' | '\'') || c.is_whitespace();
    let length = after.find(ends).unwrap_or(after.len());
    hidden.push_str(before);
    hidden.extend(std::iter::repeat_n('*', length));
    push_without_password(after.get(length..).unwrap_or_default(), hidden);
}

/// Returns how many bytes of an authority stand before its `@`.
fn user_length(authority: &str) -> usize {
    let ends = |c: char| c == '/' || c == '"' || c == '\'' || c.is_whitespace();
    let end = authority.find(ends).unwrap_or(authority.len());
    let authority = authority.get(..end).unwrap_or_default();
    authority.rfind('@').unwrap_or(0)
}

/// Says whether a terminal obeys `c`, or does not show it.
fn is_unsafe(c: char) -> bool {
    c.is_control() || is_deceptive(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_hidden() {
        let text = "a = \"https://user:wörd@host/x@y\" # ssh://me@host, http://host/a@b";
        let hidden = without_passwords(text);
        assert_eq!(
            hidden,
            "a = \"https://**********@host/x@y\" # ssh://**@host, http://host/a@b"
        );
        assert_eq!(hidden.len(), text.len());
        let text = "\"postgres://db/x?password=wörd&a=1\" password=kept";
        let hidden = without_passwords(text);
        assert_eq!(
            hidden,
            "\"postgres://db/x?password=*****&a=1\" password=****"
        );
        assert_eq!(hidden.len(), text.len());
        assert_eq!(
            clean("got `https://user:word@host`"),
            "got `https://*********@host`"
        );
    }
}
