//! The machine's clock is wrong, for a while or for ever: nothing is lost, nothing is sent twice, nothing waits for
//! decades.

use std::sync::LazyLock;

use sendoff::clock::Clock;
use sendoff::demo::{Answer, Fault};
use sendoff_testing::wait_until;
use serde_json::json;

use crate::program::Said;
use crate::world::World;

use super::{last_report, wait_for_workers};

/// When the tests began: a wrong clock goes on, too.
static BEGAN: LazyLock<jiff::Timestamp> = LazyLock::new(|| Clock::System.now());

/// A time that a clock says, against the right one.
#[derive(Debug, Clone, Copy)]
enum Says {
    Now,
    In(&'static str),
}

impl Says {
    /// Returns the variable that makes a process believe it.
    fn variable(self) -> (&'static str, String) {
        let seconds = match self {
            Self::Now => 0,
            Self::In(at) => {
                let at: jiff::Timestamp = at.parse().unwrap();
                at.duration_since(*BEGAN).as_secs()
            }
        };
        ("SENDOFF_CLOCK_OFFSET", seconds.to_string())
    }

    /// Checks that a status at this time names nothing that waits.
    fn assert_all_is_out(self, world: &World, what: &str) {
        let status = self.run(world, &["status"], "");
        assert_eq!(status.code, Some(0), "{what}: {}", status.stdout);
    }

    fn run(self, world: &World, arguments: &[&str], input: &str) -> Said {
        let mut variables = world.variables();
        variables.push(self.variable());
        let work = world.work();
        crate::program::run(
            &world.sandbox,
            &work,
            arguments,
            &variables,
            input.as_bytes(),
        )
    }
}

const IN_1970: Says = Says::In("1970-01-02T00:00:00Z");
const IN_2100: Says = Says::In("2100-01-01T00:00:00Z");
/// When the hook is called, and when what it left is carried out.
const CLOCKS: &[(Says, Says)] = &[
    (IN_1970, IN_1970),
    (IN_2100, IN_2100),
    (IN_2100, Says::Now),
    (IN_1970, Says::Now),
    (Says::Now, IN_1970),
    (Says::Now, IN_2100),
    (IN_2100, IN_1970),
];

fn task() -> String {
    json!({"task": {"input": "Fix it"}}).to_string()
}

/// The hook hands over, its worker delivers, `status` knows.
#[test]
fn x11_under_a_wrong_clock_a_hook_hands_over_and_its_worker_ships() {
    for clock in [IN_1970, IN_2100] {
        let world = World::new();
        let said = clock.run(&world, &["hook", "executor"], &task());
        assert_eq!(
            (said.stderr.as_str(), said.code),
            ("", Some(0)),
            "{clock:?}"
        );
        last_report(&world);
        wait_for_workers(&world);
        assert_eq!(world.platform.memories().len(), 1, "{clock:?}");
        assert_eq!(world.forge.pulls().len(), 1, "{clock:?}");
        assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
        let status = clock.run(&world, &["status"], "");
        assert_eq!(status.code, Some(0), "{clock:?}: {}", status.stdout);
    }
}

/// The clock jumps while an intent waits, whose worker was killed: the next worker that comes carries it out, and
/// nobody gives it up for its age.
#[test]
fn x11_an_intent_is_carried_out_by_the_next_worker_wherever_the_clock_jumped() {
    for (before, after) in CLOCKS {
        let world = World::new();
        let mut variables = world.variables();
        variables.push(before.variable());
        variables.push(("SENDOFF_FAILPOINT", "worker-began".into()));
        let (sandbox, work) = (&world.sandbox, world.work());
        let arguments = ["hook", "executor"];
        let said = crate::program::run(sandbox, &work, &arguments, &variables, task().as_bytes());
        assert_eq!(said.code, Some(0));
        wait_for_workers(&world);
        assert!(world.platform.memories().is_empty());
        after.run(&world, &["hook", "git-post-commit"], "");
        wait_for_workers(&world);
        if world.platform.memories().is_empty() {
            // Under one clock the second try has its time, a second later.
            after.run(&world, &["flush"], "");
        }
        assert_eq!(world.platform.memories().len(), 1, "{before:?}, {after:?}");
        assert_eq!(world.forge.pulls().len(), 1, "{before:?}, {after:?}");
        after.assert_all_is_out(&world, &format!("{before:?}, {after:?}"));
    }
}

/// The clock jumps while a memory is in the outbox: the next run sends it, once, also where its answer was lost.
#[test]
fn x11_a_memory_in_the_outbox_is_sent_once_wherever_the_clock_jumped() {
    let lost = Fault::DoneBut(Answer::json(502, &json!({"error": "bad gateway"})));
    let down = Fault::Instead(Answer::json(503, &json!({"error": "down"})));
    for (before, after) in CLOCKS {
        for fault in [&lost, &down] {
            let world = World::new();
            world.user_policy("[pipelines]\npost-task = [\"memory-commit\", \"push\"]\n");
            world.platform.inject([fault.clone(), down.clone()]);
            let said = before.run(&world, &["run", "--input", "-", "--json"], &task());
            let report = said.report();
            assert_eq!(
                crate::world::step(&report, "memory-commit")["verdict"],
                "queued",
                "{before:?}: {report}"
            );
            let what = format!("{before:?}, {after:?}, {fault:?}");
            // The time of the second try: at once after a jump, else within two seconds.
            wait_until("the memory", || {
                after.run(&world, &["run", "post-commit"], "");
                let status = after.run(&world, &["status", "--json"], "").report();
                (status["outbox"]["waiting"] == 0).then_some(())
            });
            after.assert_all_is_out(&world, &what);
            assert_eq!(world.platform.memories().len(), 1, "{what}");
        }
    }
}

/// A worker that waits for another try does not wait for decades when the clock is put right meanwhile.
#[test]
fn x11_a_branch_that_waits_is_tried_by_the_next_worker_wherever_the_clock_jumped() {
    for (before, after) in CLOCKS {
        let world = World::new();
        let url = format!("{}/acme/rocket.git", world.git.url());
        world.point_to("http://127.0.0.1:9/acme/rocket.git");
        let said = before.run(&world, &["run", "post-commit"], "");
        assert_eq!(said.code, Some(75), "{before:?}: {}", said.stdout);
        world.point_to(&url);
        after.run(&world, &["hook", "git-post-commit"], "");
        wait_for_workers(&world);
        let head = world.sandbox.head(&world.work());
        assert_eq!(world.tip("feature/x"), head, "{before:?}, {after:?}");
        after.assert_all_is_out(&world, &format!("{before:?}, {after:?}"));
    }
}
