//! Checks of the entries of agents: they are whole, trusted, and read by one agent only.

use crate::files::{Links, read};
use crate::install::{Entry, InstallContext, Scope, Target, find};
use crate::process::Inheritance;

use super::Check;

/// The largest configuration of Codex that is read, in bytes.
const MAX_CONFIG_SIZE: u64 = 1 << 20;
/// The agents that read Claude Code's files besides their own, and in which scopes.
const READERS: &[(&str, &str, &[Scope])] = &[
    (
        "copilot",
        "Copilot CLI reads it too",
        &[Scope::Project, Scope::Local],
    ),
    (
        "cursor",
        "Cursor reads it too where it includes third-party configurations",
        &[Scope::User, Scope::Project, Scope::Local],
    ),
];

/// Makes the checks.
pub(super) fn checks(context: &InstallContext) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut found: Vec<(Target, Entry)> = Vec::new();
    let agents = Target::all().iter();
    for target in agents.filter(|target| **target != Target::Git) {
        match find(*target, context) {
            Ok(entries) => {
                checks.extend(entries.iter().map(|entry| agent(context, *target, entry)));
                found.extend(entries.into_iter().map(|entry| (*target, entry)));
            }
            Err(error) => checks.push(Check::fail(target.name(), error.to_string())),
        }
    }
    checks.extend(found.iter().filter_map(|(target, entry)| {
        let is_codex = target.name() == "codex";
        is_codex.then(|| untrusted(context, entry)).flatten()
    }));
    checks.extend(read_twice(&found));
    checks
}

/// Checks an agent's entry: it is whole, and the program that it names is there.
fn agent(context: &InstallContext, target: Target, entry: &Entry) -> Check {
    let (name, path) = (target.name(), entry.path.display());
    let reinstall = format!("sendoff install {name} --yes");
    let Some(command) = entry.command.as_ref().filter(|_| entry.fault.is_none()) else {
        return Check::fail(name, format!("the entry in {path} is not whole")).advise(reinstall);
    };
    let program = command.program.display();
    let is_there = if command.program.is_absolute() {
        command.may_exist()
    } else {
        let environment = &context.environment;
        let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
        let named = command.program.to_str().unwrap_or_default();
        inheritance.find(named).is_ok()
    };
    if is_there {
        Check::pass(name, format!("{path} calls {program}"))
    } else {
        let message = format!("{path} calls {program}, which is not there");
        Check::fail(name, message).advise(reinstall)
    }
}

/// Says that Codex skips an entry, where its configuration trusts none of the file.
///
/// It keeps a hash for each hook by its place, which only the person who read the hook may write.
fn untrusted(context: &InstallContext, entry: &Entry) -> Option<Check> {
    let environment = &context.environment;
    let home = environment.named_path("CODEX_HOME");
    let home = home.or_else(|| Some(environment.home()?.join(".codex")))?;
    let config = read(&home.join("config.toml"), MAX_CONFIG_SIZE, Links::Followed);
    let config = config.ok().flatten().unwrap_or_default();
    let config: toml::Table = toml::from_str(&String::from_utf8_lossy(&config)).unwrap_or_default();
    let state = config.get("hooks").and_then(|hooks| hooks.get("state"));
    let file = format!("{}:stop:", entry.path.display());
    let is_trusted = state.and_then(toml::Value::as_table).is_some_and(|state| {
        let mut hooks = state.iter().filter(|(place, _)| place.starts_with(&file));
        hooks.any(|(_, hook)| hook.get("trusted_hash").is_some())
    });
    if is_trusted {
        return None;
    }
    let message = format!(
        "Codex trusts no hook of {} yet, and skips what it does not trust without a word",
        entry.path.display()
    );
    Some(Check::warn("codex", message).advise("in Codex, run `/hooks` and trust sendoff"))
}

/// Says that one end of a turn calls us twice, because an agent reads Claude Code's file beside its own.
fn read_twice(found: &[(Target, Entry)]) -> Vec<Check> {
    let of = |name: &'static str| {
        let found = found.iter();
        found.filter_map(move |(target, entry)| (target.name() == name).then_some(entry))
    };
    let mut checks = Vec::new();
    for (reader, why, scopes) in READERS {
        let shared = of("claude-code").find(|entry| scopes.contains(&entry.scope));
        let (Some(shared), Some(_)) = (shared, of(reader).next()) else {
            continue;
        };
        let message = format!(
            "{} calls sendoff, and {why}: each of its turns calls twice, which ships once",
            shared.path.display()
        );
        let advice = format!("sendoff uninstall {reader}");
        checks.push(Check::warn(reader, message).advise(advice));
    }
    checks
}
