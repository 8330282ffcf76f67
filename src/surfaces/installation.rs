//! How the call gets where its caller looks for it: which file, which place in it, in which words.

use serde_json::{Value, json};

/// How the call gets where its caller looks for it.
#[derive(Debug, Clone, Copy)]
pub enum Installation {
    /// Whoever calls writes the call.
    ByCaller,
    /// One of git's hooks.
    GitHook,
    /// A handler in a list of a JSON file that others use too.
    Json(JsonHook),
    /// The array `notify` of Codex's TOML file.
    Notify(Places),
    /// Files of our own.
    Files(OwnFiles),
}

/// Where an agent looks.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// The variable that names the user's directory.
    pub variable: Option<&'static str>,
    /// What that directory is below.
    pub base: Base,
    /// The user's directory, below the base.
    pub user: &'static str,
    /// The directory that is committed, below the top of the work tree.
    pub project: Option<&'static str>,
    /// The file in either; empty for an installation of several files.
    pub file: &'static str,
    /// The file of one user in one repository, below the top of the work tree.
    pub local: Option<&'static str>,
}

/// What a directory of a user is below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The home directory.
    Home,
    /// The directory of configuration.
    Config,
}

/// A handler in a list of a JSON file.
#[derive(Debug, Clone, Copy)]
pub struct JsonHook {
    /// Where the file is.
    pub places: Places,
    /// Whether the agent reads comments and trailing commas.
    pub syntax: JsonSyntax,
    /// The keys `version` and so on that the file must have, with their values.
    pub version: Option<u32>,
    /// The list below `hooks`.
    pub event: &'static str,
    /// Whether each element of the list is a group `{"hooks": [...]}`, or a handler.
    pub shape: Shape,
    /// Makes the handler of a command.
    pub handler: fn(&str) -> Value,
    /// What becomes of our element when it goes.
    pub removal: Removal,
    /// What is left to do after the installation.
    pub todo: Option<&'static str>,
}

/// Which JSON an agent reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonSyntax {
    /// That of the standard.
    Strict,
    /// With comments and trailing commas.
    WithComments,
}

/// What an element of the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A group of handlers.
    Group,
    /// A handler.
    Handler,
}

/// What becomes of our element when it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It goes.
    Whole,
    /// Where others come after it, an empty group stays in its place: the agent knows them by their positions.
    KeepsPlace,
}

/// Files of our own.
#[derive(Debug, Clone, Copy)]
pub struct OwnFiles {
    /// The directories that they lie in.
    pub places: Places,
    /// The files, each with its text.
    pub files: &'static [OwnFile],
    /// What is left to do after the installation.
    pub todo: Option<&'static str>,
}

/// One file of ours.
#[derive(Debug, Clone, Copy)]
pub struct OwnFile {
    /// Its path below the directory.
    pub name: &'static str,
    /// Its text; `{command}` stands for the shell command, `{program}` for the program, each as a JSON string.
    pub text: &'static str,
}

/// Makes the handler that most agents read: a command of the shell, with a limit in seconds.
pub(super) fn command_handler(command: &str) -> Value {
    json!({ "type": "command", "command": command, "timeout": 30 })
}
