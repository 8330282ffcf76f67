//! A repository on this machine, served by git's own program.

use crate::git::exec_path;
use crate::git::transport::service::Service;
use crate::git::transport::{AllowFile, TransportError};
use crate::process::Program;

use super::Target;
use super::ssh::quote;

/// Returns the program that serves a repository on this machine.
pub(super) fn program(target: Target<'_>, service: Service) -> Result<Program, TransportError> {
    if target.options.allow_file == AllowFile::No {
        return Err(TransportError::FileRemote);
    }
    let path = target
        .url
        .file_path()
        .ok_or(TransportError::Scheme("file"))?;
    let path = target.directory.join(path);
    let inheritance = &target.options.inheritance;
    let program = if let Some(command) = target.options.services.named(service) {
        // For a shell, as git has it, at the top of the work tree.
        Program::new("/bin/sh")
            .arg("-c")
            .arg(format!("{command} {}", quote(&path.to_string_lossy())))
            .directory(target.directory)
    } else {
        let found = exec_path::find(inheritance, service.name());
        Program::new(found.map_err(|error| TransportError::Start(error.into()))?).arg(path)
    };
    let program = program.inherit(inheritance);
    Ok(match service.protocol() {
        Some(version) => program.variable("GIT_PROTOCOL", version),
        None => program,
    })
}
