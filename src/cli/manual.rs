//! `sendoff manual`: writes the reference pages and schemas.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::manual::ARTEFACTS;

use super::output::{eprint, print};

/// Examples.
const HELP: &str = "\
Examples:
  sendoff manual docs/reference      write every page
  sendoff manual --man target/man    write a man page for each command

No environment variable changes the pages.";

/// Write the reference pages and schemas
///
/// The pages are generated from the program's types, so they describe exactly this version.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// The directory to write to; without it the names of the pages are printed
    directory: Option<PathBuf>,
    /// Print one page instead, such as policy.md
    #[arg(long, value_name = "NAME", conflicts_with = "directory")]
    page: Option<String>,
    /// Write a man page for each command to DIR instead
    #[arg(long, value_name = "DIR", conflicts_with_all = ["directory", "page"])]
    man: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, command: &clap::Command) -> Exit {
        if let Some(name) = &self.page {
            let Some(artefact) = ARTEFACTS.iter().find(|artefact| artefact.name == name) else {
                eprint(&format!(
                    "there is no page `{name}`; the pages are: {}",
                    names()
                ));
                return Exit::Usage;
            };
            return print(&(artefact.make)(command)).exit();
        }
        if let Some(directory) = &self.man {
            let written = std::fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(command.clone(), directory));
            return match written {
                Ok(()) => Exit::Done,
                Err(error) => {
                    eprint(&format!(
                        "man pages cannot be written to {}: {error}",
                        directory.display()
                    ));
                    Exit::Failed
                }
            };
        }
        let Some(directory) = &self.directory else {
            return print(&names().replace(", ", "\n")).exit();
        };
        for artefact in ARTEFACTS {
            let path = directory.join(artefact.name);
            let written = std::fs::create_dir_all(directory)
                .and_then(|()| std::fs::write(&path, (artefact.make)(command)));
            if let Err(error) = written {
                eprint(&format!("{} cannot be written: {error}", path.display()));
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
