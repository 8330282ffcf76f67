//! `-h` and `--help` of every command.

use clap::Command;
use sendoff::environment::variables;

/// Returns every command of the program, with its path.
fn commands() -> Vec<(String, Command)> {
    fn collect(path: &str, command: &Command, all: &mut Vec<(String, Command)>) {
        all.push((path.to_owned(), command.clone()));
        for child in command.get_subcommands().filter(|c| c.get_name() != "help") {
            collect(&format!("{path} {}", child.get_name()), child, all);
        }
    }
    let mut root = sendoff::cli::command();
    root.build();
    let mut all = Vec::new();
    collect("sendoff", &root, &mut all);
    all
}

/// Returns the lines of the section `heading` in a long help.
fn section(help: &str, heading: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    lines
        .take_while(|line| line.starts_with("  "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_long_help_gives_reasons_examples_and_variables() {
    let commands = commands();
    assert!(commands.len() > 10, "{}", commands.len());
    for (path, mut command) in commands {
        let short = command.render_help().to_string();
        let long = command.render_long_help().to_string();
        assert!(short.len() < long.len(), "{path}");
        assert!(!short.contains("Examples:"), "{path}: {short}");
        let about = command.get_about().map(ToString::to_string).unwrap();
        let long_about = command.get_long_about().map(ToString::to_string);
        assert!(
            long_about.is_some_and(|long| long.len() > about.len() + 40),
            "{path}"
        );
        assert_eq!(section(&long, "Examples:").len(), 2, "{path}: {long}");
        let has_variables = !section(&long, "Environment:").is_empty();
        assert!(
            has_variables || long.contains("No environment variable"),
            "{path}: {long}"
        );
    }
}

#[test]
fn every_example_is_a_command_line_that_is_understood() {
    for (path, mut command) in commands() {
        let long = command.render_long_help().to_string();
        for example in section(&long, "Examples:") {
            let begin = example.find("sendoff").unwrap();
            let words = example[begin..].split("  ").next().unwrap();
            let words = words.split(" > ").next().unwrap().split(' ');
            let parsed = sendoff::cli::command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{path}: {example}: {parsed:?}");
            assert!(example[begin..].starts_with(&path), "{path}: {example}");
        }
    }
}

#[test]
fn every_variable_of_a_help_is_one_that_is_read() {
    for (path, mut command) in commands() {
        let long = command.render_long_help().to_string();
        for line in section(&long, "Environment:") {
            let names = line.trim().split("  ").next().unwrap();
            for name in names.split(", ") {
                let is_known = variables().any(|variable| variable.name == name);
                assert!(is_known, "{path}: {name}");
            }
        }
    }
}
