//! The build that a public name shows, as far as another can be compared with it.

use super::CutoverError;
use super::diff::Lost;
use crate::store::{BuildState, Pointer, StateStore, StoreError, StoredBuild};

/// What a public name shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    /// The pointer, if there is one.
    pub(super) pointer: Option<Pointer>,
    /// Its build, if the table of it is there.
    pub(super) build: Option<StoredBuild>,
    /// Its build, if the table of it is gone or altered. What readers have lost already must not keep them from a table
    /// that is whole.
    pub(super) lost: Option<Lost>,
}

impl Live {
    /// Asks the store.
    ///
    /// # Errors
    /// Where it fails, or does not know the build that the pointer names.
    pub(super) async fn of(store: &dyn StateStore, table: &str) -> Result<Self, CutoverError> {
        let Some(pointer) = store.live(table).await? else {
            return Ok(Live::default());
        };
        let mut builds = store.builds(table).await?.into_iter();
        let build = builds.find(|build| build.info.build == pointer.build);
        let build = build.ok_or_else(|| StoreError::UnknownBuild {
            table: table.to_owned(),
            build: pointer.build.clone(),
        })?;
        let mut live = Live {
            pointer: Some(pointer),
            ..Live::default()
        };
        match build.state {
            BuildState::Loaded => live.build = Some(build),
            state => {
                live.lost = Some(Lost {
                    shadow: build.info.shadow_name(),
                    build: build.info.build,
                    state,
                });
            }
        }
        Ok(live)
    }

    /// Why nothing can be compared with it, where that is so.
    pub(super) fn nothing(&self) -> Option<String> {
        match (&self.build, &self.lost) {
            (Some(_), _) => None,
            (None, Some(lost)) => Some(format!(
                "the live table is {}, so there is nothing to compare with",
                lost.state
            )),
            (None, None) => Some("nothing is live to compare with".to_owned()),
        }
    }
}
