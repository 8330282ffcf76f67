//! `kill -9` in every phase and at random moments over many branches, beside the ledgers of real servers. The long mode
//! (`SENDOFF_TEST_LONG=1`) has a thousand kills.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sendoff::failpoint::Point;
use sendoff_testing::cases;
use serde_json::json;

use crate::program::piped;
use crate::world::World;

use super::killed::{assert_database, settle};
use super::{wait_for_workers, workers};

/// The phases of a send-off, and the failpoints that lie in them: some last milliseconds only.
const PHASES: &[(&str, &[Point])] = &[
    (
        "hook",
        &[
            Point::HookBegins,
            Point::HookPayload,
            Point::HookLooked,
            Point::HookStore,
            Point::HookIntended,
            Point::HookStarted,
        ],
    ),
    (
        "worker start",
        &[
            Point::WorkerBegins,
            Point::WorkerDetached,
            Point::WorkerTold,
            Point::WorkerTurn,
            Point::WorkerWaiting,
            Point::WorkerBegan,
        ],
    ),
    ("handshake", &[Point::PushBegins]),
    ("pack", &[Point::PushPackEnded]),
    (
        "after the report",
        &[
            Point::PushReported,
            Point::KeepPushed,
            Point::PushVerified,
            Point::PushNoted,
        ],
    ),
    (
        "pull request",
        &[
            Point::PullRequestBegins,
            Point::PullRequestOpens,
            Point::PullRequestOpened,
        ],
    ),
    (
        "memory",
        &[
            Point::MemoryQueued,
            Point::MemoryTurn,
            Point::MemoryBegun,
            Point::MemorySent,
            Point::MemorySettled,
        ],
    ),
];

/// After so many kills everything goes out before the next one.
const SETTLE_AFTER: u32 = 25;

/// What was handed over.
struct Task {
    branch: String,
    commit: String,
    acknowledged: bool,
}

/// The ledgers of this side.
struct EventWriter<'w> {
    world: &'w World,
    tasks: Vec<Task>,
    hits: PathBuf,
}

impl EventWriter<'_> {
    /// Makes a branch with a commit of its own.
    fn branch(&mut self) -> String {
        let number = self.tasks.len();
        let (world, work) = (self.world, self.world.work());
        let branch = format!("feature/k{number}");
        world
            .sandbox
            .git(&work, &["switch", "-q", "-c", &branch, "main"]);
        let commit = world.commit(
            &format!("{number}.txt"),
            "work\n",
            &format!("Do task {number}"),
        );
        self.tasks.push(Task {
            branch,
            commit,
            acknowledged: false,
        });
        format!("task {number}.")
    }

    /// Hands a task over; the hook or its worker is killed at the point, or after a moment.
    fn hand_over(&mut self, point: Option<Point>, after: Option<Duration>) {
        let input = self.branch();
        let task = json!({"task": {"input": input}}).to_string();
        let mut command = self.world.command(&["hook", "executor"]);
        if let Some(point) = point {
            command.env("SENDOFF_FAILPOINT", point.name());
            command.env("SENDOFF_FAILPOINT_LOG", &self.hits);
        }
        command
            .stdin(piped(task.as_bytes()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut hook = command.spawn().unwrap();
        if let Some(after) = after {
            std::thread::sleep(after);
            for pid in workers(self.world) {
                let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                // It may have ended by itself.
                let _gone = kill_process(pid, Signal::KILL);
            }
        }
        let acknowledged = hook.wait().unwrap().success();
        self.tasks.last_mut().unwrap().acknowledged = acknowledged;
    }

    /// Lets all go out, what a later hook derives again included, and compares the ledgers.
    fn check(&self) {
        let world = self.world;
        for task in &self.tasks {
            if world.tip(&task.branch) != task.commit {
                world
                    .sandbox
                    .git(world.work(), &["switch", "-q", &task.branch]);
                world.run(&["hook", "git-post-commit"]);
            }
        }
        settle(world);
        let mut memories: BTreeMap<String, usize> = BTreeMap::new();
        for memory in world.platform.memories() {
            *memories
                .entry(memory["content"].as_str().unwrap().into())
                .or_default() += 1;
        }
        let pulls = world.forge.pulls();
        for (number, task) in self.tasks.iter().enumerate() {
            let branch = &task.branch;
            assert_eq!(world.tip(branch), task.commit, "{branch}: a commit is lost");
            let opened = pulls.iter().filter(|pull| pull.head == *branch).count();
            assert_eq!(opened, 1, "{branch}: pull requests");
            let sent = memories
                .get(&format!("Conversation: task {number}."))
                .copied()
                .unwrap_or(0);
            assert!(sent <= 1, "{branch}: {sent} memories");
            assert!(
                !task.acknowledged || sent == 1,
                "{branch}: an acknowledged memory is lost"
            );
        }
        assert_eq!(pulls.len(), self.tasks.len());
        assert_database(world);
    }
}

/// Counts the kills at some points.
fn count(hits: &Path, points: &[Point]) -> usize {
    let hits = std::fs::read_to_string(hits).unwrap_or_default();
    let is_here = |hit: &&str| points.iter().any(|point| point.name() == *hit);
    hits.lines().filter(is_here).count()
}

#[test]
fn x01_kills_in_every_phase_and_at_random_lose_nothing_and_double_nothing() {
    let (each, random) = (cases(20, 110), cases(60, 230));
    let world = World::new();
    let hits = world.sandbox.path("hits");
    let mut ledger = EventWriter {
        world: &world,
        tasks: Vec::new(),
        hits: hits.clone(),
    };
    let mut kills = 0;
    let mut settle_now_and_then = || {
        kills += 1;
        if kills % SETTLE_AFTER == 0 {
            settle(&world);
        }
    };
    for (_, points) in PHASES {
        for (round, point) in points.iter().copied().cycle().enumerate() {
            // Where another worker was at the memories, this one did not come to its point.
            if round >= each as usize {
                wait_for_workers(&world);
                if count(&hits, points) >= each as usize {
                    break;
                }
            }
            assert!(round < 3 * each as usize, "{point:?} is not reached");
            ledger.hand_over(Some(point), None);
            settle_now_and_then();
        }
    }
    for round in 0..random {
        // Evenly over what a run takes, and the same in each run of the test.
        let after = Duration::from_millis(u64::from(round * 37 % 240));
        ledger.hand_over(None, Some(after));
        settle_now_and_then();
    }
    ledger.check();
    for (phase, points) in PHASES {
        let count = count(&hits, points);
        println!("{phase}: {count} kills");
        assert!(count >= each as usize, "{phase}: {count} of {each} kills");
    }
    let acknowledged = ledger.tasks.iter().filter(|task| task.acknowledged).count();
    println!(
        "random moments: {random} kills; {} branches, {acknowledged} acknowledged, {} pushes, {} memories, {} pull requests",
        ledger.tasks.len(),
        super::pushes(&world),
        world.platform.memories().len(),
        world.forge.pulls().len()
    );
}
