//! A build whose units are folded by processes of their own, as an engine would start them.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{self, Finished};
use crate::workbench::Workbench;

/// More rounds than there may be.
const ROUNDS: u64 = 2;

/// A staged build.
pub struct Units<'a> {
    bench: &'a Workbench,
    /// The share, as commands take it.
    pub share: String,
    /// The build, as `worker` and `seal` take it.
    pub build: String,
    /// The number of its units.
    pub units: u64,
}

impl<'a> Units<'a> {
    /// Stages the job of `bench`, cut into at most `units`.
    ///
    /// # Errors
    /// If the answer is another one than expected.
    pub fn stage(bench: &'a Workbench, share: &str, units: u64) -> Result<Self> {
        let line = format!("stage --share {share} --units {units} --output json");
        let answer = bench.run(&line).success().json();
        let staged = &answer["result"];
        let build = staged["build"].as_str().context("a build")?;
        Ok(Units {
            bench,
            share: share.to_owned(),
            build: build.to_owned(),
            units: staged["units"].as_u64().context("units")?,
        })
    }

    /// A worker for a unit.
    pub fn worker(&self, round: u64, unit: u64) -> Command {
        let mut command = self.bench.without_job("worker");
        command.arg(&self.build).args(["--workers", "1"]);
        command.args(["--round", &round.to_string(), "--unit", &unit.to_string()]);
        command
    }

    /// Folds a unit; gives what the worker said.
    pub fn fold(&self, round: u64, unit: u64) -> Value {
        let mut worker = self.worker(round, unit);
        let folded = process::run(worker.args(["--output", "json"])).success();
        folded.json()["result"].clone()
    }

    /// A command that says what is left.
    pub fn sealing(&self) -> Command {
        let mut command = self.bench.without_job("seal");
        command.arg(&self.build);
        command
    }

    /// What is left to fold.
    pub fn seal(&self) -> Value {
        let mut sealing = self.sealing();
        let sealed = process::run(sealing.args(["--output", "json"])).success();
        sealed.json()["result"].clone()
    }

    /// Folds all units that are left, in all rounds. Gives the number of the last round.
    ///
    /// # Errors
    /// If the build is not sealed then.
    pub fn fold_all(&self) -> Result<u64> {
        for _ in 0..=ROUNDS {
            let sealing = self.seal();
            let round = sealing["round"].as_u64().context("a round")?;
            if sealing["sealed"] == true {
                return Ok(round);
            }
            for unit in sealing["left"].as_array().context("units")? {
                self.fold(round, unit.as_u64().context("a number")?);
            }
        }
        ensure!(self.seal()["sealed"] == true, "it is not sealed");
        Ok(ROUNDS)
    }

    /// `run` on this machine, with more arguments.
    pub fn run(&self, arguments: &str) -> Finished {
        let line = format!("run --share {} --output json {arguments}", self.share);
        self.bench.run(&line)
    }
}
