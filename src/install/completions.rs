//! Shell completions, written where each shell looks for them.

use std::path::PathBuf;

use crate::process::find_program;

use super::content::Content;
use super::entry::Target;
use super::error::InstallError;
use super::plan::{FileChange, Locking, Plan, Purpose};
use super::record::Records;
use super::shell::Shell;
use super::surroundings::Surroundings;

/// The mode of our files.
const MODE: u32 = 0o644;

/// Returns where the shell looks.
fn file(shell: Shell, around: &Surroundings) -> Result<PathBuf, InstallError> {
    let environment = &around.environment;
    let data = environment.data_home().ok_or(InstallError::NoHome)?;
    let config = environment.config_home().ok_or(InstallError::NoHome)?;
    Ok(match shell {
        Shell::Bash => data.join("bash-completion/completions/sendoff"),
        Shell::Fish => config.join("fish/completions/sendoff.fish"),
        Shell::Zsh => data.join("zsh/site-functions/_sendoff"),
    })
}

/// Plans the completions for each shell that is on the search path.
pub(super) fn install(around: &Surroundings) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let Some(script) = around.completions else {
        return Ok(plan);
    };
    let records = Records::read(around.records());
    let path = around.environment.search_path();
    let here = Shell::ALL
        .into_iter()
        .filter(|shell| find_program(shell.name(), &path).is_ok());
    for shell in here {
        let path = file(shell, around)?;
        let before = Content::at(&path)?;
        let after = Content::File {
            bytes: script(shell).into_bytes(),
            mode: MODE,
        };
        if before.as_ref() == Some(&after) {
            continue;
        }
        // One of an older version is ours; another one is not.
        if before.as_ref().is_some_and(|before| {
            records
                .original(&path, before, &[Target::Completions.name()], |_| false)
                .is_none()
        }) {
            return Err(InstallError::ByHand {
                path,
                why: "it is there already, and `sendoff install` did not write it".into(),
                advice: "remove it, and run the command again".into(),
            });
        }
        if shell == Shell::Zsh {
            let directory = path
                .parent()
                .map(|directory| directory.display().to_string());
            plan.todo.push(format!(
                "add to ~/.zshrc, before compinit: fpath+=({})",
                directory.unwrap_or_default()
            ));
        }
        plan.changes
            .push(change(path, before, Some(after), Purpose::Install));
    }
    Ok(plan)
}

/// Plans the removal of what we wrote.
pub(super) fn uninstall(around: &Surroundings) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let records = Records::read(around.records());
    for shell in Shell::ALL {
        let path = file(shell, around)?;
        let Some(now) = Content::at(&path)? else {
            continue;
        };
        let is_ours = records
            .original(&path, &now, &[Target::Completions.name()], |_| false)
            .is_some();
        let is_this = around
            .completions
            .is_some_and(|script| now.text() == Some(&script(shell)));
        if is_ours || is_this {
            plan.changes
                .push(change(path, Some(now), None, Purpose::Remove));
        }
    }
    Ok(plan)
}

fn change(
    path: PathBuf,
    before: Option<Content>,
    after: Option<Content>,
    purpose: Purpose,
) -> FileChange {
    FileChange {
        target: Target::Completions,
        path,
        before,
        after,
        locking: Locking::None,
        purpose,
    }
}
