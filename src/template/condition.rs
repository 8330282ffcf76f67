//! `Condition`: the expression of `when`, and the steps that it refers to.

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::stack::{Stack, on_stack};
use super::{ENVIRONMENT, MAX_SOURCE_SIZE, TemplateError, bounds, explain, unknown};

/// An expression that compiles, such as `steps['pr-create'].outputs.action == 'created'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    source: Arc<str>,
    references: BTreeSet<String>,
}

impl Condition {
    /// Compiles `source`. Refuses a reference to a step that is not a literal name.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE_SIZE {
            return Err(TemplateError::Syntax(format!(
                "the condition is longer than {MAX_SOURCE_SIZE} bytes"
            )));
        }
        on_stack(Stack::Own, || {
            bounds::check_expression(source)?;
            ENVIRONMENT
                .compile_expression(source)
                .map(drop)
                .map_err(|error| explain(&error, || None))
        })?;
        Ok(Self {
            references: references(&tokens(source))?,
            source: source.into(),
        })
    }

    /// Returns the source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the names of the steps that the expression refers to.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.references.iter().map(String::as_str)
    }

    /// Evaluates the expression on `facts`, and returns whether it is true.
    pub fn holds(&self, facts: &(impl Serialize + Sync)) -> Result<bool, TemplateError> {
        on_stack(Stack::Own, || self.value(&Value::from(Serde(facts))))
    }

    fn value(&self, facts: &Value) -> Result<bool, TemplateError> {
        let expression = ENVIRONMENT
            .compile_expression(&self.source)
            .map_err(|error| explain(&error, || None))?;
        let paths = || unknown(facts, expression.undeclared_variables(true));
        let value = expression
            .eval(facts.clone())
            .map_err(|error| explain(&error, paths))?;
        if value.is_undefined() {
            return Err(TemplateError::Unknown(
                paths().unwrap_or_else(|| format!("`{}` is undefined", self.source)),
            ));
        }
        Ok(value.is_true())
    }
}

/// A token of an expression, as far as finding references needs it.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// Splits an expression that compiles into tokens.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(first) = rest.next() {
        if first.is_alphanumeric() || first == '_' {
            let mut name = String::from(first);
            while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || *next == '_') {
                name.push(next);
            }
            tokens.push(Token::Name(name));
        } else if matches!(first, '"' | '\'') {
            let mut text = String::new();
            while let Some(next) = rest.next().filter(|next| *next != first) {
                text.push(next);
                if next == '\\' {
                    text.extend(rest.next());
                }
            }
            tokens.push(Token::Text(text));
        } else if !first.is_whitespace() {
            tokens.push(Token::Sign(first));
        }
    }
    tokens
}

/// Returns the steps that are referred to as `steps.NAME` or `steps['NAME']`.
fn references(tokens: &[Token]) -> Result<BTreeSet<String>, TemplateError> {
    let mut names = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_attribute = at
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .is_some_and(|before| *before == Token::Sign('.'));
        if *token != Token::Name("steps".into()) || is_attribute {
            continue;
        }
        let name = match tokens.get(at + 1..).unwrap_or_default() {
            [Token::Sign('.'), Token::Name(name), ..]
            | [Token::Sign('['), Token::Text(name), Token::Sign(']'), ..]
                if !name.contains('\\') =>
            {
                name
            }
            _ => {
                return Err(TemplateError::Unknown(
                    "a step must be a literal name, as in `steps['push']`: a computed name cannot be \
                     checked before the run"
                        .into(),
                ));
            }
        };
        names.insert(name.clone());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> Vec<String> {
        let condition = Condition::new(source).unwrap();
        condition.references().map(str::to_owned).collect()
    }

    #[test]
    fn references_are_found_in_each_form() {
        assert_eq!(
            named("steps['pr-create'].outputs.n == 1 and steps.push.verdict == \"done\""),
            ["pr-create", "push"]
        );
        assert_eq!(named("steps [ \"a b\" ].summary"), ["a b"]);
        assert_eq!(named("task.ok"), Vec::<String>::new());
        assert_eq!(named("task.input == 'steps.push'"), Vec::<String>::new());
        assert_eq!(named("(steps.a or steps.b) is defined"), ["a", "b"]);
    }

    #[test]
    fn a_computed_step_name_is_refused() {
        for source in [
            "steps[trigger].verdict",
            "steps",
            "steps['a' ~ 'b'].x",
            "(steps).push",
            "steps|length",
        ] {
            let error = Condition::new(source).unwrap_err();
            assert!(
                error.to_string().contains("steps['push']"),
                "{source}: {error}"
            );
        }
    }

    #[test]
    fn a_condition_that_does_not_parse_is_refused() {
        let error = Condition::new("task.ok ==").unwrap_err();
        assert!(error.to_string().contains("syntax error"), "{error}");
        assert!(Condition::new("true }} {{ steps.push").is_err());
    }
}
