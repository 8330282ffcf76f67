//! The policies that are part of the program.

/// The lowest layer.
pub(super) const DEFAULT: &str = include_str!("../../policies/default.toml");

/// The presets: their names, what each is for, and their text.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "default",
        about: "Nothing is set: a file of commented keys to start from.",
        text: include_str!("../../policies/start.toml"),
    },
    Preset {
        name: "molecule",
        about: "A workspace of agents: pull requests go to staging.",
        text: include_str!("../../policies/molecule.toml"),
    },
    Preset {
        name: "agents",
        about: "A fleet of untrusted agents: drafts only.",
        text: include_str!("../../policies/agents.toml"),
    },
    Preset {
        name: "solo",
        about: "One person: pull requests are ready for review.",
        text: include_str!("../../policies/solo.toml"),
    },
    Preset {
        name: "events",
        about: "Webhooks fire schedules: opened issues, and reviews of pull requests.",
        text: include_str!("../../policies/events.toml"),
    },
];

/// A policy to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// The TOML.
    pub text: &'static str,
}

/// Returns the text of a preset.
pub fn preset(name: &str) -> Option<&'static str> {
    let found = PRESETS.iter().find(|preset| preset.name == name)?;
    Some(found.text)
}
