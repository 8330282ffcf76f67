//! The terminal: one line from the person at it.

use std::fs::File;
use std::io::{Read, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::byte_text::from_bytes;

/// The longest line, in bytes.
const MAX_ANSWER_LENGTH: usize = 4096;
/// What Ctrl-C sends.
const INTERRUPT: u8 = 3;

/// Whether what is typed is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    On,
    Off,
}

/// Asks for one line; `None` where there is no terminal, or the person does not want to say.
pub(super) fn ask(prompt: &str, echo: Echo) -> Option<String> {
    let mut terminal = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .ok()?;
    let before = tcgetattr(&terminal).ok()?;
    let mut modes = before.clone();
    if echo == Echo::Off {
        // Ctrl-C is read as a letter: a signal would end us and leave a terminal that shows nothing.
        modes.local_modes &= !(LocalModes::ECHO | LocalModes::ISIG);
    }
    tcsetattr(&terminal, OptionalActions::Flush, &modes).ok()?;
    let said = terminal
        .write_all(prompt.as_bytes())
        .ok()
        .and_then(|()| line(&mut terminal));
    restore(&mut terminal, &before, echo);
    let said = said.filter(|said| !said.contains(&INTERRUPT))?;
    Some(from_bytes(&said))
}

fn restore(terminal: &mut File, before: &Termios, echo: Echo) {
    // A failure cannot be reported here.
    let _restored = tcsetattr(&*terminal, OptionalActions::Flush, before);
    if echo == Echo::Off {
        let _shown = terminal.write_all(b"\n");
    }
}

/// Reads up to the end of the line.
fn line(terminal: &mut File) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MAX_ANSWER_LENGTH {
        match terminal.read(&mut byte).ok()? {
            0 => return None,
            _ if byte == [b'\n'] => return Some(line),
            _ => line.extend(byte),
        }
        if byte == [INTERRUPT] {
            return None;
        }
    }
    None
}
