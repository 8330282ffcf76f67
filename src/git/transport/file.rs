//! A repository on this machine, served by git's own program.

use std::path::PathBuf;

use crate::git::transport::service::Service;
use crate::git::transport::{AllowFile, TransportError};
use crate::process::{Program, find_program};

use super::Target;

/// Where distributions put git's programs when they are not on the search path.
const GIT_DIRECTORIES: &[&str] = &[
    "/usr/lib/git-core",
    "/usr/libexec/git-core",
    "/usr/local/libexec/git-core",
];

/// Returns the program that serves a repository on this machine.
pub(super) fn program(target: Target<'_>, service: Service) -> Result<Program, TransportError> {
    if target.options.allow_file == AllowFile::No {
        return Err(TransportError::FileRemote);
    }
    let path = target
        .url
        .file_path()
        .ok_or(TransportError::Scheme("file"))?;
    let inheritance = &target.options.inheritance;
    let own: Vec<PathBuf> = GIT_DIRECTORIES.iter().map(PathBuf::from).collect();
    let found = inheritance
        .find(service.name())
        .or_else(|_| find_program(service.name(), &own))
        .map_err(|error| TransportError::Start(error.into()))?;
    let program = Program::new(found)
        .inherit(inheritance)
        .arg(target.directory.join(path));
    Ok(match service.protocol() {
        Some(version) => program.variable("GIT_PROTOCOL", version),
        None => program,
    })
}
