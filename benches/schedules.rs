//! What a tick of the schedules costs by how many there are, and what it costs to set some due by their names.
//!
//! `cargo bench --bench schedules` compares 100,000 schedules with 100. It does not use criterion: each round changes what the
//! next one finds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its table, and may panic"
)]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use sendoff::clock::Clock;
use sendoff::names::NamePattern;
use sendoff::schedules::{Claimant, tick};
use sendoff::store::{
    Answer, FiringEnd, NewSchedule, ScheduleSource, ScheduleStatus, ScheduleStore as _,
    SetsDue as _, Store, Switch,
};

/// How often each is measured; the median counts.
const ROUNDS: usize = 31;
/// One of so many schedules has the name that events ask for.
const ONE_IN: usize = 10;
/// How many of them there are with this name at most.
const WANTED: usize = 10;

/// A store with schedules, in a directory of its own.
struct Kept {
    store: Store,
    ids: Vec<i64>,
    _directory: tempfile::TempDir,
}

impl Kept {
    fn new(count: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let store = Store::open(&path, &Clock::System, Duration::from_secs(5)).unwrap();
        let new: Vec<_> = (0..count).map(schedule).collect();
        store.add_all(&new).unwrap();
        let ids = store.all().unwrap().iter().map(|row| row.id).collect();
        Self {
            store,
            ids,
            _directory: directory,
        }
    }

    /// Measures a tick that finds so many due and begins all of them.
    fn tick(&self, due: usize) -> Duration {
        median(|| {
            let now = Clock::System.now();
            for id in self.ids.iter().take(due) {
                let at = Some(now - SignedDuration::from_secs(1));
                self.store.switch(*id, Switch::On, at).unwrap();
            }
            let taker = Claimant {
                holder: "bench".into(),
                slots: due.max(1),
                awake_since: now - SignedDuration::from_hours(1),
            };
            let begin = Instant::now();
            let ticked = tick(&self.store, &taker, now).unwrap();
            let took = begin.elapsed();
            assert_eq!(ticked.begun.len(), due);
            for (firing, _) in &ticked.begun {
                let end = FiringEnd {
                    status: ScheduleStatus::Ok,
                    detail: None,
                    answer: Answer::Text,
                    at: now,
                };
                self.store.end(firing, &end).unwrap();
            }
            took
        })
    }

    /// Measures what an event costs that sets the wanted ones due.
    fn set_due(&self) -> Duration {
        let fire = [NamePattern::new("*pick-up-work*")];
        let event = serde_json::json!({ "number": 7 });
        median(|| {
            let begin = Instant::now();
            let set = self.store.set_due(&fire, Some(&event), far());
            let took = begin.elapsed();
            assert_eq!(set.unwrap().len(), WANTED.min(self.ids.len() / ONE_IN));
            took
        })
    }
}

/// Returns a time that does not come.
fn far() -> Timestamp {
    Clock::System.now() + SignedDuration::from_hours(24 * 300)
}

fn schedule(number: usize) -> NewSchedule {
    let is_wanted = number.is_multiple_of(ONE_IN) && number / ONE_IN < WANTED;
    let name = if is_wanted {
        format!("Team {number}: Pick-Up-Work (hourly)")
    } else {
        format!("Team {number}: security review (nightly)")
    };
    let definition = serde_json::json!({
        "name": name, "cron": "@yearly", "workspace": "ws-1", "prompt": "Look for work.",
    });
    NewSchedule {
        name,
        source: ScheduleSource::Command,
        tags: if number.is_multiple_of(2) {
            Vec::new()
        } else {
            vec!["review".into()]
        },
        definition: definition.to_string(),
        next_run_at: Some(far()),
        enabled: true,
    }
}

fn median(mut round: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| round()).collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn main() {
    let (few, many) = (Kept::new(100), Kept::new(100_000));
    println!(
        "{:28} {:>14} {:>14} {:>8}",
        "", "100 schedules", "100,000", "ratio"
    );
    let row = |name: &str, few: Duration, many: Duration| {
        let millis = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1000.0);
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        println!(
            "{name:28} {:>14} {:>14} {ratio:>8.2}",
            millis(few),
            millis(many)
        );
    };
    for due in [0, 10, 100] {
        row(&format!("a tick, {due} due"), few.tick(due), many.tick(due));
    }
    row("an event that sets 10 due", few.set_due(), many.set_due());
}
