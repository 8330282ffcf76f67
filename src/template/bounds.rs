//! What a template may be made of, checked before it is compiled: nothing that is nested deeper than
//! the compiler's stack holds, and nothing that makes lists of lists grow without costing fuel.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Filter, Stmt};
use minijinja::machinery::{Token, parse, parse_expr, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::bound_names::bound_names;
use super::scalar::is_scalar;
use super::{TemplateError, explain};

/// The most words and signs of one tag or condition: the compiler goes one level deeper for each
/// operator of a run.
const LONGEST_TAG: usize = 256;
/// The most `elif` of a template: each is a level of its own.
const MOST_ELIF: usize = 64;
/// The most entries of a list or map that is written out.
const MOST_ENTRIES: usize = 64;

/// Functions and filters that are taken out: what they make can grow, or be printed, without end and
/// without using fuel.
pub(super) const FUNCTIONS: [&str; 3] = ["dict", "debug", "namespace"];
/// See [`FUNCTIONS`].
pub(super) const FILTERS: [&str; 7] =
    ["batch", "slice", "sum", "groupby", "chain", "zip", "pprint"];

/// Checks a whole template.
pub(super) fn check_template(source: &str, name: &str) -> Result<(), TemplateError> {
    check_length(source, Part::Template)?;
    let parsed = parse(source, name, SyntaxConfig::default());
    let parsed = parsed.map_err(|error| explain(&error, || None))?;
    let rules = Rules {
        bound: bound_names(&parsed),
    };
    rules.statement(&parsed)
}

/// Checks an expression that stands alone.
pub(super) fn check_expression(source: &str) -> Result<(), TemplateError> {
    check_length(source, Part::Expression)?;
    let parsed = parse_expr(source).map_err(|error| explain(&error, || None))?;
    Rules::default().expression(&parsed)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Template,
    Expression,
}

/// Counts the words and signs of each tag, before anything is parsed.
fn check_length(source: &str, part: Part) -> Result<(), TemplateError> {
    let mut length = 0;
    let mut elif = 0;
    for token in tokenize(source, part == Part::Expression, SyntaxConfig::default()) {
        // What cannot be read is told by the parser, with its place.
        let Ok((token, _)) = token else {
            return Ok(());
        };
        match token {
            Token::TemplateData(_) | Token::VariableStart | Token::BlockStart => length = 0,
            Token::Ident("elif") => elif += 1,
            _ => {}
        }
        length += 1;
        if length > LONGEST_TAG {
            return Err(refused(format!(
                "an expression has more than {LONGEST_TAG} words and signs"
            )));
        }
        if elif > MOST_ELIF {
            return Err(refused(format!("there are more than {MOST_ELIF} `elif`")));
        }
    }
    Ok(())
}

fn refused(why: impl Into<String>) -> TemplateError {
    TemplateError::Syntax(why.into())
}

/// The rules for what was parsed.
#[derive(Default)]
struct Rules<'source> {
    /// Every name that the template itself gives a value.
    bound: BTreeSet<&'source str>,
}

impl<'source> Rules<'source> {
    fn statements(&self, statements: &[Stmt<'source>]) -> Result<(), TemplateError> {
        statements.iter().try_for_each(|one| self.statement(one))
    }

    fn statement(&self, statement: &Stmt<'source>) -> Result<(), TemplateError> {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::ForLoop(each) if each.recursive => Err(refused(
                "`recursive` loops are not for templates of a policy",
            )),
            Stmt::ForLoop(each) => {
                self.expression(&each.iter)?;
                self.maybe(each.filter_expr.as_ref())?;
                self.statements(&each.body)?;
                self.statements(&each.else_body)
            }
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr)?;
                self.statements(&condition.true_body)?;
                self.statements(&condition.false_body)
            }
            Stmt::WithBlock(with) => {
                let mut values = with.assignments.iter();
                values.try_for_each(|(_, value)| self.expression(value))?;
                self.statements(&with.body)
            }
            Stmt::Set(set) => self.expression(&set.expr),
            Stmt::SetBlock(set) => {
                self.maybe(set.filter.as_ref())?;
                self.statements(&set.body)
            }
            Stmt::AutoEscape(block) => self.statements(&block.body),
            Stmt::FilterBlock(block) => {
                self.expression(&block.filter)?;
                self.statements(&block.body)
            }
            Stmt::Do(_) => Err(refused("`do` is not for templates of a policy")),
        }
    }

    fn maybe(&self, expression: Option<&Expr<'source>>) -> Result<(), TemplateError> {
        expression.map_or(Ok(()), |expression| self.expression(expression))
    }

    fn all(&self, expressions: &[&Expr<'source>]) -> Result<(), TemplateError> {
        expressions.iter().try_for_each(|one| self.expression(one))
    }

    fn expression(&self, expression: &Expr<'source>) -> Result<(), TemplateError> {
        match expression {
            Expr::Var(_) | Expr::Const(_) => Ok(()),
            Expr::Slice(slice) => {
                self.expression(&slice.expr)?;
                [&slice.start, &slice.stop, &slice.step]
                    .into_iter()
                    .try_for_each(|bound| self.maybe(bound.as_ref()))
            }
            Expr::UnaryOp(op) => self.expression(&op.expr),
            Expr::BinOp(op) => {
                let (left, right) = (&op.left, &op.right);
                match op.op {
                    BinOpKind::Add if !is_scalar(left) && !is_scalar(right) => {
                        return Err(refused(
                            "`+` needs a number or a text that is written out on one side; `~` joins texts",
                        ));
                    }
                    BinOpKind::Mul if !is_scalar(left) || !is_scalar(right) => {
                        return Err(refused(
                            "`*` is for numbers and texts: write `| int` or `| string` behind a name",
                        ));
                    }
                    _ => {}
                }
                self.all(&[left, right])
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr)?;
                compare
                    .ops
                    .iter()
                    .try_for_each(|op| self.expression(&op.expr))
            }
            Expr::IfExpr(choice) => {
                self.all(&[&choice.test_expr, &choice.true_expr])?;
                self.maybe(choice.false_expr.as_ref())
            }
            Expr::Filter(filter) => self.filter(filter),
            Expr::Test(test) => {
                self.expression(&test.expr)?;
                self.arguments(&test.args)
            }
            Expr::GetAttr(get) => self.expression(&get.expr),
            Expr::GetItem(get) => self.all(&[&get.expr, &get.subscript_expr]),
            Expr::Call(call) => {
                if !is_known_call(&call.expr) {
                    return Err(refused("only `range` and `loop.cycle` can be called"));
                }
                self.arguments(&call.args)
            }
            Expr::List(list) => self.entries(&list.items),
            Expr::Tuple(tuple) => self.entries(&tuple.items),
            Expr::Map(map) => {
                self.entries(&map.keys)?;
                self.entries(&map.values)
            }
        }
    }

    fn filter(&self, filter: &Filter<'source>) -> Result<(), TemplateError> {
        let is_plain = |argument: &CallArg<'_>| {
            matches!(
                argument,
                CallArg::Kwarg("attribute" | "default", Expr::Const(_))
            )
        };
        if filter.name == "map" && !filter.args.iter().all(is_plain) {
            return Err(refused(
                "`map` takes `attribute='...'` here, and a `default` that is written out",
            ));
        }
        self.maybe(filter.expr.as_ref())?;
        self.arguments(&filter.args)
    }

    fn arguments(&self, arguments: &[CallArg<'source>]) -> Result<(), TemplateError> {
        arguments.iter().try_for_each(|argument| match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) => self.expression(value),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                Err(refused("`*` and `**` before an argument are not supported"))
            }
        })
    }

    /// Checks what a list or map holds: a value that the template made may be a list itself, and lists
    /// of lists of the same list are larger than any memory.
    fn entries(&self, entries: &[Expr<'source>]) -> Result<(), TemplateError> {
        if entries.len() > MOST_ENTRIES {
            return Err(refused(format!(
                "a list has more than {MOST_ENTRIES} entries"
            )));
        }
        entries.iter().try_for_each(|entry| {
            if is_scalar(entry) || entry.as_const().is_some() || self.is_fact(entry) {
                return self.expression(entry);
            }
            Err(refused(
                "a list holds facts, numbers and texts: write `| string` behind a name of your own",
            ))
        })
    }

    /// Says whether an expression is a path into the facts.
    fn is_fact(&self, expression: &Expr<'source>) -> bool {
        match expression {
            Expr::Var(name) => !self.bound.contains(name.id) && name.id != "loop",
            Expr::GetAttr(get) => self.is_fact(&get.expr),
            Expr::GetItem(get) => {
                matches!(get.subscript_expr, Expr::Const(_)) && self.is_fact(&get.expr)
            }
            _ => false,
        }
    }
}

fn is_known_call(called: &Expr<'_>) -> bool {
    match called {
        Expr::Var(name) => name.id == "range",
        Expr::GetAttr(get) => {
            matches!(get.name, "cycle" | "changed")
                && matches!(&get.expr, Expr::Var(name) if name.id == "loop")
        }
        _ => false,
    }
}
