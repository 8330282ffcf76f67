//! Which expressions of a template have a text, a number or a truth value.

use minijinja::machinery::ast::{BinOpKind, Expr};
use minijinja::value::ValueKind;

/// Filters that return a text, a number or a truth value, whatever they are given.
const SCALAR_FILTERS: [&str; 22] = [
    "length",
    "count",
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "replace",
    "join",
    "string",
    "int",
    "float",
    "abs",
    "round",
    "bool",
    "indent",
    "escape",
    "e",
    "redact",
    "truncate",
    "brief",
    "oneline",
];

/// Says whether an expression can have no list and no map as its value, or fails with one.
pub(super) fn is_scalar(expression: &Expr<'_>) -> bool {
    match expression {
        Expr::Const(constant) => !matches!(
            constant.value.kind(),
            ValueKind::Seq | ValueKind::Map | ValueKind::Iterable
        ),
        Expr::BinOp(op) => match op.op {
            BinOpKind::Add => is_scalar(&op.left) || is_scalar(&op.right),
            BinOpKind::Mul | BinOpKind::ScAnd | BinOpKind::ScOr => {
                is_scalar(&op.left) && is_scalar(&op.right)
            }
            _ => true,
        },
        Expr::UnaryOp(_) | Expr::Compare(_) | Expr::Test(_) => true,
        Expr::IfExpr(choice) => {
            is_scalar(&choice.true_expr) && choice.false_expr.as_ref().is_none_or(is_scalar)
        }
        Expr::Filter(filter) => SCALAR_FILTERS.contains(&filter.name),
        Expr::GetAttr(get) => {
            matches!(&get.expr, Expr::Var(name) if name.id == "loop" && !matches!(get.name, "previtem" | "nextitem"))
        }
        _ => false,
    }
}
