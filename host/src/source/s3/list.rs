//! Lists an archive by rising key, and only where the range can have events: folder by folder as far as the layout tells
//! folders apart, several at a time, and flat below.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::bucket::Bucket;
use super::page::{Entry, Listed, Next, Page, Scope, list};
use crate::source::SourceError;
use crate::source::layout::Below;

/// How many pages are fetched ahead of the one that is read.
const PAGES_AHEAD: usize = 8;

/// Walks through an archive.
pub(super) struct Listing {
    bucket: Arc<Bucket>,
    versions: bool,
    /// What is still to come, in the order of keys.
    ahead: VecDeque<Ahead>,
    last_key: Option<String>,
}

enum Ahead {
    Entry(Entry),
    /// A page that is on its way.
    Page(Scope, AbortOnDropHandle<Result<Page, SourceError>>),
}

impl Listing {
    /// Begins at `prefix`, which is listed as [`next`](Listing::next)'s `below` says.
    pub(super) fn new(bucket: Arc<Bucket>, prefix: &str, versions: bool) -> Self {
        Listing {
            bucket,
            versions,
            ahead: VecDeque::from([Ahead::Entry(Entry::Folder(prefix.to_owned()))]),
            last_key: None,
        }
    }

    /// The object of the next key. `below` tells how far a folder is wanted; it may be asked about a folder before
    /// objects that stand in front of it are given.
    ///
    /// # Errors
    /// [`SourceError::Listing`] where the store's keys do not rise; and whatever keeps it from listing.
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

    /// Decides on the folders that come next, and fetches their first pages.
    fn look_ahead(&mut self, below: &mut impl FnMut(&str) -> Below) {
        let mut on_their_way = 0;
        let mut at = 0;
        // Objects in between are those of one page at most, and of the pages that were fetched.
        while at < self.ahead.len() && on_their_way < PAGES_AHEAD {
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
            on_their_way += usize::from(matches!(self.ahead[at], Ahead::Page(..)));
            at += 1;
        }
    }

    fn fetch(&self, scope: Scope, next: Option<Next>) -> Ahead {
        let (bucket, asked) = (self.bucket.clone(), scope.clone());
        let page = tokio::spawn(async move { list(&bucket, &asked, next).await });
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

/// A task of the driver ends early only when the runtime does, or by a bug.
pub(super) fn died<T>(error: JoinError) -> Result<T, SourceError> {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(SourceError::Cancelled),
    }
}
