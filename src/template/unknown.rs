//! Finds what a template uses and nothing defines, before there are facts to render it with.

use std::collections::BTreeSet;

use minijinja::ErrorKind;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::stack::{Stack, on_stack};
use super::{ENVIRONMENT, NAME};

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A text with expressions in it.
    Template,
    /// One expression, such as that of `when`.
    Condition,
}

/// Describes each filter, test, function and fact that `source` uses and that does not exist. `missing` describes
/// a dotted path of facts that does not exist. A source that does not compile has none.
pub fn unknown_names(
    source: &str,
    part: Part,
    missing: &(impl Fn(&str) -> Option<String> + Sync),
) -> Vec<String> {
    on_stack(Stack::Own, || {
        let mut unknown = BTreeSet::new();
        for used in used(source, part) {
            unknown.extend(used.is_unknown().then(|| used.describe()));
        }
        unknown.extend(paths(source, part).iter().filter_map(|path| missing(path)));
        Ok(unknown.into_iter().collect())
    })
    .unwrap_or_else(|error| vec![error.to_string()])
}

/// Returns the dotted paths that a source takes from the facts.
fn paths(source: &str, part: Part) -> BTreeSet<String> {
    let paths = match part {
        Part::Template => ENVIRONMENT
            .template_from_named_str(NAME, source)
            .map(|template| template.undeclared_variables(true)),
        Part::Condition => ENVIRONMENT
            .compile_expression(source)
            .map(|expression| expression.undeclared_variables(true)),
    };
    let globals: BTreeSet<&str> = ENVIRONMENT.globals().map(|(name, _)| name).collect();
    let first = |path: &String| path.split('.').next().unwrap_or_default().to_owned();
    let mut paths: BTreeSet<String> = paths.unwrap_or_default().into_iter().collect();
    paths.retain(|path| !globals.contains(first(path).as_str()));
    paths
}

/// A filter or a test that a source uses.
#[derive(Debug, PartialEq, Eq)]
enum Used {
    Filter(String),
    Test(String),
}

impl Used {
    /// Says whether it does not exist: minijinja tells when it is to be called.
    fn is_unknown(&self) -> bool {
        let (call, kind) = match self {
            Self::Filter(name) => (format!("'' | {name}"), ErrorKind::UnknownFilter),
            Self::Test(name) => (format!("'' is {name}"), ErrorKind::UnknownTest),
        };
        let called = ENVIRONMENT
            .compile_expression(&call)
            .and_then(|expression| expression.eval(()));
        called.is_err_and(|error| error.kind() == kind)
    }

    fn describe(&self) -> String {
        match self {
            Self::Filter(name) => format!("there is no filter `{name}`"),
            Self::Test(name) => format!("there is no test `{name}`"),
        }
    }
}

/// Returns the filters and tests that a source uses.
fn used(source: &str, part: Part) -> Vec<Used> {
    let is_expression = part == Part::Condition;
    let tokens = tokenize(source, is_expression, SyntaxConfig::default());
    let tokens: Vec<Token<'_>> = tokens
        .map_while(Result::ok)
        .map(|(token, _)| token)
        .collect();
    let mut used = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let rest = tokens.get(at + 1..).unwrap_or_default();
        match (token, rest) {
            (Token::Pipe, [Token::Ident(name), ..])
            | (Token::BlockStart, [Token::Ident("filter"), Token::Ident(name), ..]) => {
                used.push(Used::Filter((*name).to_owned()));
            }
            (
                Token::Ident("is"),
                [Token::Ident("not"), Token::Ident(name), ..] | [Token::Ident(name), ..],
            ) => {
                used.push(Used::Test((*name).to_owned()));
            }
            _ => {}
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(source: &str, part: Part) -> Vec<String> {
        unknown_names(source, part, &|path: &str| {
            let known = ["task", "task.input", "repo.commits", "steps"];
            (!known.contains(&path)).then(|| path.to_owned())
        })
    }

    #[test]
    fn each_kind_of_unknown_name_is_found() {
        for (source, wanted) in [
            ("{{ task.input | redact | truncate(9) }}", [].as_slice()),
            (
                "{% for c in repo.commits %}{{ loop.index }}{{ c.subject }}{% endfor %}",
                &[],
            ),
            ("{% for n in range(3) %}{{ n }}{% endfor %}", &[]),
            ("{{ tsk.input }}", &["tsk.input"]),
            ("{{ task.input | shout }}", &["there is no filter `shout`"]),
            (
                "{% filter shout %}x{% endfilter %}",
                &["there is no filter `shout`"],
            ),
            (
                "{% if task is loud %}x{% endif %}",
                &["there is no test `loud`"],
            ),
            (
                "{% if task is not loud %}x{% endif %}",
                &["there is no test `loud`"],
            ),
            ("{{ shout('x') }}", &["shout"]),
            ("a text | that is no filter", &[]),
        ] {
            assert_eq!(unknown(source, Part::Template), wanted, "{source}");
        }
        for (source, wanted) in [
            ("steps['push'].outputs.n == 1", [].as_slice()),
            ("task.input is defined and tas.ok", &["tas.ok"]),
            ("task.input | shout", &["there is no filter `shout`"]),
        ] {
            assert_eq!(unknown(source, Part::Condition), wanted, "{source}");
        }
    }
}
