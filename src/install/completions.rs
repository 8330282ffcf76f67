//! Shell completions, in the directories that the shells search.

use std::path::PathBuf;

use crate::process::find_program;

use super::content::Content;
use super::context::InstallContext;
use super::entry::Target;
use super::error::InstallError;
use super::plan::{FileChange, Plan};
use super::record::Records;
use super::shell::Shell;

/// The mode of our files.
const MODE: u32 = 0o644;

/// Returns the file that the shell reads.
fn file(shell: Shell, context: &InstallContext) -> Result<PathBuf, InstallError> {
    let environment = &context.environment;
    let data = environment.data_home().ok_or(InstallError::NoHome)?;
    let config = environment.config_home().ok_or(InstallError::NoHome)?;
    Ok(match shell {
        Shell::Bash => data.join("bash-completion/completions/sendoff"),
        Shell::Fish => config.join("fish/completions/sendoff.fish"),
        Shell::Zsh => data.join("zsh/site-functions/_sendoff"),
    })
}

/// Plans the completions for each shell that is on the search path.
pub(super) fn install(context: &InstallContext) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let Some(script) = context.completions else {
        return Ok(plan);
    };
    let records = Records::read(context.records());
    let path = context.environment.search_path();
    let here = Shell::ALL
        .into_iter()
        .filter(|shell| find_program(shell.name(), &path).is_ok());
    for shell in here {
        let path = file(shell, context)?;
        let before = Content::at(&path)?;
        let after = Content::file(script(shell), MODE);
        if before.as_ref() == Some(&after) {
            continue;
        }
        // A file that an older version wrote is in the records; another one is not ours.
        if before.as_ref().is_some_and(|before| {
            records
                .original(&path, before, &[Target::Completions.name()], |_| false)
                .is_none()
        }) {
            return Err(InstallError::ByHand {
                path,
                why: "it exists, and `sendoff install` did not write it".into(),
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
        let change = FileChange::install(Target::Completions, path, before, after);
        plan.changes.push(change);
    }
    Ok(plan)
}

/// Plans the removal of our completions.
pub(super) fn uninstall(context: &InstallContext) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let records = Records::read(context.records());
    for shell in Shell::ALL {
        let path = file(shell, context)?;
        let Some(now) = Content::at(&path)? else {
            continue;
        };
        let is_ours = records
            .original(&path, &now, &[Target::Completions.name()], |_| false)
            .is_some();
        let is_this = context
            .completions
            .is_some_and(|script| now.text() == Some(&script(shell)));
        if is_ours || is_this {
            let change = FileChange::remove(Target::Completions, path, now, None);
            plan.changes.push(change);
        }
    }
    Ok(plan)
}
