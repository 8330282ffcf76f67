//! `Gate`: where another program waits until the test lets it go on.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use crate::sandbox::Sandbox;

/// A named pipe at which a shell script waits.
#[derive(Debug)]
pub struct Gate {
    path: PathBuf,
    /// Open for both, so that neither side waits for the other to open it.
    pipe: File,
}

impl Gate {
    /// Makes a gate that is shut.
    #[must_use]
    pub fn new(sandbox: &Sandbox) -> Self {
        let path = sandbox.pipe("gate");
        let pipe = OpenOptions::new().read(true).write(true).open(&path);
        Self {
            pipe: pipe.unwrap(),
            path,
        }
    }

    /// Returns the line of shell that waits here.
    #[must_use]
    pub fn wait_line(&self) -> String {
        format!("read -r _ < '{}'", self.path.display())
    }

    /// Lets one script pass, which may come later.
    pub fn open(&self) {
        (&self.pipe).write_all(b"go\n").unwrap();
    }
}
