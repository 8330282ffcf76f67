//! Which names a template gives a value itself.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{Expr, Stmt};

/// Returns every name that the template itself gives a value.
pub(super) fn bound_names<'source>(template: &Stmt<'source>) -> BTreeSet<&'source str> {
    let mut bound = BTreeSet::new();
    bind_all(std::slice::from_ref(template), &mut bound);
    bound
}

fn bind_all<'source>(statements: &[Stmt<'source>], bound: &mut BTreeSet<&'source str>) {
    for statement in statements {
        match statement {
            Stmt::Template(template) => bind_all(&template.children, bound),
            Stmt::ForLoop(each) => {
                bind(&each.target, bound);
                bind_all(&each.body, bound);
                bind_all(&each.else_body, bound);
            }
            Stmt::IfCond(condition) => {
                bind_all(&condition.true_body, bound);
                bind_all(&condition.false_body, bound);
            }
            Stmt::WithBlock(with) => {
                with.assignments
                    .iter()
                    .for_each(|(target, _)| bind(target, bound));
                bind_all(&with.body, bound);
            }
            Stmt::Set(set) => bind(&set.target, bound),
            Stmt::SetBlock(set) => {
                bind(&set.target, bound);
                bind_all(&set.body, bound);
            }
            Stmt::AutoEscape(block) => bind_all(&block.body, bound),
            Stmt::FilterBlock(block) => bind_all(&block.body, bound),
            _ => {}
        }
    }
}

fn bind<'source>(target: &Expr<'source>, bound: &mut BTreeSet<&'source str>) {
    match target {
        Expr::Var(name) => {
            bound.insert(name.id);
        }
        Expr::List(list) => list.items.iter().for_each(|item| bind(item, bound)),
        Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| bind(item, bound)),
        _ => {}
    }
}
