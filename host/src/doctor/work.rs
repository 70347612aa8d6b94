//! The work folder: whether it can be written to, and how much room its disk has. Only access is checked.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use super::{Finding, Report};
use crate::job::Job;
use crate::units::ByteSize;

/// Room below which a run of any size is in danger.
const LITTLE: ByteSize = ByteSize::gib(1);

/// Looks at the work folder, or where it will be made.
pub(super) fn look(job: &Job, report: &mut Report) {
    let about = "work folder";
    let folder = existing(&job.work);
    let place = match folder == job.work {
        true => format!("{}", job.work.display()),
        false => format!("{}, to be made in {}", job.work.display(), folder.display()),
    };
    if let Err(why) = writable(&folder) {
        let remedy =
            "name a folder that this user can write to in `work` of the job, or with --work";
        report.add(Finding::problem(about, format!("{place}: {why}"), remedy));
        return;
    }
    let free = statvfs(&folder).map(|room| ByteSize(room.f_bavail.saturating_mul(room.f_frsize)));
    report.add(match free {
        Ok(free) if free < LITTLE => {
            let found = format!("{place}: writable, but only {free} are free");
            Finding::note(
                about,
                found,
                "free some space, or name a folder on another disk",
            )
        }
        Ok(free) => Finding::fine(about, format!("{place}: writable, {free} free")),
        Err(_) => Finding::fine(about, format!("{place}: writable")),
    });
}

/// The folder, or the nearest above it that exists.
pub(super) fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    match folder.exists() {
        true => folder.to_owned(),
        false => {
            let found = absolute.ancestors().find(|folder| folder.exists());
            found.unwrap_or(Path::new("/")).to_owned()
        }
    }
}

/// Whether this user can make files in a folder.
pub(super) fn writable(folder: &Path) -> Result<(), String> {
    if !folder.is_dir() {
        return Err("it is not a folder".to_owned());
    }
    access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| error.to_string())
}

/// Whether this user can write a file that exists.
pub(super) fn file_writable(file: &Path) -> Result<(), String> {
    access(file, Access::READ_OK | Access::WRITE_OK).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_missing_is_judged_by_the_one_above() {
        let root = tempfile::tempdir().unwrap();
        let missing = root.path().join("a/b");
        assert_eq!(existing(&missing), root.path());
        assert!(writable(root.path()).is_ok());
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(writable(&file), Err("it is not a folder".to_owned()));
        assert!(file_writable(&file).is_ok());
        assert!(writable(&missing).is_err());
    }
}
