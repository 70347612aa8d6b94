//! Servers that tests start, which end with the test: `tests/setup` installs them.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many lines of log are kept.
const LOG_LINES: usize = 200;

/// The signals by which a server ends.
#[derive(Clone, Copy, Debug)]
pub struct Signals {
    /// In order.
    pub stop: &'static str,
    /// At once.
    pub kill: &'static str,
}

impl Signals {
    /// Those of most programs.
    pub const USUAL: Signals = Signals {
        stop: "TERM",
        kill: "KILL",
    };
}

/// The folder of an installed server, which `tests/setup PART` installs.
///
/// # Errors
/// If it is not installed.
pub fn installed(name: &str, part: &str) -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    let folder = cache.join("backfold-tests").join(name);
    ensure!(
        folder.is_dir(),
        "no {}: `tests/setup {part}` installs it",
        folder.display()
    );
    Ok(folder)
}

/// A port of the loopback address at which no process listens.
///
/// It lies below those that a system gives to outgoing connections: it is still free when a server that was killed
/// comes back to it.
///
/// # Errors
/// If all are taken.
pub fn free_port() -> Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Processes that run at the same time begin at different places.
    let own = (std::process::id() % 750) as u16 * 16;
    for _ in 0..COUNT {
        let next = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (own + next % COUNT) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}

/// A server that runs. It is killed with the value, and with this process, however that ends.
pub struct Server {
    child: Child,
    signals: Signals,
    watchdog: Child,
    log: Arc<Mutex<VecDeque<String>>>,
    /// Has something once it is ready, and is closed when it ends.
    said: Mutex<Receiver<()>>,
}

impl Server {
    /// Starts `command`, and waits until its output, on either stream, has had a line with each of `ready`.
    ///
    /// Where this process ends without dropping the value, `folder` is deleted too.
    ///
    /// # Errors
    /// If it ends, or says nothing of the kind in time; with the end of its log.
    pub fn start(
        mut command: Command,
        ready: &[&'static str],
        folder: &Path,
        signals: Signals,
    ) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let (output, input) = io::pipe()?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .spawn()
            .with_context(|| format!("{name} cannot be started: `tests/setup` installs it"))?;
        // It holds this process's ends of the pipe, which would never end.
        drop(command);
        // It reads until the other end of its input is closed, which is when this process is gone.
        let watchdog = Command::new("sh")
            .args([
                "-c",
                "trap '' INT TERM HUP; read -r _; kill -$2 $0; rm -rf \"$1\"",
            ])
            .arg(child.id().to_string())
            .arg(folder)
            .arg(signals.kill)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("sh cannot be started");
        let watchdog = match watchdog {
            Ok(watchdog) => watchdog,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (is_ready, said) = mpsc::channel();
        let mut server = Server {
            child,
            signals,
            watchdog,
            log: Arc::clone(&log),
            said: Mutex::new(said),
        };
        let mut ready = ready.to_vec();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let missing = ready.len();
                ready.retain(|part| !line.contains(part));
                if ready.is_empty() && missing > 0 {
                    let _ = is_ready.send(());
                }
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                if log.len() == LOG_LINES {
                    log.pop_front();
                }
                log.push_back(line);
            }
        });
        let said = server
            .said
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        match said.recv_timeout(PATIENCE) {
            Ok(()) => Ok(server),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} is not ready in time\n{}", server.log())
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("{name} ended at once\n{}", server.log())
            }
        }
    }

    /// The last lines that it wrote.
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `STOP`.
    ///
    /// # Errors
    /// If it has ended.
    pub fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status()?;
        ensure!(sent.success(), "nobody to send {name} to\n{}", self.log());
        Ok(())
    }

    /// Whether it was stopped in its tracks: a signal of that is on its way for a moment, thread by thread.
    ///
    /// # Errors
    /// If it has ended.
    pub fn stands_still(&self) -> Result<bool> {
        let tasks = format!("/proc/{}/task", self.child.id());
        for task in fs::read_dir(&tasks).with_context(|| format!("no {tasks}"))? {
            // One that ends meanwhile does not run either.
            let status = fs::read_to_string(task?.path().join("stat")).unwrap_or_default();
            // The name in parentheses, which may hold any character, then the state.
            if let Some((_, rest)) = status.rsplit_once(") ")
                && !rest.starts_with('T')
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn stop(mut self) -> Result<()> {
        self.signal(self.signals.stop)?;
        let said = self.said.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The end of its output is its end.
        let ended = said.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Disconnected);
        ensure!(ended, "it does not stop\n{}", self.log());
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // First the watchdog: the number of a process is another's once it has been waited for.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.signal(self.signals.kill);
        }
        let _ = self.child.wait();
    }
}
