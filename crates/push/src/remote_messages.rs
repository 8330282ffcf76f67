//! `RemoteMessages`: what the server says to people, line by line, bounded and sanitized.

use crate::sanitize::{LINE_READ, Redact, sanitize_line};

/// How many bytes of messages are kept in all.
const MAX_KEPT: usize = 64 * 1024;
/// How many lines are looked at, empty ones too: to clean one takes time, however short it is.
const MAX_LINES: usize = 4096;

/// The messages that were received so far.
#[derive(Debug)]
pub(crate) struct RemoteMessages<'a> {
    redact: &'a dyn Redact,
    /// The line that has no end yet.
    partial: Vec<u8>,
    lines: Vec<String>,
    /// How many bytes were kept, and of how many lines.
    kept: usize,
    seen: usize,
}

impl<'a> RemoteMessages<'a> {
    /// Begins without any. `redact` removes secrets from them.
    pub(crate) const fn new(redact: &'a dyn Redact) -> Self {
        Self {
            redact,
            partial: Vec::new(),
            lines: Vec::new(),
            kept: 0,
            seen: 0,
        }
    }

    /// Takes the next piece; pieces are no lines.
    pub(crate) fn hear(&mut self, text: &[u8]) {
        if self.is_full() {
            return;
        }
        for byte in text {
            if matches!(byte, b'\n' | b'\r') {
                let line = std::mem::take(&mut self.partial);
                self.keep(&line);
            } else if self.partial.len() <= LINE_READ {
                self.partial.push(*byte);
            }
        }
    }

    /// Returns the lines, the one without an end too.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        let partial = std::mem::take(&mut self.partial);
        self.keep(&partial);
        std::mem::take(&mut self.lines)
    }

    /// Says whether nothing is kept any more.
    const fn is_full(&self) -> bool {
        self.kept > MAX_KEPT || self.seen >= MAX_LINES
    }

    fn keep(&mut self, line: &[u8]) {
        if self.is_full() {
            return;
        }
        self.seen += 1;
        let line = sanitize_line(line, self.redact);
        self.kept += line.len();
        if !line.is_empty() && self.kept <= MAX_KEPT {
            self.lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::sanitize::NoRedaction;

    #[test]
    fn a_flood_of_messages_is_bounded() {
        let mut messages = RemoteMessages::new(&NoRedaction);
        let line = [&b"y".repeat(900), &b"\n"[..]].concat();
        for _ in 0..1000 {
            messages.hear(&line);
        }
        let kept: usize = messages.finish().iter().map(String::len).sum();
        assert!(kept > MAX_KEPT - 1000 && kept <= MAX_KEPT, "{kept}");
    }

    /// Guards the time: a line that nobody will see is not cleaned.
    #[test]
    fn a_flood_of_short_lines_is_not_cleaned() {
        struct Counted(AtomicUsize);
        impl Redact for Counted {
            fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
                self.0.fetch_add(1, Ordering::Relaxed);
                text.into()
            }
        }
        for line in [&b"x\n"[..], b" \r", b"\n"] {
            let counted = Counted(AtomicUsize::new(0));
            let mut messages = RemoteMessages::new(&counted);
            for _ in 0..1000 {
                messages.hear(&line.repeat(500));
            }
            let kept = messages.finish().len();
            assert!(kept <= MAX_LINES, "{kept}");
            let cleaned = counted.0.load(Ordering::Relaxed);
            assert!(cleaned <= MAX_LINES, "{cleaned}");
        }
    }
}
