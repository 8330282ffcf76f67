//! Many hooks at once: rounds on one branch, and many work trees on branches of their own.

use std::time::Duration;

use sendoff_testing::{Gate, cases, wait_until};

use crate::push::rig::script;
use crate::world::World;

use super::{assert_silent, fifty_hooks, pushes, wait_for_workers};

#[test]
fn x13_rounds_of_fifty_hooks_with_a_cold_and_a_warm_state_directory() {
    let world = World::new();
    let mut slowest = [Duration::ZERO; 2];
    for round in 0..cases(2, 20) {
        let branch = format!("feature/r{round}");
        world
            .sandbox
            .git(world.work(), &["switch", "-q", "-c", &branch, "main"]);
        let commit = world.commit("r.txt", &branch, "Do it");
        let warm = round % 2 == 1;
        if !warm {
            let state = world.sandbox.path("home/.local/state/sendoff");
            let _none = std::fs::remove_dir_all(state);
        }
        let before = pushes(&world);
        let took = fifty_hooks(&world);
        let kind = &mut slowest[usize::from(warm)];
        *kind = took.max(*kind);
        wait_for_workers(&world);
        assert_eq!(world.tip(&branch), commit);
        assert_eq!(pushes(&world) - before, 1, "round {round}: pushes");
        assert_eq!(world.forge.pulls().len(), round as usize + 1);
    }
    let [cold, warm] = slowest;
    println!("the slowest of fifty hooks at once: {cold:?} cold, {warm:?} warm (debug build)");
}

/// Guards that a branch whose worker does not come on holds no other branch of the repository up.
#[test]
fn x14_a_branch_does_not_wait_for_the_worker_of_another() {
    let world = World::new();
    let linked = world.linked("linked", "feature/y");
    let commit = world.sandbox.commit(&linked, "w.txt", "work\n", "Do it");
    let gate = Gate::new(&world.sandbox);
    world.user_policy("[steps.push]\nhooks = \"run\"\n");
    script(
        &world.sandbox,
        "clone/.git/hooks/pre-push",
        &format!(
            "case $(cat) in *feature/x*) touch \"$HOME/waits\"; {};; esac",
            gate.wait_line()
        ),
    );
    assert_silent(&world.run(&["hook", "git-post-commit"]));
    let waits = world.sandbox.path("home/waits");
    wait_until("the worker", || waits.exists().then_some(()));
    assert_silent(&world.run_in(&linked, &["hook", "git-post-commit"], &world.variables()));
    wait_until("the other branch", || {
        (world.tip("feature/y") == commit).then_some(())
    });
    assert_eq!(world.tip("feature/x"), "");
    gate.open();
    wait_for_workers(&world);
    assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
}

#[test]
fn x14_work_trees_on_branches_of_their_own_go_side_by_side() {
    let world = World::new();
    let trees: Vec<_> = (0..cases(8, 50))
        .map(|number| {
            let branch = format!("feature/w{number}");
            let tree = world.linked(&format!("w{number}"), &branch);
            let commit = world.sandbox.commit(&tree, "w.txt", &branch, "Do it");
            (branch, tree, commit)
        })
        .collect();
    std::thread::scope(|scope| {
        for (_, tree, _) in &trees {
            let world = &world;
            scope.spawn(move || {
                assert_silent(&world.run_in(
                    tree,
                    &["hook", "git-post-commit"],
                    &world.variables(),
                ));
            });
        }
    });
    wait_for_workers(&world);
    for (branch, _, commit) in &trees {
        assert_eq!(world.tip(branch), *commit, "{branch}");
        let opened = world
            .forge
            .pulls()
            .iter()
            .filter(|pull| pull.head == *branch)
            .count();
        assert_eq!(opened, 1, "{branch}");
    }
    assert_eq!(pushes(&world), trees.len());
}
