//! `sendoff schedule list`, `show` and `history`.

use crate::exit::Exit;
use crate::schedules::{firings, of_platform, one as one_schedule, schedules};

use super::super::output::print;
use super::super::render;
use super::{Opened, Refusal};

pub(super) fn list(opened: &Opened, json: bool) -> Result<Exit, Refusal> {
    if opened.store.existing().is_none() && !opened.service.fires_elsewhere() {
        return Ok(Exit::Done);
    }
    let lines = match of_platform(&opened.service)? {
        Some(lines) => lines,
        None => schedules(opened.own()?)?,
    };
    let text = if json {
        render::schedules_json(&lines)
    } else {
        render::schedules(&lines)
    };
    Ok(printed(&text))
}

pub(super) fn one(opened: &Opened, name: &str, json: bool) -> Result<Exit, Refusal> {
    let view = one_schedule(opened.own()?, name)?;
    let text = if json {
        render::schedule_json(&view)
    } else {
        render::schedule(&view)
    };
    Ok(printed(&text))
}

pub(super) fn history(
    opened: &Opened,
    name: &str,
    limit: usize,
    json: bool,
) -> Result<Exit, Refusal> {
    let lines = firings(opened.own()?, name, limit)?;
    let text = if json {
        render::firings_json(&lines)
    } else {
        render::firings(&lines)
    };
    Ok(printed(&text))
}

fn printed(text: &str) -> Exit {
    if text.is_empty() {
        Exit::Done
    } else {
        print(text).exit()
    }
}
