//! `Rules`: all rules of the policy, and their results for a delivery.

use crate::policy::{Policy, PolicyError};

use super::delivery::Delivery;
use super::facts::EventFacts;
use super::mistakes::mistake;
use super::rule::{Mismatch, Rule};

/// The rules, compiled.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

/// The result of comparing one rule with a delivery.
#[derive(Debug, Clone)]
pub struct RuleResult {
    /// The number of the rule in the policy, from 1.
    pub number: usize,
    /// The events that it is for, as they are written.
    pub on: String,
    /// The schedules that it fires, as they are written.
    pub fire: Vec<String>,
    /// Why it does not match; `None` where it matches.
    pub mismatch: Option<Mismatch>,
    /// Whether it is for this kind of event.
    pub is_for_event: bool,
}

impl Rules {
    /// Compiles the rules of a policy.
    pub fn of(policy: &Policy) -> Result<Self, PolicyError> {
        let rules = policy.events().rule.iter().enumerate();
        let rules = rules.map(|(at, given)| {
            Rule::new(given).map_err(|error| mistake(policy, at, &error.to_string()))
        });
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// Compares a delivery with each rule, in their order.
    pub fn judge(&self, facts: &EventFacts, delivery: &Delivery) -> Vec<RuleResult> {
        let rules = (1..).zip(&self.0);
        let judged = rules.map(|(number, rule)| RuleResult {
            number,
            on: rule.on(),
            fire: rule.given.fire.clone(),
            mismatch: rule.judge(facts, &delivery.payload).err(),
            is_for_event: rule.is_for(facts),
        });
        judged.collect()
    }

    /// Returns a rule by its number.
    pub(super) fn get(&self, number: usize) -> Option<&Rule> {
        self.0.get(number.checked_sub(1)?)
    }

    /// Explains in one sentence why no rule matches.
    pub fn why_none(facts: &EventFacts, judged: &[RuleResult]) -> String {
        let near = judged.iter().filter(|judged| judged.is_for_event);
        let near: Vec<String> = near
            .filter_map(|judged| {
                let mismatch = judged.mismatch.as_ref()?;
                Some(format!(
                    "rule {} ({}): {mismatch}",
                    judged.number, judged.on
                ))
            })
            .collect();
        match (judged, near.as_slice()) {
            ([], _) => "the policy has no [[events.rule]]".into(),
            (_, []) => format!("no rule is for {}", facts.name()),
            (_, near) => near.join("; "),
        }
    }
}
