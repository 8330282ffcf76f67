//! What the advice says when there is no token for the forge, obeyed: for each host its own variable.

use crate::world::World;

/// Returns what a plan says of `pr-create`, with variables. A plan asks nobody.
fn planned(world: &World, variables: &[(&str, String)]) -> serde_json::Value {
    let said = world.run_in(&world.work(), &["plan", "post-commit", "--json"], variables);
    let plan: serde_json::Value = serde_json::from_str(&said.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", said.stdout, said.stderr));
    let groups = plan["groups"].as_array().unwrap().clone();
    let mut steps = groups.iter().flat_map(|group| group.as_array().unwrap());
    let found = steps.find(|step| step["name"] == "pr-create");
    found
        .unwrap_or_else(|| panic!("no pr-create: {plan}"))
        .clone()
}

/// Returns the variables that an advice names.
fn named(advice: &str) -> Vec<String> {
    let words = advice.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let names = words.filter(|word| word.ends_with("_TOKEN"));
    names.map(str::to_owned).collect()
}

#[test]
fn the_variables_of_the_advice_are_those_that_work() {
    let ghes = "[forge]\nkind = \"github\"\napi-url = \"https://ghe.example/api/v3\"\n";
    let github = ["GH_TOKEN", "GITHUB_TOKEN"];
    let cases: [(&str, &str, &[&str]); 11] = [
        ("", "https://github.com/o/r", &github),
        ("", "https://www.github.com/o/r", &github),
        ("", "git@github.com:o/r.git", &github),
        ("", "ssh://git@ssh.github.com:443/o/r.git", &github),
        ("", "https://acme.ghe.com/o/r", &github),
        ("", "git@acme.ghe.com:o/r.git", &github),
        // A server of one's own beside them: each asks for its own.
        (ghes, "https://github.com/o/r", &github),
        (ghes, "git@github.com:o/r.git", &github),
        (ghes, "https://ghe.example/o/r", &["SENDOFF_TOKEN"]),
        (ghes, "git@ghe.example:o/r.git", &["SENDOFF_TOKEN"]),
        (ghes, "ssh://git@ghe.example:2222/o/r", &["SENDOFF_TOKEN"]),
    ];
    for (policy, remote, variables) in cases {
        let world = World::new();
        world
            .sandbox
            .write("home/.config/sendoff/policy.toml", policy);
        world.point_to(remote);
        let held = planned(&world, &[]);
        assert_eq!(held["reason"], "no-token", "{remote}: {held}");
        let advice = held["advice"].as_str().unwrap();
        assert_eq!(named(advice), variables, "{remote}: {advice}");
        for variable in variables {
            let step = planned(&world, &[(variable, "a-token-of-mine".into())]);
            assert_eq!(step["runs"], true, "{remote} {variable}: {step}");
        }
        // Those of others are not taken.
        for other in ["GH_TOKEN", "SENDOFF_TOKEN", "GITLAB_TOKEN"] {
            if !variables.contains(&other) {
                let step = planned(&world, &[(other, "a-token-of-mine".into())]);
                assert_eq!(step["reason"], "no-token", "{remote} {other}: {step}");
            }
        }
        // The other way that the advice names.
        assert!(advice.contains("git credential helper"), "{advice}");
        world.sandbox.write(
            "home/.gitconfig",
            "[credential]\nhelper = \"!f() { echo username=u; echo password=p; }; f\"\n",
        );
        let step = planned(&world, &[]);
        assert_eq!(step["runs"], true, "{remote}: {step}");
    }
}

#[test]
fn a_host_that_no_forge_is_known_for_works_after_both_pieces_of_advice() {
    let world = World::new();
    let policy = |text: &str| {
        world
            .sandbox
            .write("home/.config/sendoff/policy.toml", text)
    };
    policy("");
    world.point_to("https://git.example/o/r");
    let held = planned(&world, &[]);
    assert_eq!(held["reason"], "no-forge", "{held}");
    let advice = held["advice"].as_str().unwrap();
    assert!(
        advice.contains("`forge.kind` and `forge.api-url`"),
        "{advice}"
    );
    policy("[forge]\nkind = \"github\"\n");
    let held = planned(&world, &[]);
    let advice = held["advice"].as_str().unwrap();
    assert_eq!(held["reason"], "no-token", "{held}");
    assert!(
        advice.contains("`forge.api-url` in your own policy"),
        "{advice}"
    );
    policy("[forge]\nkind = \"github\"\napi-url = \"https://git.example/api/v3\"\n");
    let advice = planned(&world, &[])["advice"].as_str().unwrap().to_owned();
    assert_eq!(named(&advice), ["SENDOFF_TOKEN"], "{advice}");
    let step = planned(&world, &[("SENDOFF_TOKEN", "a-token-of-mine".into())]);
    assert_eq!(step["runs"], true, "{step}");
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let mut command = world.command(&["plan", "post-commit", "--json"]);
    let noise = std::ffi::OsStr::from_bytes(b"token\xff");
    let said = command.env("SENDOFF_TOKEN", noise).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.contains("SENDOFF_TOKEN in the environment is not UTF-8 text, and does not count"),
        "{said}"
    );
    assert!(said.contains("no-token"), "{said}");
    // The advice.
    let said = world
        .command(&["plan", "post-commit", "--json"])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        !said.contains("UTF-8") && !said.contains("no-token"),
        "{said}"
    );
}

/// A file of variables for containers keeps quotation marks; a page that a token is copied from has blanks of its own.
#[test]
fn a_token_is_what_stands_between_quotation_marks_and_blanks_and_one_that_is_none_is_named() {
    let world = World::new();
    let plan = |token: &str| {
        let mut command = world.command(&["plan", "post-commit", "--json"]);
        let said = command.env("SENDOFF_TOKEN", token).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    };
    let told = "SENDOFF_TOKEN in the environment holds a blank, a quotation mark or a character beyond ASCII";
    let said = plan("canary-1 # of the build");
    assert!(
        said.contains(told) && !said.contains("of the build"),
        "{said}"
    );
    assert!(plan("canary\u{200b}-1").contains(told));
    for token in [
        "\"canary-1\"",
        "'canary-1'",
        "canary-1\u{a0}",
        "\u{feff}canary-1\u{200b}",
    ] {
        let said = plan(token);
        assert!(
            !said.contains("beyond ASCII") && !said.contains("no-token"),
            "{said}"
        );
    }
}
