//! A real Spark: a master and two workers, each of which starts executors in processes of their own. `tests/setup spark`
//! installs it.
//!
//! The workers are on the hosts `127.0.0.1` and `localhost`: Spark starts no speculative copy of a task on the host of the
//! first one. A worker has one core and a task takes one, so an executor runs one task at a time.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::{env, fs, iter};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::forget_settings;
use crate::server::{self, Server, Signals};

/// The hosts of the workers.
pub const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

/// The variable that holds the host of an executor, in its environment.
pub const HOST_VARIABLE: &str = "TEST_EXECUTOR_HOST";

/// The seconds after which an application is killed.
const PATIENCE_SECONDS: &str = "400";

/// A compiler that starts quickly.
const JVM: &str = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1";

/// A master and its workers. They end with the value, and their executors with them.
pub struct Spark {
    _workers: Vec<Server>,
    _master: Server,
    installed: PathBuf,
    url: String,
    folder: tempfile::TempDir,
}

/// One for all tests of a process, which take turns: an application takes both workers.
///
/// # Panics
/// If it is not installed, or does not start.
pub fn shared() -> MutexGuard<'static, Spark> {
    static SHARED: OnceLock<Mutex<Spark>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| Mutex::new(Spark::start().expect("Spark starts")));
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spark {
    /// Starts one.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start() -> Result<Self> {
        let installed = server::installed("spark-4.0.1", "spark")?;
        let folder = tempfile::tempdir()?;
        for name in ["events", "local", "work"] {
            fs::create_dir(folder.path().join(name))?;
        }
        let (port, pages) = (server::free_port()?, server::free_port()?);
        let mut command = daemon(&installed, "master.Master", folder.path());
        let (port, pages) = (port.to_string(), pages.to_string());
        command.args(["--host", HOSTS[0], "--port", &port, "--webui-port", &pages]);
        let ready = ["New state: ALIVE"];
        let master = Server::start(command, &ready, folder.path(), Signals::USUAL)?;
        let url = format!("spark://{}:{port}", HOSTS[0]);
        let worker = |host: &'static str| {
            let mut command = daemon(&installed, "worker.Worker", folder.path());
            command
                .args([
                    "--host",
                    host,
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--work-dir",
                ])
                .arg(folder.path().join("work").join(host))
                .args(["--webui-port", &server::free_port()?.to_string(), &url])
                .env(HOST_VARIABLE, host);
            let ready = ["Successfully registered with master"];
            Server::start(command, &ready, folder.path(), Signals::USUAL)
        };
        let workers = HOSTS.into_iter().map(worker).collect::<Result<_>>()?;
        Ok(Spark {
            _workers: workers,
            _master: master,
            installed,
            url,
            folder,
        })
    }

    /// A line of a shell that calls `spark-submit`, which waits for the end of the application. Settings are lines such as
    /// `spark.speculation true`; the driver and the executors get the variables.
    ///
    /// # Errors
    /// If its settings cannot be written.
    pub fn submit(
        &self,
        line: &str,
        settings: &str,
        variables: &[(&str, &str)],
    ) -> Result<Command> {
        let settings = self.settings() + settings;
        let conf = tempfile::tempdir_in(self.folder.path())?.keep();
        let of_executors = variables
            .iter()
            .map(|(name, value)| format!("spark.executorEnv.{name} {value}\n"));
        let lines = settings + "\n" + &of_executors.collect::<String>();
        fs::write(conf.join("spark-defaults.conf"), lines)?;
        let path = env::var_os("PATH").unwrap_or_default();
        let bin = self.installed.join("pyspark/bin");
        let path = env::join_paths(iter::once(bin).chain(env::split_paths(&path)))?;
        let mut command = Command::new("timeout");
        command.args([PATIENCE_SECONDS, "sh", "-c", line]);
        environment(&mut command, &self.installed, self.folder.path());
        command
            .env("PATH", path)
            .env("SPARK_CONF_DIR", conf)
            .envs(variables.iter().copied());
        Ok(command)
    }

    /// Those of every application.
    fn settings(&self) -> String {
        format!(
            "spark.master {url}
spark.eventLog.enabled true
# One file for each application.
spark.eventLog.rolling.enabled false
spark.eventLog.compress false
spark.eventLog.dir file://{folder}/events
spark.driver.extraJavaOptions {JVM}
spark.executor.extraJavaOptions {JVM}
spark.ui.enabled false
spark.driver.host {host}
spark.driver.memory 512m
spark.executor.memory 512m
# Both executors are there before the first task.
spark.scheduler.minRegisteredResourcesRatio 1.0
spark.scheduler.maxRegisteredResourcesWaitingTime 60s
",
            url = self.url,
            folder = self.folder.path().display(),
            host = HOSTS[0],
        )
    }

    /// The events of the application that ended last.
    ///
    /// # Errors
    /// If there is none.
    pub fn events(&self) -> Result<Vec<Value>> {
        let logs = fs::read_dir(self.folder.path().join("events"))?;
        let logs = logs
            .map(|log| Ok(log?.path()))
            .collect::<Result<Vec<_>>>()?;
        // Their names hold the time at which they began, and a number that rises.
        let last = logs.iter().max().context("no application has ended")?;
        let lines = BufReader::new(fs::File::open(last)?).lines();
        lines
            .map(|line| Ok(serde_json::from_str(&line?)?))
            .collect()
    }

    /// Kills the executor on a host as `kill -9` does.
    ///
    /// # Errors
    /// If there is none.
    pub fn kill_executor(&self, host: &str) -> Result<()> {
        let id = self
            .executor(host)?
            .with_context(|| format!("no executor on {host}"))?;
        let killed = Command::new("kill").args(["-KILL", &id]).status()?;
        ensure!(killed.success(), "the executor on {host} is gone");
        Ok(())
    }

    /// The process of the executor on a host, in which the work folder of its worker is named.
    fn executor(&self, host: &str) -> Result<Option<String>> {
        let work = self.folder.path().join("work").join(host);
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            // One that ends meanwhile is not the one.
            let Ok(line) = fs::read_to_string(path.join("cmdline")) else {
                continue;
            };
            let is_executor = line.contains("CoarseGrainedExecutorBackend");
            if is_executor
                && fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&work))
            {
                return Ok(path.file_name().map(|id| id.to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }
}

/// A master or a worker.
fn daemon(installed: &Path, class: &str, folder: &Path) -> Command {
    let mut command = Command::new(installed.join("pyspark/bin/spark-class"));
    command.arg(format!("org.apache.spark.deploy.{class}"));
    command
        .env("SPARK_DAEMON_MEMORY", "256m")
        .env("SPARK_DAEMON_JAVA_OPTS", JVM);
    environment(&mut command, installed, folder);
    command
}

/// What the processes of Spark have in common; executors get it from their workers.
fn environment(command: &mut Command, installed: &Path, folder: &Path) {
    forget_settings(command);
    command
        .env("SPARK_HOME", installed.join("pyspark"))
        .env("PYTHONPATH", installed)
        .env("PYSPARK_PYTHON", "python3")
        .env("SPARK_LOCAL_IP", HOSTS[0])
        .env("SPARK_LOCAL_DIRS", folder.join("local"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        // Cargo sets it for the tests that it runs.
        .env_remove("LD_LIBRARY_PATH");
}
