//! From the job to a build with a frozen input.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use chrono::Utc;
use tokio::sync::mpsc::channel;

use super::estimate::left;
use super::folding::parts_of;
use super::schemas::of_topics;
use super::{ComponentInfo, Error, Planned, Replay};
use crate::build::{BasedOn, BuildFolder, ComponentIdentity, Manifest, SplitWriter, Standing, now};
use crate::job::{Job, JobError};
use crate::schema::Descriptor;
use crate::source::{EventRange, ReplayDriver};

/// Splits on their way to the disk.
const SPLITS_AHEAD: usize = 256;

/// A range in time needs a component that tells the time of an event, unless the records of the source have one.
pub(super) fn check_range(
    job: &Job,
    component: &Path,
    descriptor: &Descriptor,
) -> Result<(), Error> {
    // In a log each record has a timestamp, which stands in.
    if descriptor.event_time.is_none() && job.range.is_in_time() && !job.source.is_log() {
        return Err(JobError::RangeWithoutTime {
            component: component.to_owned(),
        }
        .into());
    }
    Ok(())
}

/// What a build is planned from.
pub(super) struct Input {
    pub(super) range: EventRange,
    pub(super) based_on: Option<BasedOn>,
    /// Schemas of messages that are known already.
    pub(super) schemas: BTreeMap<u32, String>,
    pub(super) driver: Box<dyn ReplayDriver>,
}

impl Replay<'_> {
    /// The build that an earlier run of this job left unfinished, or a new one.
    pub(super) async fn resume_or_plan(&self, fresh: bool) -> Result<BuildFolder, Error> {
        self.work.sweep()?;
        match self.unfinished()? {
            Some((build, _)) if !fresh => {
                tracing::info!(
                    build = build.manifest.build,
                    planned_at = build.manifest.planned_at,
                    "going on"
                );
                Ok(build)
            }
            _ => self.plan().await,
        }
    }

    /// The same, but an unfinished build that has folded nothing is planned anew.
    pub(super) async fn plan_anew_unless_begun(&self) -> Result<(BuildFolder, Standing), Error> {
        self.work.sweep()?;
        match self.unfinished()? {
            Some((build, standing)) if !standing.covered.is_empty() => {
                return Ok((build, standing));
            }
            Some((build, _)) => build.remove()?,
            None => {}
        }
        Ok((self.plan().await?, Standing::default()))
    }

    /// The newest build of this very job that was never live.
    fn unfinished(&self) -> Result<Option<(BuildFolder, Standing)>, Error> {
        let job_digest = self.job_digest();
        for build in self.work.builds()?.into_iter().rev() {
            if build.manifest.job_digest == job_digest {
                let standing = build.peek()?;
                return Ok(standing.swapped.is_none().then_some((build, standing)));
            }
            // What a newer build rejected is to be folded, not what this one's elder did.
            if self.only_quarantined && build.is_folded(&build.peek()?) {
                break;
            }
        }
        Ok(None)
    }

    /// Freezes the input into a new build.
    async fn plan(&self) -> Result<BuildFolder, Error> {
        if self.only_quarantined {
            return self.plan_leftovers(self.base()?).await;
        }
        let range = self.job.range.resolve(Utc::now())?;
        let input = Input {
            range,
            based_on: None,
            schemas: BTreeMap::new(),
            driver: self.job.driver(range, parts_of(&self.descriptor))?,
        };
        let (manifest, path) = self.freeze(input).await?;
        Ok(BuildFolder::create(path, manifest)?)
    }

    /// Writes down the splits of an input in a new folder, and all that the build of it will be made from.
    pub(super) async fn freeze(&self, input: Input) -> Result<(Manifest, PathBuf), Error> {
        let Input {
            range,
            based_on,
            schemas,
            driver,
        } = input;
        let (id, path) = self.work.new_build()?;
        let mut writer = SplitWriter::create(&path.join("splits.jsonl"))?;
        let (send, mut receive) = channel(SPLITS_AHEAD);
        let progress = &self.progress;
        let write = async move {
            while let Some(split) = receive.recv().await {
                writer.write(&split)?;
                progress.splits_total.fetch_add(1, Ordering::Relaxed);
                progress
                    .bytes_total
                    .fetch_add(split.size_bytes, Ordering::Relaxed);
            }
            writer.finish()
        };
        let (frozen, splits_digest) = futures::join!(driver.plan(send), write);
        // Where writing failed, planning failed for want of a receiver.
        let splits_digest = splits_digest?;
        let frozen = frozen?;
        let mut schemas = schemas;
        if let Some(registry) = &self.job.decode.registry {
            schemas.extend(of_topics(registry, &frozen).await?);
        }
        let manifest = Manifest {
            build: id,
            table: self.job.table.clone(),
            planned_at: now(),
            backfold: env!("CARGO_PKG_VERSION").into(),
            job_digest: self.job_digest(),
            component: ComponentIdentity {
                path: self.component.path().display().to_string(),
                digest: self.component.digest(),
            },
            descriptor: self.descriptor.clone(),
            params: self.job.params.clone(),
            range,
            decode: self.job.decode.clone(),
            source: driver.name().into(),
            frozen,
            splits_digest,
            schemas,
            based_on,
        };
        driver.close().await?;
        Ok((manifest, path))
    }

    /// The source of a build.
    pub(super) fn driver(&self, manifest: &Manifest) -> Result<Box<dyn ReplayDriver>, Error> {
        Ok(match &manifest.based_on {
            Some(base) => Box::new(self.leftovers(self.work.build(&base.build)?)),
            None => {
                let parts = parts_of(&manifest.descriptor);
                self.job.driver(manifest.range, parts)?
            }
        })
    }

    /// What a run of this job would do, told apart from runs of other jobs: the component and all settings
    /// but those that change nothing in the table.
    fn job_digest(&self) -> String {
        let job = self.job;
        let mut decisive = serde_json::json!({
            "component": self.component.digest(),
            "table": job.table,
            "params": job.params,
            "range": job.range,
            "source": job.source,
            "target": job.target,
            "decode": job.decode,
        });
        if self.only_quarantined {
            decisive["only_quarantined"] = true.into();
        }
        blake3::hash(decisive.to_string().as_bytes())
            .to_hex()
            .to_string()
    }

    /// What a person wants to know before the build is run.
    pub(super) async fn planned(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<Planned, Error> {
        let manifest = &build.manifest;
        let (estimate, remark) = self.estimate(build, standing).await?;
        let mut frozen = manifest.frozen.clone();
        frozen.notes.extend(remark);
        Ok(Planned {
            build: manifest.build.clone(),
            resumes: !standing.covered.is_empty(),
            splits_done: standing.covered.len(),
            planned_at: manifest.planned_at.clone(),
            folder: build.path().to_owned(),
            table: manifest.table.clone(),
            shadow: manifest.info().shadow_name(),
            target: self.job.target.to_string(),
            component: ComponentInfo::of(manifest),
            frozen,
            estimate,
            range: manifest.range,
            live: self.store.live(&manifest.table).await?,
            gate: self.job.gate.clone(),
        })
    }

    /// Tells whoever watches what is done already.
    pub(super) fn show_progress(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<(), Error> {
        let frozen = &build.manifest.frozen;
        let folded = standing
            .checkpoints
            .iter()
            .flat_map(|checkpoint| &checkpoint.splits);
        let rejected = folded
            .map(|folded| folded.counts.rejected + folded.rejected_by_component)
            .sum();
        // Not what was read, which of Parquet is less.
        let bytes = frozen
            .size_bytes
            .saturating_sub(left(build, standing)?.bytes);
        let rows = standing.runs().iter().map(|run| run.rows).sum();
        self.progress
            .splits_total
            .store(frozen.splits, Ordering::Relaxed);
        self.progress
            .splits_done
            .store(standing.covered.len(), Ordering::Relaxed);
        self.progress
            .bytes_total
            .store(frozen.size_bytes, Ordering::Relaxed);
        self.progress.bytes_done.store(bytes, Ordering::Relaxed);
        self.progress.bytes_resumed.store(bytes, Ordering::Relaxed);
        self.progress.rejected.store(rejected, Ordering::Relaxed);
        self.progress.rows_total.store(rows, Ordering::Relaxed);
        Ok(())
    }
}
