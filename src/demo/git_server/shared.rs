//! `Shared`: what the server and its request handlers share.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use crate::process::{Inheritance, Killer};
use crate::threads::lock;

use super::options::{GitServerOptions, LoggedRequest};

/// What the server and its request handlers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) git: PathBuf,
    pub(super) root: PathBuf,
    pub(super) inheritance: Inheritance,
    pub(super) options: GitServerOptions,
    pub(super) log: Mutex<Vec<LoggedRequest>>,
    pub(super) children: Mutex<Vec<Killer>>,
}

impl Shared {
    pub(super) fn log(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        lock(&self.log)
    }

    pub(super) fn children(&self) -> MutexGuard<'_, Vec<Killer>> {
        lock(&self.children)
    }
}
