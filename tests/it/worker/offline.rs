//! A day without the platform, and ten thousand messages after it, on a clock of the test's own.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use sendoff::clock::Clock;
use sendoff::demo::platform_server::PlatformServer;
use sendoff::demo::{Answer, Fault};
use sendoff::http::{Client, ClientOptions};
use sendoff::pipeline::{DeliveryOutcome, Outbox};
use sendoff::platform::{Heartbeat, Platform, TokenSource};
use sendoff::secrets::{KnownSecrets, Outgoing};
use sendoff::store::{DeliveryKind, Durability, LazyStore, NewDelivery};
use sendoff_testing::cases;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::world::{World, step};

use super::{make_pending_due, wait_for_workers};

struct Day {
    server: PlatformServer,
    platform: Platform,
    known: KnownSecrets,
    directory: std::path::PathBuf,
    now: Timestamp,
    /// Whether a failure waits for the next request.
    armed: bool,
    _sandbox: Sandbox,
}

impl Day {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = PlatformServer::start("ws-1", None).unwrap();
        let client = Client::new(ClientOptions::new(Duration::from_secs(5)));
        let platform = Platform::new(client, server.url().clone(), "ws-1", TokenSource::None);
        Self {
            platform: platform.unwrap(),
            server,
            known: KnownSecrets::default(),
            directory: sandbox.path("home/.local/state/sendoff"),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            armed: false,
            _sandbox: sandbox,
        }
    }

    /// Does something with the outbox at this moment of the test's clock.
    async fn at<T>(&self, work: impl AsyncFnOnce(Outbox<'_>, &Platform) -> T) -> T {
        let clock = Clock::Fixed(self.now);
        let store = LazyStore::below(Some(self.directory.clone()), clock.clone());
        work(Outbox::new(&store, &clock, &self.known), &self.platform).await
    }

    /// The same while the platform is away: each request fails.
    async fn away<T>(&mut self, work: impl AsyncFnOnce(Outbox<'_>, &Platform) -> T) -> T {
        if !self.armed {
            // It is known that nothing arrived, as of a connection that was refused.
            let failed = Answer::json(429, &json!({"error": "away"}));
            self.server.inject([Fault::Instead(failed)]);
        }
        let before = self.server.log().len();
        let done = self.at(work).await;
        self.armed = self.server.log().len() == before;
        done
    }

    fn waiting(&self) -> u64 {
        let store = LazyStore::below(Some(self.directory.clone()), Clock::Fixed(self.now));
        store.get().unwrap().counts().unwrap().waiting
    }
}

fn outgoing(text: &str) -> Outgoing {
    KnownSecrets::default().outgoing(text)
}

fn beat(task: &str) -> Heartbeat {
    Heartbeat {
        current_task: outgoing(task),
        active_tasks: 1,
        error_rate: 0.0,
        sample_error: outgoing(""),
        uptime_seconds: 1,
    }
}

/// Guards the order and the number of what waited for a day, and that a heartbeat of it is forgotten.
#[tokio::test]
async fn l05_l08_two_hundred_memories_of_a_day_offline_arrive_once_and_in_order() {
    let mut day = Day::new();
    for number in 0..200 {
        let text = format!("memory {number}");
        let key = format!("run-{number}/memory-commit");
        let sent = day
            .away(async |outbox, platform| {
                outbox
                    .memory(platform, key, &outgoing(&text), "LOCAL")
                    .await
            })
            .await;
        assert!(
            matches!(sent, DeliveryOutcome::Queued(_)),
            "{number}: {sent:?}"
        );
        if number % 10 == 0 {
            let text = format!("old {number}");
            let key = format!("run-{number}/heartbeat-set");
            let sent = day
                .away(async |outbox, platform| outbox.heartbeat(platform, key, &beat(&text)).await)
                .await;
            // The one failure of this moment may have gone to a memory before it.
            assert!(
                matches!(
                    sent,
                    DeliveryOutcome::Queued(_) | DeliveryOutcome::Delivered(_)
                ),
                "{sent:?}"
            );
        }
        day.now += SignedDuration::from_secs(24 * 3600 / 200);
    }
    assert!(day.waiting() >= 200);
    // The platform is back, and the next task tells what it works on before the outbox is looked at.
    day.at(async |outbox, platform| {
        outbox
            .heartbeat(platform, "new/heartbeat-set".into(), &beat("new"))
            .await
    })
    .await;
    for _ in 0..50 {
        day.at(async |outbox, platform| outbox.flush(platform).await.unwrap())
            .await;
        day.now += SignedDuration::from_secs(3600);
        if day.waiting() == 0 {
            break;
        }
    }
    let arrived: Vec<String> = day
        .server
        .memories()
        .iter()
        .map(|memory| memory["content"].as_str().unwrap().to_owned())
        .collect();
    let wanted: Vec<String> = (0..200).map(|number| format!("memory {number}")).collect();
    assert_eq!(arrived, wanted);
    let beats = day.server.heartbeats();
    assert_eq!(beats.last().unwrap()["current_task"], "new");
}

#[tokio::test]
async fn l09_l10_thousands_of_messages_are_replayed_in_order_within_a_minute() {
    let day = Day::new();
    let count = cases(1000, 10_000);
    {
        let store = LazyStore::below(Some(day.directory.clone()), Clock::Fixed(day.now));
        let store = store.get().unwrap();
        for number in 0..count {
            let message = NewDelivery {
                key: format!("run-{number}/memory-commit"),
                kind: DeliveryKind::Memory,
                origin: day.platform.origin().to_string(),
                workspace: "ws-1".into(),
                body: json!({"content": format!("memory {number}"), "scope": "LOCAL"}).to_string(),
            };
            store.enqueue(&message, Durability::Process).unwrap();
        }
    }
    let began = Instant::now();
    day.at(async |outbox, platform| outbox.flush(platform).await.unwrap())
        .await;
    let took = began.elapsed();
    println!("{count} messages replayed in {took:?} (debug build)");
    let arrived = day.server.memories();
    assert_eq!(arrived.len(), count as usize);
    for (number, memory) in arrived.iter().enumerate() {
        assert_eq!(memory["content"], format!("memory {number}"));
    }
    assert!(took < Duration::from_mins(1), "{took:?}");
}

/// Runs against a forge that answers so first, and returns the line of the pull request: it waits, nothing is asked before its
/// time, and then it is opened.
fn left_alone(world: &World, limited: Answer) -> Value {
    world.forge.answer_with([limited]);
    let said = world.run(&["run", "post-commit", "--json"]);
    let report = said.report();
    let line = step(&report, "pr-create").clone();
    assert_eq!(
        (&line["verdict"], &line["reason"], said.code),
        (&json!("queued"), &json!("rate-limited"), Some(0)),
        "{report}"
    );
    let asked = world.forge.log().len();
    assert_eq!(world.run(&["run", "post-commit"]).code, Some(0));
    assert_eq!(world.run(&["flush"]).code, Some(75));
    assert_eq!(world.forge.log().len(), asked, "nothing before its time");
    make_pending_due(world);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.forge.pulls().len(), 1);
    line
}

/// Guards a secondary limit, which says how long to wait.
#[test]
fn n09_a_secondary_limit_is_waited_out() {
    let world = World::new();
    let limited = Answer::json(
        403,
        &json!({"message": "You have exceeded a secondary rate limit"}),
    );
    left_alone(&world, limited.header("retry-after", "3600"));
}

/// Guards a primary limit, which has a time of its reset.
#[test]
fn n09_f07_a_primary_limit_is_waited_out() {
    let world = World::new();
    let reset = Timestamp::now().as_second() + 3600;
    let limited = Answer::json(
        403,
        &json!({"message": "API rate limit exceeded for user ID 1."}),
    )
    .header("x-ratelimit-remaining", "0")
    .header("x-ratelimit-reset", reset.to_string());
    let line = left_alone(&world, limited);
    let until = line["outputs"]["not-before"].as_str().unwrap();
    assert_eq!(until.parse::<Timestamp>().unwrap().as_second(), reset);
}

/// Guards that the worker itself comes back when a short limit is over, and not before.
#[test]
fn n08_a_short_retry_after_is_waited_out_by_the_worker() {
    let world = World::new();
    let limited = Answer::json(
        403,
        &json!({"message": "You have exceeded a secondary rate limit"}),
    )
    .header("retry-after", "8");
    world.forge.answer_with([limited]);
    let began = Instant::now();
    world.run(&["hook", "git-post-commit"]);
    sendoff_testing::wait_until("the pull request", || {
        (world.forge.pulls().len() == 1).then_some(())
    });
    assert!(
        began.elapsed() >= Duration::from_secs(7),
        "{:?}",
        began.elapsed()
    );
    wait_for_workers(&world);
    let status: Value = world.run(&["status", "--json"]).report();
    assert_eq!(status["pending"], json!([]), "{status}");
    assert_eq!(world.forge.pulls().len(), 1);
}
