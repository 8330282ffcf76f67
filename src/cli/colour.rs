//! Whether output is coloured. Only words that say how something ended are.

use std::borrow::Cow;
use std::io::IsTerminal as _;

use clap::ValueEnum;

use crate::environment::Environment;

/// The value of `--color`, with cargo's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless a variable says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The colour of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// It went well.
    Green,
    /// It needs a look.
    Yellow,
    /// It failed.
    Red,
    /// There was nothing to do.
    Faint,
}

/// Colours words, or leaves them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// It colours.
    On,
    /// It does not.
    Off,
}

impl Paint {
    /// Returns what is right for standard output: `--color` first, then `NO_COLOR`, `CLICOLOR_FORCE`, and whether it is a
    /// terminal that is not dumb.
    pub(super) fn for_stdout(when: When, environment: &Environment) -> Self {
        let is_set = |name| environment.raw(name).is_some_and(|value| !value.is_empty());
        let is_on = match when {
            When::Always => true,
            When::Never => false,
            When::Auto if is_set("NO_COLOR") => false,
            When::Auto => {
                let forced = environment
                    .text("CLICOLOR_FORCE")
                    .is_some_and(|value| value != "0");
                let is_dumb = environment.text("TERM") == Some("dumb");
                forced || (!is_dumb && std::io::stdout().is_terminal())
            }
        };
        if is_on { Self::On } else { Self::Off }
    }

    /// Returns a word in a colour.
    pub(super) fn word(self, word: &str, colour: Colour) -> Cow<'_, str> {
        let code = match (self, colour) {
            (Self::Off, _) => return Cow::Borrowed(word),
            (Self::On, Colour::Green) => "32",
            (Self::On, Colour::Yellow) => "33",
            (Self::On, Colour::Red) => "31",
            (Self::On, Colour::Faint) => "2",
        };
        Cow::Owned(format!("\u{1b}[{code}m{word}\u{1b}[0m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_comes_first_and_then_the_variables() {
        let paint = |when, pairs: &[(&str, &str)]| {
            let environment = Environment::from_pairs("/", pairs.iter().copied());
            Paint::for_stdout(when, &environment)
        };
        let force = ("CLICOLOR_FORCE", "1");
        assert_eq!(paint(When::Auto, &[force]), Paint::On);
        assert_eq!(
            paint(When::Auto, &[("CLICOLOR_FORCE", "0"), ("TERM", "dumb")]),
            Paint::Off
        );
        assert_eq!(paint(When::Auto, &[force, ("NO_COLOR", "1")]), Paint::Off);
        assert_eq!(paint(When::Always, &[("NO_COLOR", "1")]), Paint::On);
        assert_eq!(paint(When::Never, &[force]), Paint::Off);
        assert_eq!(
            Paint::On.word("done", Colour::Green),
            "\u{1b}[32mdone\u{1b}[0m"
        );
        assert_eq!(Paint::Off.word("done", Colour::Green), "done");
    }
}
