//! The directories and paths that variables name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Environment;

/// Where results of delegated tasks are, unless a variable says.
pub(super) const DELEGATION_RESULTS: &str = "/tmp/delegation_results.jsonl";
/// Where the MCP server is, unless a variable says.
pub(super) const MCP_SERVER: &str = "/app/a2a_mcp_server.py";
/// Where programs are looked for, unless a variable says.
pub(super) const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

impl Environment {
    /// Returns the directory that a variable names, when it is absolute.
    pub(super) fn directory(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.value(name)?);
        path.is_absolute().then_some(path)
    }

    /// Returns the home directory, when it is absolute.
    pub fn home(&self) -> Option<PathBuf> {
        self.directory("HOME")
    }

    /// Returns the directory of the user's configuration: `$XDG_CONFIG_HOME`.
    pub fn config_home(&self) -> Option<PathBuf> {
        self.directory("XDG_CONFIG_HOME")
            .or_else(|| Some(self.home()?.join(".config")))
    }

    /// Returns the directory of the user's data: `$XDG_DATA_HOME`.
    pub fn data_home(&self) -> Option<PathBuf> {
        self.directory("XDG_DATA_HOME")
            .or_else(|| Some(self.home()?.join(".local/share")))
    }

    /// Returns the directory of the user's policy: `$XDG_CONFIG_HOME/sendoff`.
    pub fn config_directory(&self) -> Option<PathBuf> {
        Some(self.config_home()?.join("sendoff"))
    }

    /// Returns the directory of sendoff's state: `$XDG_STATE_HOME/sendoff`. A home that does not exist, as
    /// service accounts have, is not made.
    pub fn state_directory(&self) -> Option<PathBuf> {
        let base = self.directory("XDG_STATE_HOME").or_else(|| {
            Some(
                self.home()
                    .filter(|home| home.is_dir())?
                    .join(".local/state"),
            )
        });
        Some(base?.join("sendoff"))
    }

    /// Returns the directory whose `.auth_token` holds the platform's token.
    pub fn configs_directory(&self) -> PathBuf {
        self.directory("CONFIGS_DIR")
            .unwrap_or_else(|| PathBuf::from("/configs"))
    }

    /// Returns the file to which results of delegated tasks are appended.
    pub fn delegation_results(&self) -> PathBuf {
        self.cwd
            .join(self.path("DELEGATION_RESULTS_FILE", DELEGATION_RESULTS))
    }

    /// Returns the stdio MCP server through which an agent reaches other agents, as it is given.
    pub fn mcp_server(&self) -> &Path {
        self.path("A2A_MCP_SERVER_PATH", MCP_SERVER)
    }

    fn path<'a>(&'a self, name: &str, default: &'a str) -> &'a Path {
        self.value(name).map_or(Path::new(default), Path::new)
    }

    /// Returns the absolute directories of `PATH`, in order. Relative ones would be the repository's.
    pub fn search_path(&self) -> Vec<PathBuf> {
        let path = self.value("PATH").unwrap_or(OsStr::new(SEARCH_PATH));
        std::env::split_paths(path)
            .filter(|directory| directory.is_absolute())
            .collect()
    }

    /// Returns a path that a variable names, as it is written.
    pub fn path_as_written(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    /// Returns a path that a variable names, below the working directory where it is relative.
    pub fn named_path(&self, name: &str) -> Option<PathBuf> {
        Some(self.cwd.join(self.value(name)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_directories_are_not_used() {
        let environment = Environment::from_pairs("/", [("HOME", "here"), ("PATH", ".:/bin:x")]);
        assert_eq!(environment.home(), None);
        assert_eq!(environment.search_path(), [PathBuf::from("/bin")]);
    }
}
