//! Locks between processes: one for the list of a table's builds, one for each build.
//!
//! `plan`, `run` and `gc` hold the table's lock while they choose, plan or remove builds, and no longer. A command
//! that writes to a build holds the build's lock for as long as it does. The system lets go of a lock when its process
//! ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::BuildError;
use super::now;
use crate::fault_point::around;

/// How long to wait before a lock that another process holds is tried again.
const ASK_EVERY: Duration = Duration::from_millis(25);

/// A lock that this process holds until the value is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would not do while a child process of another thread has a copy of the descriptor, from its
        // fork to its exec. If unlocking fails, closing still follows.
        let _ = self.file.unlock();
    }
}

/// How a command waits for a lock.
#[derive(Clone, Debug)]
pub struct Patience {
    /// The name of the command, such as `run`, for others that wait.
    pub command: &'static str,
    /// The longest time to wait for another command.
    pub wait: Duration,
    /// Ends the wait early.
    pub cancel: CancellationToken,
}

/// The answer to an attempt to take a lock: the lock, or the words of its holder.
pub(super) enum Asked {
    Granted(Lock),
    Held(String),
}

impl Patience {
    /// Calls `attempt` until it succeeds, for as long as the patience lasts.
    ///
    /// # Errors
    /// Those of `attempt`; once the time is over, the refusal that it gives last.
    pub async fn ask<T, E: From<BuildError>>(
        &self,
        mut attempt: impl AsyncFnMut() -> Result<Result<T, BuildError>, E>,
    ) -> Result<T, E> {
        let (began, mut told) = (Instant::now(), false);
        loop {
            let held = match attempt().await? {
                Ok(found) => return Ok(found),
                Err(held) => held,
            };
            if began.elapsed() >= self.wait || self.cancel.is_cancelled() {
                return Err(held.into());
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!("waiting up to {:?}: {held}", self.wait);
            }
            tokio::select! {
                () = tokio::time::sleep(ASK_EVERY) => {}
                () = self.cancel.cancelled() => {}
            }
        }
    }
}

impl Lock {
    /// The words of the process that holds the lock of the file at `path`, if any does. Makes and changes nothing.
    pub(super) fn holder(path: &Path) -> Result<Option<String>, BuildError> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(BuildError::io("opening", path))?,
        };
        match file.try_lock_shared() {
            Ok(()) => {
                // Closing the file unlocks it as well, but not before a child of another thread closes its copy.
                let _ = file.unlock();
                Ok(None)
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)
                    .map_err(BuildError::io("reading", path))?;
                Ok(Some(holder))
            }
            Err(TryLockError::Error(error)) => Err(BuildError::io("locking", path)(error)),
        }
    }

    /// Takes the lock of the file at `path`, which is made where it is missing, if no process holds it.
    pub(super) fn ask(path: &Path, command: &str) -> Result<Asked, BuildError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = around("open a lock", || options.open(path))
            .map_err(BuildError::io("opening", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)
                    .map_err(BuildError::io("reading", path))?;
                if holder.is_empty() {
                    holder.push_str("it just began");
                }
                return Ok(Asked::Held(holder));
            }
            Err(TryLockError::Error(error)) => return Err(BuildError::io("locking", path)(error)),
        }
        let holder = format!("{command}, process {}, since {}", std::process::id(), now());
        around("empty a lock", || file.set_len(0))
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| around("write a lock", || file.write_all(holder.as_bytes())))
            .map_err(BuildError::io("writing", path))?;
        Ok(Asked::Granted(Lock { file }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(wait: Duration) -> Patience {
        Patience {
            command: "run",
            wait,
            cancel: CancellationToken::new(),
        }
    }

    fn held() -> BuildError {
        BuildError::NothingRejected {
            build: "b".into(),
            table: "t".into(),
        }
    }

    #[test]
    fn a_lock_is_granted_once_and_says_to_whom() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let Asked::Granted(lock) = Lock::ask(&path, "swap").unwrap() else {
            panic!("nobody holds it");
        };
        let Asked::Held(holder) = Lock::ask(&path, "run").unwrap() else {
            panic!("it is held");
        };
        let me = format!("swap, process {}, since ", std::process::id());
        assert!(holder.starts_with(&me), "{holder}");
        assert_eq!(Lock::holder(&path).unwrap(), Some(holder));
        drop(lock);
        assert_eq!(Lock::holder(&path).unwrap(), None);
        assert_eq!(Lock::holder(&folder.path().join("none")).unwrap(), None);
        assert!(matches!(Lock::ask(&path, "run"), Ok(Asked::Granted(_))));
    }

    #[tokio::test]
    async fn patience_ends_with_the_lock_with_its_time_or_with_the_command() {
        let mut asked = 0;
        let third = async || {
            asked += 1;
            Ok::<_, BuildError>(if asked == 3 { Ok(asked) } else { Err(held()) })
        };
        let (none, short, long) = (
            Duration::ZERO,
            Duration::from_millis(60),
            Duration::from_secs(600),
        );
        assert_eq!(patience(long).ask(third).await.unwrap(), 3);
        let never = async || Ok::<_, BuildError>(Err::<(), _>(held()));
        for wait in [none, short] {
            let began = Instant::now();
            assert!(patience(wait).ask(never).await.is_err());
            assert!(began.elapsed() >= wait);
        }
        let cancelled = patience(long);
        cancelled.cancel.cancel();
        assert!(cancelled.ask(never).await.is_err());
    }
}
