//! Lists an archive in ascending order of keys, and only folders that may hold events of the range. Folders are listed
//! one by one, several concurrently, as long as the layout can exclude some of them; everything below is listed at
//! once.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::bucket::Bucket;
use super::page::{Entry, Listed, Next, Page, Scope, list};
use crate::source::SourceError;
use crate::source::layout::Below;

/// The number of pages that are fetched ahead.
const PAGES_AHEAD: usize = 8;

/// The listing of an archive.
pub(super) struct Listing {
    bucket: Arc<Bucket>,
    versions: bool,
    /// The entries and pages that follow, in the order of keys.
    ahead: VecDeque<Ahead>,
    last_key: Option<String>,
}

enum Ahead {
    Entry(Entry),
    /// A page that is being fetched.
    Page(Scope, AbortOnDropHandle<Result<Page, SourceError>>),
}

impl Listing {
    /// A listing that starts at `prefix`.
    pub(super) fn new(bucket: Arc<Bucket>, prefix: &str, versions: bool) -> Self {
        Listing {
            bucket,
            versions,
            ahead: VecDeque::from([Ahead::Entry(Entry::Folder(prefix.to_owned()))]),
            last_key: None,
        }
    }

    /// The object with the next key. `below` decides whether and how a folder is listed; it may be called for a folder
    /// before the objects in front of it are returned.
    ///
    /// # Errors
    /// [`SourceError::Listing`] if the keys are not in ascending order; any other error of the requests.
    pub(super) async fn next(
        &mut self,
        below: &mut impl FnMut(&str) -> Below,
    ) -> Result<Option<Listed>, SourceError> {
        loop {
            match self.ahead.pop_front() {
                None => return Ok(None),
                Some(Ahead::Entry(Entry::Object(listed))) => {
                    self.check_order(&listed.object.key)?;
                    return Ok(Some(listed));
                }
                Some(Ahead::Page(scope, page)) => {
                    let page = page.await.unwrap_or_else(died)?;
                    if let Some(next) = page.next {
                        let task = self.fetch(scope, Some(next));
                        self.ahead.push_front(task);
                    }
                    for entry in page.entries.into_iter().rev() {
                        self.ahead.push_front(Ahead::Entry(entry));
                    }
                    self.look_ahead(below);
                }
                Some(folder) => {
                    self.ahead.push_front(folder);
                    self.look_ahead(below);
                }
            }
        }
    }

    /// Decides how to list the next folders, and starts to fetch their first pages.
    fn look_ahead(&mut self, below: &mut impl FnMut(&str) -> Below) {
        let mut in_flight = 0;
        let mut at = 0;
        while at < self.ahead.len() && in_flight < PAGES_AHEAD {
            if let Ahead::Entry(Entry::Folder(prefix)) = &self.ahead[at] {
                let by_folder = match below(prefix) {
                    Below::Nothing => {
                        self.ahead.remove(at);
                        continue;
                    }
                    Below::Something => true,
                    Below::Everything => false,
                };
                let scope = Scope {
                    prefix: prefix.clone(),
                    by_folder,
                    versions: self.versions,
                };
                self.ahead[at] = self.fetch(scope, None);
            }
            in_flight += usize::from(matches!(self.ahead[at], Ahead::Page(..)));
            at += 1;
        }
    }

    fn fetch(&self, scope: Scope, next: Option<Next>) -> Ahead {
        let (bucket, requested) = (self.bucket.clone(), scope.clone());
        let page = tokio::spawn(async move { list(&bucket, &requested, next).await });
        Ahead::Page(scope, AbortOnDropHandle::new(page))
    }

    fn check_order(&mut self, key: &str) -> Result<(), SourceError> {
        if let Some(last) = &self.last_key
            && key <= last.as_str()
        {
            return Err(SourceError::Listing {
                place: self.bucket.place_of(key),
                problem: if key == last {
                    "it is listed twice".to_owned()
                } else {
                    format!("it is listed after `{last}`, but keys must be in ascending order")
                },
            });
        }
        self.last_key = Some(key.to_owned());
        Ok(())
    }
}

/// The result for a task that did not finish: the runtime was shut down, or the task panicked.
pub(super) fn died<T>(error: JoinError) -> Result<T, SourceError> {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(SourceError::Cancelled),
    }
}
