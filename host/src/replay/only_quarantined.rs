//! A build of the rejected records of another one, on top of that one's states.

use super::planning::Input;
use super::{Error, Replay};
use crate::durable;
use crate::fold::{Checkpoint, TableCheckpoint};
use crate::plan::BasedOn;
use crate::scan::wanted_parts;
use crate::schema::{Descriptor, Origin};
use crate::source::{EventRange, Parts};
use crate::workdir::{BuildError, BuildFolder, Entry, Journal, QuarantineDriver};

impl Replay<'_> {
    /// The build to go on from: the newest that is folded to its end, which must have rejected something.
    pub(super) fn base(&self) -> Result<BuildFolder, Error> {
        let none = |build: &str| BuildError::NothingRejected {
            build: build.into(),
            table: self.job.table.clone(),
        };
        for build in self.work.builds()?.into_iter().rev() {
            let standing = build.peek()?;
            if !build.is_folded(&standing) {
                continue;
            }
            if standing.splits_with_rejections().is_empty() {
                return Err(none(&build.manifest.build).into());
            }
            return Ok(build);
        }
        Err(none("that is folded to its end").into())
    }

    /// The records that `base` rejected, as a source.
    pub(super) fn rejected_records(&self, base: BuildFolder) -> QuarantineDriver {
        let source = self.job.source.clone();
        QuarantineDriver::new(base, Box::new(move |key| source.key_fields_of(key)))
    }

    /// Plans a build of the records that `base` rejected.
    pub(super) async fn plan_only_quarantined(
        &self,
        base: BuildFolder,
    ) -> Result<BuildFolder, Error> {
        let cannot = |why| BuildError::CannotGoOn {
            build: base.manifest.build.clone(),
            why,
        };
        obstacle(&base.manifest.table().descriptor, &self.descriptor)
            .map_or(Ok(()), |why| Err(cannot(why)))?;
        let parts = wanted_parts(&base.manifest.table().descriptor);
        let metadata = metadata(&self.descriptor, base.manifest.input.range);
        for next in base.rejected()? {
            let (number, record) = next?;
            if !record.is_whole(&base.manifest.input.decode) {
                let build = base.manifest.build.clone();
                return Err(BuildError::NotKept { build, number }.into());
            }
            let lost = |metadata: &&Metadata| record.message.is_none() || !metadata.is_among(parts);
            if let Some(metadata) = metadata.iter().find(lost) {
                return Err(cannot(format!("{}, which is not kept", metadata.what)).into());
            }
        }
        let based_on = BasedOn {
            build: base.manifest.build.clone(),
            manifest_digest: base.manifest.digest(),
        };
        let input = Input {
            range: base.manifest.input.range,
            based_on: Some(based_on),
            schemas: base.schemas()?,
            driver: Box::new(self.rejected_records(base.clone())),
        };
        let (manifest, path) = self.freeze(input).await?;
        let standing = base.peek()?;
        let mut runs = standing.runs();
        for run in &mut runs {
            let from = base.runs().join(&run.name);
            // They sort after this build's own runs.
            run.name = format!("of-base-{}", run.name);
            let to = path.join("runs").join(&run.name);
            durable::link(&from, &to).map_err(BuildError::io("linking", &to))?;
        }
        let folder = path.join("runs");
        durable::sync_folder(&folder).map_err(BuildError::io("syncing", &folder))?;
        // Before the manifest makes it a build: without the base's states it must not be gone on with.
        let (journal, _) = Journal::open(&path.join("journal.jsonl"))?;
        journal.append(&Entry::Checkpoint(Checkpoint {
            tables: vec![TableCheckpoint { runs }],
            offsets: standing.offsets(),
            ..Checkpoint::default()
        }))?;
        Ok(BuildFolder::create(path, manifest)?)
    }
}

/// Why states of the one component and of the other cannot be combined.
fn obstacle(old: &Descriptor, new: &Descriptor) -> Option<String> {
    if old.keys != new.keys || old.states != new.states {
        return Some("the component had other keys or states then".into());
    }
    if !new.commutative {
        return Some("the component's states depend on the order of the source".into());
    }
    None
}

/// Something that is read of records and is not in their values.
struct Metadata {
    origin: Origin,
    what: String,
}

impl Metadata {
    /// Whether a driver that reads these parts reads it: a part that is not read is not kept with a rejected record.
    fn is_among(&self, parts: Parts) -> bool {
        match self.origin {
            Origin::RecordKey => parts.keys,
            Origin::RecordHeader(_) => parts.headers,
            _ => true,
        }
    }
}

/// All such things that a component reads, or its range is cut on.
fn metadata(component: &Descriptor, range: EventRange) -> Vec<Metadata> {
    let inputs = component.inputs.iter().filter(|input| {
        matches!(
            input.origin,
            Origin::RecordKey | Origin::RecordHeader(_) | Origin::RecordTime
        )
    });
    let mut all: Vec<_> = inputs
        .map(|input| Metadata {
            origin: input.origin.clone(),
            what: format!("input `{}` is not in the value of a record", input.name),
        })
        .collect();
    if range.is_bounded() && component.event_time.is_none() {
        all.push(Metadata {
            origin: Origin::RecordTime,
            what: "the range is cut on the timestamps of records".to_owned(),
        });
    }
    all
}
