//! Forge and platform behind TLS: the policy's authority, a client's certificate and the password of its key.

use std::path::{Path, PathBuf};

use sendoff_testing::{succeed, tool};

use super::authority::{Authority, Clients};
use super::front::Front;
use crate::program::Said;
use crate::world::{World, step};

/// Puts TLS before a server of the world.
fn guarded(world: &World, url: &str, clients: Clients) -> (Front, Authority) {
    let authority = Authority::new(&world.sandbox);
    let front = Front::with_tls(url.trim_end_matches('/'), authority.server(clients));
    (front, authority)
}

fn place(front: &Front) -> String {
    format!("https://{}", front.address)
}

/// Guards that `[network] ca-file` is trusted for the forge, and that the advice without it leads there.
#[test]
fn a_forge_behind_the_policys_authority_opens_the_pull_request() {
    let world = World::new();
    let (front, authority) = guarded(&world, world.forge.url().as_str(), Clients::Any);
    let policy = |network: &str| world.user_policy_with_forge_at(place(&front), network);
    policy("");
    let report = world.report(&["run"]);
    let refused = step(&report, "pr-create");
    assert_eq!(refused["verdict"], "failed", "{report}");
    let text = refused["advice"].to_string();
    assert!(text.contains("sslCAInfo"), "{text}");
    assert!(world.forge.pulls().is_empty());

    policy(&format!(
        "[network]\nca-file = \"{}\"\n",
        authority.path.display()
    ));
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    assert_eq!(world.forge.pulls().len(), 1);
}

/// The platform, which wants a client's certificate, and a directory that is in no repository.
struct Platform {
    world: World,
    front: Front,
    nowhere: PathBuf,
}

impl Platform {
    /// The key's password is `right`; nothing when there is no openssl.
    fn start() -> Option<Self> {
        let openssl = tool("openssl")?;
        let world = World::new();
        let (front, authority) = guarded(&world, world.platform.url().as_str(), Clients::Known);
        let issued = authority.issue(&["client.test"], |_| {});
        let certificate = world.sandbox.write("client.pem", &issued.pem);
        let key = world.sandbox.write("client.key", &issued.key_pem);
        let encrypted = world.sandbox.path("client.enc");
        let convert = [
            "pkcs8",
            "-topk8",
            "-v2",
            "aes-256-cbc",
            "-passout",
            "pass:right",
        ];
        succeed(world.sandbox.command(openssl).args(convert).args([
            Path::new("-in"),
            &key,
            Path::new("-out"),
            &encrypted,
        ]));
        let nowhere = world.sandbox.path("nowhere");
        std::fs::create_dir(&nowhere).unwrap();
        let platform = Self {
            world,
            front,
            nowhere,
        };
        platform.set("http.sslCAInfo", authority.path.to_str().unwrap());
        platform.set("http.sslCert", certificate.to_str().unwrap());
        platform.set("http.sslKey", encrypted.to_str().unwrap());
        platform.set("http.sslCertPasswordProtected", "true");
        Some(platform)
    }

    fn set(&self, key: &str, value: &str) {
        let arguments = ["config", "--global", key, value];
        self.world.sandbox.git(&self.nowhere, &arguments);
    }

    /// Remembers something outside of a repository, and returns what became of it.
    fn remember(&self) -> (String, Said) {
        let task = r#"{"task":{"input":"remember","ok":true}}"#;
        let task = self.world.sandbox.write("task.json", task);
        let mut variables = self.world.variables();
        variables.retain(|(name, _)| *name != "PLATFORM_URL");
        variables.push(("PLATFORM_URL", place(&self.front)));
        let arguments = ["run", "--json", "--input", task.to_str().unwrap()];
        let said = self.world.run_in(&self.nowhere, &arguments, &variables);
        let report = said.report();
        let verdict = step(&report, "memory-commit")["verdict"].clone();
        (verdict.as_str().unwrap().to_owned(), said)
    }
}

/// Guards that the program of `core.askPass` is asked outside of a repository too, once a run.
#[test]
fn the_askpass_program_of_the_configuration_is_asked_outside_of_a_repository() {
    let Some(platform) = Platform::start() else {
        return;
    };
    let log = platform.world.sandbox.path("asked");
    let program = format!("#!/bin/sh\necho \"$1\" >>'{}'\necho right\n", log.display());
    platform.world.sandbox.executable("home/ask", program);
    let ask = platform.world.sandbox.path("home/ask");
    platform.set("core.askPass", ask.to_str().unwrap());
    let (verdict, said) = platform.remember();
    assert_eq!(verdict, "done", "{}{}", said.stdout, said.stderr);
    let asked = std::fs::read_to_string(&log).unwrap();
    assert_eq!(asked.lines().count(), 1, "{asked}");
    assert!(asked.starts_with("Password for 'cert:///"), "{asked}");
}

/// Guards that helpers keep the right password of a key and erase a wrong one, for the API as for a push.
#[test]
fn helpers_are_told_whether_the_password_of_a_key_is_right() {
    // Each with a state of its own: a message waits behind one that could not be sent.
    let [Some(first), Some(second)] = [Platform::start(), Platform::start()] else {
        return;
    };
    let heard = |platform: &Platform, password: &str| {
        let log = platform.world.sandbox.path("helper.log");
        let log = log.display();
        let helper = format!(
            "!f() {{ echo \"$1\" >>'{log}'; [ \"$1\" != get ] || echo password={password}; }}; f"
        );
        platform.set("credential.helper", &helper);
        let (verdict, said) = platform.remember();
        let text = std::fs::read_to_string(platform.world.sandbox.path("helper.log")).unwrap();
        let verbs: Vec<String> = text.lines().map(str::to_owned).collect();
        (verdict, verbs, said)
    };
    let (verdict, verbs, said) = heard(&first, "wrong");
    let text = said.stdout + &said.stderr;
    assert_ne!(verdict, "done", "{text}");
    assert!(
        text.contains("cannot be decrypted with its password"),
        "{text}"
    );
    assert!(verbs.contains(&"erase".to_owned()), "{verbs:?}");
    let (verdict, verbs, said) = heard(&second, "right");
    assert_eq!(verdict, "done", "{}{}", said.stdout, said.stderr);
    assert_eq!(verbs, ["get", "store"]);
}
