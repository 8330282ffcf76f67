//! Opening a submodule that is checked out in a work tree, with the checks of any other repository.

use std::path::{Component, Path};

use gix::bstr::{BStr, ByteSlice};

use super::object_directories::ObjectDirectories;
use super::{ConfigFiles, LocalConfigTrust, Repo};

/// Opens the submodule that is checked out at `path`. A tree can name any path: none leads out.
pub(super) fn open_submodule(top: &Path, path: &BStr, files: &ConfigFiles) -> Option<Repo> {
    let relative = path.to_path().ok()?;
    let plain = |part| matches!(part, Component::Normal(_));
    if !relative.components().all(plain) {
        return None;
    }
    let top = top.canonicalize().ok()?;
    let directory = top.join(relative);
    // A link in the path would lead to another repository.
    if directory.canonicalize().ok()? != directory {
        return None;
    }
    // The variables for objects are about the outer repository.
    let mut files = files.clone();
    files.objects = ObjectDirectories::default();
    let submodule = Repo::discover(&directory, LocalConfigTrust::Ignore, &files).ok()??;
    (submodule.work_tree() == Some(&directory)).then_some(submodule)
}
