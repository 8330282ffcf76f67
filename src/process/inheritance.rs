//! What child programs inherit: a search path and variables.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use super::error::ProcessError;

/// The search path for programs, and the variables that they inherit; they inherit no others. Clones share them.
#[derive(Debug, Clone)]
pub struct Inheritance(Arc<LazyLock<Inherited, MakeInherited>>);

type MakeInherited = Box<dyn FnOnce() -> Inherited + Send>;

#[derive(Debug, Default)]
struct Inherited {
    search_path: Vec<PathBuf>,
    variables: Vec<(OsString, OsString)>,
}

impl Default for Inheritance {
    fn default() -> Self {
        Self::of(Inherited::default)
    }
}

impl Inheritance {
    fn of(make: impl FnOnce() -> Inherited + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }

    /// Takes the absolute directories of the search path, and the variables for children.
    pub fn new<'a, N: Into<OsString>>(
        search_path: impl IntoIterator<Item = PathBuf>,
        variables: impl IntoIterator<Item = (N, &'a OsStr)>,
    ) -> Self {
        let variables = variables.into_iter();
        let inherited = Inherited {
            search_path: search_path.into_iter().collect(),
            variables: variables
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        };
        Self::of(|| inherited)
    }

    /// Makes it when the first program is started: many runs start none.
    pub fn at_first_use(make: impl FnOnce() -> Self + Send + 'static) -> Self {
        Self::of(move || {
            let made = make();
            Inherited {
                search_path: made.search_path().to_vec(),
                variables: made.variables().to_vec(),
            }
        })
    }

    /// Returns the directories of the search path.
    pub fn search_path(&self) -> &[PathBuf] {
        &self.0.search_path
    }

    /// Returns the variables that children get.
    pub fn variables(&self) -> &[(OsString, OsString)] {
        &self.0.variables
    }

    /// Finds a program on the search path; see [`find_program`].
    pub fn find(&self, name: &str) -> Result<PathBuf, ProcessError> {
        find_program(name, self.search_path())
    }
}

/// Returns the absolute path of the first executable file called `name` in `directories`.
///
/// Ignores relative directories, and finds no name with a slash: both could lead into the repository.
pub fn find_program(name: &str, directories: &[PathBuf]) -> Result<PathBuf, ProcessError> {
    let plain = !name.is_empty() && !name.contains(['/', '\0']);
    directories
        .iter()
        .filter(|directory| plain && directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|path| is_executable(path))
        .ok_or_else(|| ProcessError::NotFound(name.to_owned()))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
