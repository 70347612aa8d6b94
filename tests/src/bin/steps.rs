//! The steps of a build in processes of their own, which share nothing but files: a test starts them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use backfold::cutover::{GateOptions, SortOptions};
use backfold::decode::Presence;
use backfold::fold::{FoldOptions, join_quarantine};
use backfold::guest::Component;
use backfold::plan::Task;
use backfold::steps::{self, Context, Facts, FoldFolder, FoldOutput, Runs, VerifyOptions};
use backfold::store::sqlite::{SqliteConfig, SqliteStore};
use backfold::store::{Access, BackTo, BuildInfo, Loaded, StateStore, StoreContext, TableSwap};
use backfold::workdir::{Journal, Standing};
use clap::{Parser, Subcommand};
use serde_json::json;

/// The steps of a build in processes of their own
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Folds the splits of a task into a folder
    Fold {
        /// The task, as JSON
        #[arg(long)]
        task: PathBuf,
        /// The component of the task's table
        #[arg(long)]
        component: PathBuf,
        /// The folder for runs, rejected records and checkpoints
        #[arg(long)]
        folder: PathBuf,
    },
    /// Joins what several processes have folded, and makes the table
    Load(Load),
}

#[derive(clap::Args)]
struct Load {
    /// Any task of the plan, as JSON
    #[arg(long)]
    task: PathBuf,
    /// The component of the task's table
    #[arg(long)]
    component: PathBuf,
    /// The folders of the processes that folded
    #[arg(long = "part", required = true)]
    parts: Vec<PathBuf>,
    /// The folder for what is joined
    #[arg(long)]
    folder: PathBuf,
    /// The SQLite database for the table
    #[arg(long)]
    database: PathBuf,
    /// The ID of the build
    #[arg(long)]
    build: String,
    /// The digest of the manifest of the plan
    #[arg(long)]
    manifest_digest: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().step {
        Step::Fold {
            task,
            component,
            folder,
        } => fold(&task, &component, &folder).await,
        Step::Load(load) => load.run().await,
    }
}

/// The task of a file, and its component.
async fn open(task: &Path, component: &Path) -> Result<(Task, Component)> {
    let text = std::fs::read(task).with_context(|| task.display().to_string())?;
    let task: Task = serde_json::from_slice(&text)?;
    let table = task.tables.first().context("a task has a table")?;
    let params = table.component_params();
    let (component, _) =
        steps::load_component(component, &table.limits, &params, None, &Arc::default()).await?;
    Ok((task, component))
}

fn context() -> Context {
    Context {
        options: FoldOptions {
            workers: Some(2),
            ..FoldOptions::default()
        },
        ..Context::default()
    }
}

async fn fold(task: &Path, component: &Path, folder: &Path) -> Result<()> {
    let (task, component) = open(task, component).await?;
    let folders = FoldFolder {
        runs: folder.join("runs"),
        quarantine: folder.join("quarantine"),
    };
    std::fs::create_dir_all(&folders.runs)?;
    std::fs::create_dir_all(&folders.quarantine)?;
    let (journal, entries) = Journal::open(&folder.join("journal.jsonl"))?;
    ensure!(entries.is_empty(), "the folder is not empty");
    let output = FoldOutput {
        folder: folders,
        sink: Arc::new(journal),
        learned: None,
    };
    steps::fold(task, &component, output, u64::MAX, &context()).await?;
    Ok(())
}

impl Load {
    async fn run(self) -> Result<()> {
        let (task, component) = open(&self.task, &self.component).await?;
        let table = &task.tables[0];
        let standing = self.join()?;
        let runs = Runs {
            folder: self.folder.join("runs"),
            files: standing.runs(),
        };
        runs.verify()?;
        let context = context();
        let store = SqliteStore::open(
            &SqliteConfig::new(&self.database),
            Access::Build,
            StoreContext::default(),
        )?;
        store.prepare(&table.table, &table.columns(), &[]).await?;
        let build = BuildInfo {
            table: table.table.clone(),
            build: self.build.clone(),
            manifest_digest: self.manifest_digest.clone(),
        };
        let handoff = task.input.handoff(&standing.offsets());
        let loaded =
            steps::load(table, runs, &component, &build, &handoff, &store, &context).await?;
        let facts = facts(&task, &standing, loaded.clone());
        let builds = store.builds(&build.table).await?;
        let stored = builds.first().context("the table was loaded")?;
        let options = VerifyOptions {
            gate: GateOptions {
                max_quarantined: facts.rejected,
                ..GateOptions::default()
            },
            sorting: SortOptions {
                folder: self.folder.clone(),
                fold: FoldOptions::default(),
            },
        };
        let verdict = steps::verify(&store, stored, &facts, &options, &context.cancel).await?;
        ensure!(verdict.gate.passed(), "{}", verdict.gate);
        let swap = TableSwap {
            table: build.table,
            expected: None,
            to: build.build,
            back_to: BackTo::Shown,
        };
        steps::swap(&store, vec![swap], "a test").await?;
        println!(
            "{}",
            json!({"loaded": loaded, "rejected": facts.rejected, "counts": facts.counts})
        );
        Ok(())
    }

    /// Brings the files of all parts into one folder, and their checkpoints into one list.
    fn join(&self) -> Result<Standing> {
        let mut entries = Vec::new();
        for part in &self.parts {
            entries.extend(Journal::peek(&part.join("journal.jsonl"))?);
            for kind in ["runs", "quarantine"] {
                std::fs::create_dir_all(self.folder.join(kind))?;
                for file in std::fs::read_dir(part.join(kind))? {
                    let file = file?;
                    let to = self.folder.join(kind).join(file.file_name());
                    ensure!(!to.exists(), "{} is of two parts", to.display());
                    std::fs::copy(file.path(), &to)?;
                }
            }
        }
        let standing = Standing::of(&self.folder, entries)?;
        let rejecting = standing.splits_with_rejections().into_iter();
        let joined = self.folder.join("quarantine.jsonl");
        join_quarantine(&self.folder.join("quarantine"), rejecting, &joined)?;
        Ok(standing)
    }
}

fn facts(task: &Task, standing: &Standing, merged: Loaded) -> Facts {
    let mut presence = Presence::default();
    let mut facts = Facts {
        splits_planned: task.input.frozen.splits,
        splits_covered: standing.covered.len(),
        offsets: standing.offsets(),
        is_narrowed: task.input.range.is_bounded(),
        counts: Default::default(),
        presence: Default::default(),
        rejected: 0,
        reasons: Vec::new(),
        merged,
    };
    for folded in standing.checkpoints.iter().flat_map(|one| &one.splits) {
        facts.counts += folded.tables[0].counts;
        facts.rejected += folded.rejected();
        presence.add(&folded.tables[0].presence);
    }
    let descriptor = &task.tables[0].descriptor;
    facts.presence = presence.report(&descriptor.inputs, &descriptor.only);
    facts
}
