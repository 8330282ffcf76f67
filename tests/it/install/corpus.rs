//! Files before an installation, and what an installation and its removal make of them.

use std::fs;
use std::path::{Path, PathBuf};

use pretty_assertions::assert_eq;
use sendoff::environment::Environment;
use sendoff::install::{InstallContext, InstallError, Target, apply, plan_install, plan_uninstall};

use crate::sandbox::{Sandbox, environment};

/// A home, in which targets are installed and removed without a process.
pub(super) struct Home {
    pub(super) sandbox: Sandbox,
    pub(super) context: InstallContext,
}

impl Home {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::new();
        let environment: Environment = environment(&sandbox, &sandbox.home());
        let context = InstallContext::new(environment, None, "/opt/sendoff".into()).unwrap();
        Self { sandbox, context }
    }

    pub(super) fn write(&self, file: &str, content: &[u8]) -> PathBuf {
        self.sandbox.write(&format!("home/{file}"), content)
    }

    pub(super) fn install(&self, agent: &str) -> Result<(), InstallError> {
        let plan = plan_install(target(agent), None, &self.context)?;
        apply(&plan, &self.context, |_| ())
    }

    pub(super) fn uninstall(&self, agent: &str) -> Result<(), InstallError> {
        let plan = plan_uninstall(target(agent), None, &self.context)?;
        apply(&plan, &self.context, |_| ())
    }

    /// Hides where the home lies.
    fn normalise(&self, text: &str) -> String {
        let root = self.sandbox.path("");
        text.replace(root.to_str().unwrap(), "[ROOT]/")
    }

    /// Forgets what was there before, as on another machine.
    pub(super) fn forget(&self) {
        let _absent = fs::remove_dir_all(self.sandbox.path("home/.local/state/sendoff/installs"));
    }
}

pub(super) fn target(agent: &str) -> Target {
    let mut all = Target::all().iter();
    *all.find(|target| target.name() == agent).unwrap()
}

pub(super) fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// Installs and removes, with and without the record of what was there; returns what the removal without it left.
pub(super) fn round_trip(
    home: &Home,
    agent: &str,
    file: &str,
    before: &str,
) -> Result<String, InstallError> {
    let path = home.write(file, before.as_bytes());
    home.install(agent)?;
    let installed = read(&path);
    assert_ne!(installed, before);
    home.install(agent)?;
    assert_eq!(read(&path), installed, "install twice is install once");
    home.uninstall(agent)?;
    assert_eq!(read(&path), before, "with the record");
    home.install(agent)?;
    assert_eq!(read(&path), installed);
    home.forget();
    home.uninstall(agent)?;
    let left = read(&path);
    home.uninstall(agent)?;
    assert_eq!(read(&path), left);
    Ok(left)
}

/// Returns how an installation into a file is refused, which stays as it is.
pub(super) fn refused(
    home: &Home,
    name: &str,
    agent: &str,
    (file, content): (&str, &[u8]),
) -> String {
    let path = home.write(file, content);
    let error = home.install(agent).expect_err(name);
    let text = format!("{name}: {error}\n  {}\n", error.advice().unwrap());
    assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    // There is nothing of ours in it to remove.
    home.uninstall(agent).unwrap();
    assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    home.normalise(&text)
}

/// Returns how the removal from a broken file is refused, which stays as it is.
pub(super) fn not_taken_apart(home: &Home, agent: &str, file: &str, content: &str) -> String {
    let path = home.write(file, content.as_bytes());
    let error = home.uninstall(agent).unwrap_err();
    let text = format!("{error}\n  {}\n", error.advice().unwrap());
    assert_eq!(read(&path), content);
    home.normalise(&text)
}
