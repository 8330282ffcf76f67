//! `sendoff schedule enable`, `disable`, `remove`, `run` and `import`.

use std::path::Path;

use crate::exit::Exit;
use crate::schedules::{fire_now, import as import_text, remove as remove_schedule, switch};
use crate::session::runtime;
use crate::store::{ScheduleStatus, Switch};

use super::super::output::{eprint, print};
use super::super::task::read_input;
use super::{Opened, Refusal};

pub(super) fn enable(opened: &Opened, name: &str) -> Result<Exit, Refusal> {
    switch(opened.own()?, name, Switch::On)?;
    Ok(Exit::Done)
}

pub(super) fn disable(opened: &Opened, name: &str) -> Result<Exit, Refusal> {
    switch(opened.own()?, name, Switch::Off)?;
    Ok(Exit::Done)
}

pub(super) fn remove(opened: &Opened, name: &str) -> Result<Exit, Refusal> {
    remove_schedule(opened.own()?, name)?;
    Ok(Exit::Done)
}

pub(super) fn run(opened: &Opened, name: &str) -> Result<Exit, Refusal> {
    let store = opened.own()?;
    let runtime = runtime().map_err(|error| {
        eprint(&format!("the machine refuses what a firing needs: {error}"));
        Refusal::Told(Exit::Failed)
    })?;
    let fired = runtime.block_on(fire_now(&opened.service, &opened.store, store, name))?;
    let detail = fired.detail.unwrap_or_default();
    match fired.status {
        Some(status @ (ScheduleStatus::Ok | ScheduleStatus::Stale)) => {
            Ok(print(&format!("{}: {detail}", status.as_str())).exit())
        }
        Some(status) => {
            eprint(&format!("{}: {detail}", status.as_str()));
            Ok(Exit::Failed)
        }
        None => {
            eprint(
                "what became of it could not be noted; `sendoff schedule history` shows what is known",
            );
            Ok(Exit::Failed)
        }
    }
}

pub(super) fn import(opened: &Opened, file: &Path) -> Result<Exit, Refusal> {
    let store = opened.own()?;
    let file = match file.to_str() {
        Some("-") => file.to_owned(),
        _ => opened.service.environment().cwd().join(file),
    };
    let read = read_input(&file).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8 text", file.display()))
    });
    let text = read.map_err(|message| {
        eprint(&message);
        Refusal::Told(Exit::Usage)
    })?;
    let imported = import_text(store, &text).map_err(|error| {
        eprint(&format!("{error}; {}", error.advice()));
        Refusal::Told(Exit::Usage)
    })?;
    for name in &imported.kept {
        eprint(&format!(
            "there is a schedule `{name}` already; it stays as it is"
        ));
    }
    let added = imported.added.len();
    let schedules = if added == 1 { "schedule" } else { "schedules" };
    Ok(print(&format!("added {added} {schedules}")).exit())
}
