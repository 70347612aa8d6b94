//! Loading a component, and opening it once to learn what it says of itself.

use std::path::Path;
use std::sync::Arc;

use super::thread::{on_thread, watched};
use crate::error::{Code, Coded};
use crate::fold::FoldError;
use crate::guest::{Cache, Component, GuestError, Limits};
use crate::progress::Progress;
use crate::schema::Descriptor;

/// A component cannot be loaded or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// The thread that loads it.
    #[error(transparent)]
    Thread(#[from] FoldError),
    /// The component.
    #[error(transparent)]
    Guest(#[from] GuestError),
}

impl Coded for ComponentError {
    fn code(&self) -> &'static Code {
        match self {
            ComponentError::Thread(error) => error.code(),
            ComponentError::Guest(error) => error.code(),
        }
    }
}

/// Loads the component at `path`, which may use `limits`, and opens it with `params` to learn its descriptor. Compiled
/// code is kept in `cache`, and `progress` shows that a component is compiled.
///
/// # Errors
/// Where the component is none that backfold can run, or takes too long.
pub async fn load_component(
    path: &Path,
    limits: &Limits,
    params: &[(String, String)],
    cache: Option<&Cache>,
    progress: &Arc<Progress>,
) -> Result<(Component, Descriptor), ComponentError> {
    let stack_bytes = limits.thread_stack_bytes();
    let load = {
        let (path, limits, cache) = (path.to_owned(), limits.clone(), cache.cloned());
        let progress = progress.clone();
        let mut compiles = move |does| progress.compiles(does);
        move || {
            let cache = cache.as_ref();
            Ok(Component::load_watched(
                &path,
                &limits,
                cache,
                &mut compiles,
            ))
        }
    };
    let component = on_thread("load".into(), stack_bytes, load)?.await??;
    let open = {
        let (component, params) = (component.clone(), params.to_vec());
        move || {
            let opened = component.open(&params);
            Ok(opened.map(|instance| instance.descriptor().as_ref().clone()))
        }
    };
    let opened = on_thread("open".into(), stack_bytes, open)?;
    let descriptor = watched(&component, opened).await???;
    Ok((component, descriptor))
}
