//! A worker that is told to end, as when a machine shuts down: its work is left for the next one.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sendoff_testing::wait_until;
use serde_json::json;

use crate::push::rig::script;
use crate::world::World;

use super::killed::settle;
use super::{wait_for_workers, workers};

/// Guards that a worker whose thread is stuck is ended by its watchdog, and that its work goes out later, once.
#[test]
fn a_worker_that_is_stuck_ends_by_its_deadline_and_its_work_goes_out_later() {
    for point in ["hang:run-opened", "hang:memory-begun", "hang:push-reported"] {
        let world = World::new();
        world.user_policy("[limits]\ndeadline = \"2s\"\n");
        let task = world.sandbox.write(
            "task.json",
            json!({"task": {"input": "Fix it"}}).to_string(),
        );
        let mut hook = world.command(&["hook", "executor"]);
        hook.env("SENDOFF_FAILPOINT", point);
        hook.stdin(std::fs::File::open(task).unwrap());
        let began = Instant::now();
        assert!(hook.status().unwrap().success());
        wait_for_workers(&world);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(20), "{point}: {took:?}");
        world.user_policy("");
        settle(&world);
        world.run(&["run", "post-commit"]);
        let head = world.sandbox.head(&world.work());
        assert_eq!(world.tip("feature/x"), head, "{point}");
        assert_eq!(world.forge.pulls().len(), 1, "{point}");
        assert_eq!(world.platform.memories().len(), 1, "{point}");
    }
}

/// Guards that a signal to a worker, as when a machine shuts down, leaves its work for the next one.
#[test]
fn x02_x03_a_worker_that_is_told_to_end_ends_and_its_work_goes_out_later() {
    for signal in [Signal::TERM, Signal::HUP] {
        let world = World::new();
        script(
            &world.sandbox,
            "clone/.git/hooks/pre-push",
            "touch \"$HOME/runs\"; sleep 300",
        );
        world.user_policy("[steps.push]\nhooks = \"run\"\n");
        let task = json!({"task": {"input": "Fix it"}}).to_string();
        world.platform.fail_with(&[503, 503, 503]);
        assert_eq!(
            world
                .run_with_input(&["hook", "executor"], task.as_bytes())
                .code,
            Some(0)
        );
        let runs = world.sandbox.path("home/runs");
        wait_until("the pre-push hook", || runs.exists().then_some(()));
        let began = Instant::now();
        for pid in workers(&world) {
            let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            kill_process(pid, signal).unwrap();
        }
        wait_for_workers(&world);
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{signal:?}: {:?}",
            began.elapsed()
        );
        std::fs::remove_file(world.work().join(".git/hooks/pre-push")).unwrap();
        settle(&world);
        let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
        assert_eq!(
            (world.tip("feature/x"), world.forge.pulls().len()),
            (head, 1),
            "{signal:?}"
        );
        assert_eq!(world.platform.memories().len(), 1, "{signal:?}");
    }
}
