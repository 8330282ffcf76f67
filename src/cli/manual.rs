//! `sendoff manual`: writes the reference pages and schemas.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::manual::ARTEFACTS;

use super::output::{complain, print};

/// Write the reference pages and schemas
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The directory to write to; without it the names of the pages are listed
    directory: Option<PathBuf>,
    /// Print one page instead, such as policy.md
    #[arg(long, value_name = "NAME", conflicts_with = "directory")]
    page: Option<String>,
}

impl Args {
    pub(super) fn run(self, command: &clap::Command) -> Exit {
        if let Some(name) = &self.page {
            let Some(artefact) = ARTEFACTS.iter().find(|artefact| artefact.name == name) else {
                complain(&format!(
                    "there is no page `{name}`; the pages are: {}",
                    names()
                ));
                return Exit::Usage;
            };
            return print(&(artefact.make)(command)).exit();
        }
        let Some(directory) = &self.directory else {
            return print(&names().replace(", ", "\n")).exit();
        };
        for artefact in ARTEFACTS {
            let path = directory.join(artefact.name);
            let written = std::fs::create_dir_all(directory)
                .and_then(|()| std::fs::write(&path, (artefact.make)(command)));
            if let Err(error) = written {
                complain(&format!("{} cannot be written: {error}", path.display()));
                return Exit::Failed;
            }
        }
        Exit::Done
    }
}

fn names() -> String {
    ARTEFACTS
        .iter()
        .map(|artefact| artefact.name)
        .collect::<Vec<_>>()
        .join(", ")
}
