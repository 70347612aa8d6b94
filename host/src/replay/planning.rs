//! From the job to a build with a frozen input.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc::channel;

use super::estimate::left;
use super::phase::Stored;
use super::{ComponentInfo, Error, Estimate, Planned, Replay};
use crate::decode::RULES;
use crate::fold::FoldedSplit;
use crate::job::Job;
use crate::plan::{BasedOn, ComponentIdentity, InputPlan, InputSource, TablePlan};
use crate::scan::{schemas_of_topics, wanted_parts};
use crate::source::{EventRange, ReplayDriver};
use crate::store::Cost;
use crate::workdir::{BuildFolder, Lock, Manifest, SplitWriter, Standing, now};

/// Splits on their way to the disk.
const SPLITS_AHEAD: usize = 256;

/// What a build is planned from.
pub(super) struct Input {
    pub(super) range: EventRange,
    pub(super) based_on: Option<BasedOn>,
    /// Schemas of messages that are known already.
    pub(super) schemas: BTreeMap<u32, String>,
    pub(super) driver: Box<dyn ReplayDriver>,
}

/// See [`Replay::job_digest_under`]. `component` is the digest of the component.
pub(super) fn job_digest(job: &Job, component: &str, rules: u32, only_quarantined: bool) -> String {
    let mut decisive = job.identity();
    decisive["component"] = component.into();
    decisive["rules"] = rules.into();
    if only_quarantined {
        decisive["only_quarantined"] = true.into();
    }
    blake3::hash(decisive.to_string().as_bytes())
        .to_hex()
        .to_string()
}

impl Replay<'_> {
    /// A new plan; or the build that an earlier run left unfinished, if that has folded anything. Takes its lock.
    pub(super) async fn plan_anew_unless_begun(
        &self,
        wait: Duration,
    ) -> Result<(BuildFolder, Standing, Lock), Error> {
        let patience = self.patience("plan", wait);
        let attempt = async || {
            let _table = self.work.lock(&patience).await?;
            self.prepare_store().await?;
            self.work.sweep()?;
            let stored = Stored::of(&*self.store, &self.job.table).await?;
            let newest = self.newest(&stored)?;
            let unfinished =
                newest.filter(|(build, standing)| !self.is_finished(build, standing, &stored));
            if let Some((build, standing)) = unfinished {
                let lock = match build.ask_lock("plan")? {
                    Ok(lock) => lock,
                    Err(held) => return Ok(Err(held)),
                };
                if !standing.covered.is_empty() || build.staged_file().exists() {
                    return Ok(Ok((build, standing, lock)));
                }
                build.remove()?;
            }
            let build = self.plan().await?;
            let lock = build.ask_lock("plan")?;
            Ok(lock.map(|lock| (build, Standing::default(), lock)))
        };
        patience.ask(attempt).await
    }

    /// Freezes the input into a new build.
    pub(super) async fn plan(&self) -> Result<BuildFolder, Error> {
        if self.only_quarantined {
            return self.plan_only_quarantined(self.base()?).await;
        }
        let range = self.job.range.resolve(Utc::now())?;
        let input = Input {
            range,
            based_on: None,
            schemas: BTreeMap::new(),
            driver: self.job.driver(range, wanted_parts(&self.descriptor))?,
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
            schemas.extend(schemas_of_topics(registry, &frozen).await?);
        }
        let manifest = Manifest {
            format: Manifest::FORMAT,
            build: id,
            target: self.job.target_id(),
            planned_at: now(),
            backfold: env!("CARGO_PKG_VERSION").into(),
            job_digest: self.job_digest_under(RULES),
            input: InputPlan {
                source: match based_on {
                    Some(base) => InputSource::Rejected(base),
                    None => InputSource::history(&self.job.source)?,
                },
                range,
                decode: self.job.decode.portable(),
                rules: RULES,
                frozen,
                splits_digest,
                schemas,
            },
            tables: vec![TablePlan {
                table: self.job.table.clone(),
                component: ComponentIdentity {
                    path: self.component.path().display().to_string(),
                    digest: self.component.digest(),
                },
                descriptor: self.descriptor.clone(),
                params: self.job.params.clone(),
                limits: self.job.limits.clone(),
            }],
        };
        driver.close().await?;
        Ok((manifest, path))
    }

    /// The source of a build.
    pub(super) fn driver(&self, manifest: &Manifest) -> Result<Box<dyn ReplayDriver>, Error> {
        Ok(match manifest.input.source.based_on() {
            Some(base) => Box::new(self.rejected_records(self.work.build(&base.build)?)),
            None => {
                let parts = wanted_parts(&manifest.table().descriptor);
                self.job.driver(manifest.input.range, parts)?
            }
        })
    }

    /// The digest by which a run knows the builds of its job: of the component, the version of the decoder's rules, and
    /// all settings but the limits and those that change nothing in the table.
    pub(super) fn job_digest_under(&self, rules: u32) -> String {
        job_digest(
            self.job,
            &self.component.digest(),
            rules,
            self.only_quarantined,
        )
    }

    /// What a person wants to know before the build is run.
    pub(super) async fn planned(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<Planned, Error> {
        let manifest = &build.manifest;
        let (estimate, remark) = self.estimate(build, standing).await?;
        let mut frozen = manifest.input.frozen.clone();
        frozen.notes.extend(remark);
        Ok(Planned {
            build: manifest.build.clone(),
            resumes: !standing.covered.is_empty(),
            splits_done: standing.covered.len(),
            planned_at: manifest.planned_at.clone(),
            folder: build.path().to_owned(),
            table: manifest.table().table.clone(),
            shadow: manifest.info().shadow_name(),
            target: self.job.target.to_string(),
            component: ComponentInfo::of(manifest),
            frozen,
            cost: self.cost(build, standing, estimate.as_ref()),
            estimate,
            range: manifest.input.range,
            live: self.store.live(&manifest.table().table).await?,
            gate: self.job.gate.clone(),
        })
    }

    /// What loading the table costs at most: the rows of the runs that there are, and those that are left to fold.
    fn cost(
        &self,
        build: &BuildFolder,
        standing: &Standing,
        estimate: Option<&Estimate>,
    ) -> Option<Cost> {
        let left = estimate?.rows?;
        let folded: u64 = standing.runs().iter().map(|run| run.rows).sum();
        let columns = build.manifest.table().columns();
        self.store
            .cost(&columns, folded + left.at_most, left.row_bytes)
    }

    /// Sets the counters of the progress to the work that earlier runs have done.
    pub(super) fn show_progress(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<(), Error> {
        let frozen = &build.manifest.input.frozen;
        let folded = standing
            .checkpoints
            .iter()
            .flat_map(|checkpoint| &checkpoint.splits);
        let rejected = folded.map(FoldedSplit::rejected).sum();
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
