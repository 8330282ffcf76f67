//! `cli.md`, from the program's definition.

use std::fmt::Write;

pub(super) fn page(command: &clap::Command) -> String {
    let mut page = format!("{}# Commands\n", super::GENERATED);
    let mut root = command.clone();
    root.build();
    section(&mut page, &root, "sendoff");
    page
}

/// Writes a command and its subcommands.
fn section(page: &mut String, command: &clap::Command, path: &str) {
    let about = command
        .get_long_about()
        .or_else(|| command.get_about())
        .map(ToString::to_string)
        .unwrap_or_default();
    // The first paragraph is a heading without a full stop.
    let about = about.trim_end_matches('.').replacen("\n\n", ".\n\n", 1);
    let usage = command.clone().render_usage().to_string();
    let usage = usage
        .trim_start_matches("Usage: ")
        .replace("\n       ", "\n");
    add(
        page,
        format_args!("\n## `{path}`\n\n{about}.\n\n```text\n{usage}\n```\n"),
    );
    let arguments: Vec<_> = command
        .get_arguments()
        .filter(|a| !a.is_hide_set())
        .collect();
    if !arguments.is_empty() {
        add(page, format_args!("\n| argument | what |\n| --- | --- |\n"));
    }
    for argument in arguments {
        let help = argument
            .get_long_help()
            .or_else(|| argument.get_help())
            .map(ToString::to_string)
            .unwrap_or_default();
        let help = help
            .replace("\n\n", ". ")
            .replace('|', "\\|")
            .replace('\n', " ");
        add(
            page,
            format_args!("| `{}` | {help} |\n", spelling(argument)),
        );
    }
    if let Some(after) = command.get_after_long_help() {
        add(page, format_args!("\n```text\n{after}\n```\n"));
    }
    for child in command
        .get_subcommands()
        .filter(|child| child.get_name() != "help" && !child.is_hide_set())
    {
        section(page, child, &format!("{path} {}", child.get_name()));
    }
}

/// Returns an argument as it is typed.
fn spelling(argument: &clap::Arg) -> String {
    let values: Vec<&str> = argument
        .get_value_names()
        .into_iter()
        .flatten()
        .map(clap::builder::Str::as_str)
        .collect();
    let takes_value = argument.get_action().takes_values();
    let value = if takes_value {
        format!(" {}", values.join(" "))
    } else {
        String::new()
    };
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}{value}"),
        (None, Some(long)) => format!("--{long}{value}"),
        (Some(short), None) => format!("-{short}{value}"),
        (None, None) => values.join(" "),
    }
}

fn add(page: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = page.write_fmt(words);
}
