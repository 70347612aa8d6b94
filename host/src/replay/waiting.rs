//! What a swap waits for: a time, a file.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::fold::FoldError;
use crate::job::JobError;
use crate::progress::Progress;

/// The interval at which the clock and the file are looked at. The clock of the system decides, which may be set, and goes on
/// while the machine sleeps.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The conditions of a swap in the future. All of them have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// The earliest time.
    pub at: Option<DateTime<Utc>>,
    /// A file that has to exist.
    pub file: Option<PathBuf>,
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self
            .at
            .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let file = self
            .file
            .as_ref()
            .map(|file| format!("the file {}", file.display()));
        let all: Vec<_> = at.into_iter().chain(file).collect();
        f.write_str(&all.join(" and "))
    }
}

impl Until {
    /// Whether nothing has to be waited for.
    pub(super) fn is_empty(&self) -> bool {
        self.at.is_none() && self.file.is_none()
    }

    /// Waits until all conditions hold, and shows those that do not.
    ///
    /// # Errors
    /// [`FoldError::Interrupted`] once `cancel` fires; [`JobError::System`] where the file cannot be looked for.
    pub(super) async fn wait(
        &self,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), Error> {
        loop {
            let left = self.left(Utc::now())?;
            if left.is_empty() {
                return Ok(());
            }
            progress.waits_for(left.shown(Utc::now()));
            let look_again = tokio::time::sleep(LOOK_EVERY);
            let slept = cancel.run_until_cancelled(look_again).await;
            slept.ok_or(FoldError::Interrupted)?;
        }
    }

    /// The conditions that do not hold.
    fn left(&self, now: DateTime<Utc>) -> Result<Until, Error> {
        let is_missing = |file: &PathBuf| {
            let exists = file.try_exists().map_err(|source| JobError::System {
                what: "look for the file of `--when`",
                source,
            });
            exists.map(|exists| !exists)
        };
        let file = match &self.file {
            Some(file) if is_missing(file)? => Some(file.clone()),
            _ => None,
        };
        Ok(Until {
            at: self.at.filter(|at| *at > now),
            file,
        })
    }

    /// The conditions, with the time that is left.
    fn shown(&self, now: DateTime<Utc>) -> String {
        let left = self.at.and_then(|at| (at - now).to_std().ok());
        // Whole seconds, rounded up.
        let left = left.map(|left| Duration::from_secs(left.as_secs() + 1));
        match left {
            Some(left) => format!("{self}, in {}", humantime::format_duration(left)),
            None => self.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_conditions_are_waited_for_and_an_interruption_ends_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("go");
        let until = Until {
            at: Some(Utc::now() - Duration::from_secs(1)),
            file: Some(file.clone()),
        };
        let (progress, cancel) = (Progress::default(), CancellationToken::new());
        let touch = async {
            while progress.waiting().is_none() {
                tokio::task::yield_now().await;
            }
            let shown = format!("the file {}", file.display());
            assert_eq!(progress.waiting(), Some(shown), "the time has come");
            std::fs::write(&file, "").unwrap();
        };
        let (waited, ()) = futures::join!(until.wait(&progress, &cancel), touch);
        waited.unwrap();

        let never = Until {
            at: Some(Utc::now() + Duration::from_secs(86_400)),
            file: None,
        };
        cancel.cancel();
        let interrupted = never.wait(&progress, &cancel).await;
        assert!(matches!(
            interrupted,
            Err(Error::Fold(FoldError::Interrupted))
        ));
    }

    #[test]
    fn a_wait_says_what_for_and_how_long() {
        let now = DateTime::parse_from_rfc3339("2026-03-01T12:00:00.5Z")
            .unwrap()
            .to_utc();
        let until = Until {
            at: Some(now + Duration::from_secs(3725)),
            file: Some("go".into()),
        };
        insta::assert_snapshot!(until.shown(now), @"2026-03-01T13:02:05Z and the file go, in 1h 2m 6s");
        let later = until.left(now + Duration::from_secs(4000)).unwrap();
        insta::assert_snapshot!(later, @"the file go");
        let looped = tempfile::tempdir().unwrap();
        let path = looped.path().join("loop");
        std::os::unix::fs::symlink("loop", &path).unwrap();
        let until = Until {
            at: None,
            file: Some(path),
        };
        assert!(until.left(now).is_err());
    }
}
