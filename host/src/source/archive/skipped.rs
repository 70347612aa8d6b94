//! The objects of an archive that are not read, by reason, for the notes of a plan.

use std::collections::BTreeMap;

use crate::source::layout::Beside;

/// Objects that are left out, or that are read although their keys let doubt arise.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    beside: BTreeMap<Beside, Found>,
    doubtful: BTreeMap<Beside, Found>,
    unselected: Option<Found>,
}

/// A number of objects, and the first key.
#[derive(Debug)]
struct Found {
    objects: u64,
    first: String,
}

impl Skipped {
    /// Counts an object that is left out for what its key shows.
    pub(super) fn add(&mut self, beside: Beside, key: &str) {
        count(self.beside.entry(beside).or_insert_with(|| first(key)));
    }

    /// Counts an object that is read although its key shows that it may hold no events.
    pub(super) fn add_doubtful(&mut self, beside: Beside, key: &str) {
        count(self.doubtful.entry(beside).or_insert_with(|| first(key)));
    }

    /// Counts an object that `include` and `exclude` leave out.
    pub(super) fn add_unselected(&mut self, key: &str) {
        count(self.unselected.get_or_insert_with(|| first(key)));
    }

    /// Notes for the user, one sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let skipped = self.beside.iter().map(|(beside, found)| {
            format!(
                "Objects that are skipped because {}: {}, the first of them `{}`.",
                beside.reason(),
                found.objects,
                found.first
            )
        });
        let unselected = self.unselected.iter().map(|found| {
            format!(
                "Objects that are skipped by `include` and `exclude`: {}, the first of them `{}`.",
                found.objects, found.first
            )
        });
        let doubtful = self.doubtful.iter().map(|(beside, found)| {
            format!(
                "Objects that are read although by their keys {}: {}, the first of them `{}`; set the `layout` of the \
                 archive, or leave them out by `exclude`.",
                beside.reason(),
                found.objects,
                found.first
            )
        });
        skipped.chain(unselected).chain(doubtful).collect()
    }
}

fn first(key: &str) -> Found {
    Found {
        objects: 0,
        first: key.to_owned(),
    }
}

fn count(found: &mut Found) {
    found.objects += 1;
}
