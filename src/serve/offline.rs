//! Compares a recorded delivery with the rules, without a server.

use serde::Serialize;
use serde_json::Value;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::events::{BadDelivery, Delivery, EventFacts, Source};
use crate::names::NamePattern;
use crate::schedules::open_synced_schedules;
use crate::secrets::KnownSecrets;
use crate::session::Service;
use crate::store::StoreError;

use super::settings::{SettingsError, read_rules};

/// Whether the rules that match are fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FireMode {
    /// They are only shown.
    Show,
    /// They are fired at once: `debounce` and `limit` apply to deliveries only.
    Fire,
}

/// The results of the rules for a recorded delivery.
#[derive(Debug, Clone, Serialize)]
pub struct OfflineResult {
    /// The event, as schedules get it.
    pub event: EventFacts,
    /// Each rule, in the order of the policy.
    pub rules: Vec<OfflineRule>,
    /// Whether the schedules were set due.
    pub fired: bool,
}

/// The result of one rule.
#[derive(Debug, Clone, Serialize)]
pub struct OfflineRule {
    /// Its number, from 1.
    pub rule: usize,
    /// The events that it is for.
    pub on: String,
    /// Whether it matches.
    pub matches: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Globs of the schedules that it fires.
    pub fire: Vec<String>,
    /// The schedules whose names or tags match these.
    pub schedules: Vec<String>,
}

/// Why a recorded delivery cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The policy cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The delivery cannot be read.
    #[error(transparent)]
    Delivery(#[from] BadDelivery),
    /// The schedules cannot be read or set due.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OfflineResult {
    /// Compares a recorded delivery with the rules of the policy, and fires the rules that match if `firing` says so.
    pub fn of(
        environment: &Environment,
        known: &KnownSecrets,
        source: Source,
        event: &str,
        body: &[u8],
        firing: FireMode,
    ) -> Result<Self, OfflineError> {
        let (service, rules) = read_rules(environment, known)?;
        let delivery = Delivery::recorded(source, event, body)?;
        let facts = delivery.facts();
        let mut offline = Self {
            rules: Vec::new(),
            event: facts.safe(known),
            fired: firing == FireMode::Fire,
        };
        for judged in rules.judge(&facts, &delivery) {
            let mut rule = OfflineRule {
                rule: judged.number,
                on: judged.on,
                matches: judged.mismatch.is_none(),
                reason: judged.mismatch.map(|mismatch| mismatch.to_string()),
                fire: judged.fire,
                schedules: Vec::new(),
            };
            if rule.matches {
                rule.schedules = offline.schedules(&service, &rule.fire, firing)?;
            }
            offline.rules.push(rule);
        }
        Ok(offline)
    }

    /// Finds the schedules that globs match, and sets them due.
    fn schedules(
        &self,
        service: &Service,
        fire: &[String],
        firing: FireMode,
    ) -> Result<Vec<String>, OfflineError> {
        let fire: Vec<NamePattern> = fire.iter().map(NamePattern::new).collect();
        // Without a store there is no schedule.
        let Some(store) = open_synced_schedules(service)? else {
            return Ok(Vec::new());
        };
        let found = match firing {
            FireMode::Show => store.matching(&fire),
            FireMode::Fire => {
                // Serialising texts and numbers cannot fail.
                let facts: Value = serde_json::to_value(&self.event).unwrap_or_default();
                store.set_due(&fire, Some(&facts), Clock::System.now())
            }
        };
        Ok(found?)
    }
}
