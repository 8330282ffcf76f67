//! A pseudo-terminal.

use std::fs::File;
use std::io::Read as _;
use std::thread::{JoinHandle, spawn};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Returns the end of whoever looks at the terminal and types, and the end of the program.
pub(crate) fn open() -> (File, File) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)
        .map(File::from)
        .unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    (controller, File::from(terminal))
}

/// Reads what the terminal shows, until the last program that has it is gone.
pub(crate) fn read(mut controller: File) -> JoinHandle<String> {
    spawn(move || {
        let mut all = Vec::new();
        let mut piece = [0; 4096];
        // The last one who has the terminal closes it: that is an error here, and the end.
        while let Ok(read @ 1..) = controller.read(&mut piece) {
            all.extend_from_slice(&piece[..read]);
        }
        String::from_utf8(all).unwrap()
    })
}
