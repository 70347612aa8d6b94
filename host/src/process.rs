//! Programs of the user that this process starts: waiting for their end, ending them, keeping the end of their output.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};
use tokio_util::sync::CancellationToken;

/// The interval at which a running program is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long a program that is asked to end has for it, before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// How long the output of a program is waited for after its end: a program that left its group may keep the pipe open.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// Why a wait for a program is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// It ended by itself.
    Ended,
    /// It runs, and its time is over.
    Late,
    /// It runs, and the wait was cancelled.
    Cancelled,
}

/// Waits until `has_ended` says so, `deadline` has come, or `cancel` fires.
///
/// # Errors
/// Those of `has_ended`.
pub(crate) fn wait_until(
    mut has_ended: impl FnMut() -> io::Result<bool>,
    deadline: Option<Instant>,
    cancel: &CancellationToken,
) -> io::Result<Over> {
    loop {
        if has_ended()? {
            return Ok(Over::Ended);
        }
        if cancel.is_cancelled() {
            return Ok(Over::Cancelled);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(Over::Late);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A command as one would type it, without its folder and variables.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

/// A program in a process group of its own: all that it starts ends with it, unless it leaves the group.
pub(crate) struct Group {
    pub(crate) child: Child,
    group: Pid,
}

impl Group {
    /// Starts a program as the leader of a new group.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let group = Pid::from_child(&child);
        Ok(Group { child, group })
    }

    /// Waits for the end of the program for at most `limit`, and ends what is left of the group: with SIGTERM where the
    /// program still runs, and with SIGKILL two seconds later.
    ///
    /// # Errors
    /// Where the program cannot be waited for.
    pub(crate) fn finish(
        mut self,
        limit: Duration,
        cancel: &CancellationToken,
    ) -> io::Result<(Over, ExitStatus)> {
        let group = self.group;
        let over = wait_until(|| has_ended(group), Some(Instant::now() + limit), cancel)?;
        if over != Over::Ended {
            signal(group, Signal::TERM);
            let grace = Some(Instant::now() + GRACE);
            wait_until(|| has_ended(group), grace, &CancellationToken::new())?;
        }
        // The leader is not reaped yet, so the number of the group cannot belong to others by now.
        signal(group, Signal::KILL);
        Ok((over, self.child.wait()?))
    }
}

/// Sends a signal to a group, of which nothing may be left.
fn signal(group: Pid, signal: Signal) {
    if test_kill_process_group(group).is_ok() {
        let _ = kill_process_group(group, signal);
    }
}

/// Whether a child has ended. It is not reaped.
fn has_ended(child: Pid) -> io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(child), options)?.is_some())
}

/// The last bytes of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail {
    bytes: VecDeque<u8>,
    /// All bytes that came.
    pub(crate) total_bytes: u64,
}

impl Tail {
    fn push(&mut self, piece: &[u8], most_bytes: usize) {
        self.total_bytes += piece.len() as u64;
        self.bytes.extend(piece);
        let surplus = self.bytes.len().saturating_sub(most_bytes);
        self.bytes.drain(..surplus);
    }

    /// The bytes that are kept.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes.into()
    }
}

/// A stream that a thread reads to its end, keeping its last bytes.
pub(crate) struct Reading {
    tail: Arc<Mutex<Tail>>,
    thread: JoinHandle<()>,
}

impl Reading {
    /// Begins to read a stream, of which the last `most_bytes` are kept.
    pub(crate) fn start(mut stream: impl Read + Send + 'static, most_bytes: usize) -> Self {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let kept = tail.clone();
        let thread = std::thread::spawn(move || {
            let mut piece = vec![0; 16 << 10];
            loop {
                match stream.read(&mut piece) {
                    Ok(0) => return,
                    Ok(read) => {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.push(&piece[..read], most_bytes);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        });
        Reading { tail, thread }
    }

    /// The end of the stream. Where another program keeps the stream open, what came within a second.
    pub(crate) fn finish(self) -> Tail {
        let grace = Some(Instant::now() + OUTPUT_GRACE);
        let ended = || Ok(self.thread.is_finished());
        let _ = wait_until(ended, grace, &CancellationToken::new());
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *tail)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        command
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_end_of_a_stream_is_kept() {
        let mut group = Group::start(&mut shell("seq 1 200000")).unwrap();
        let reading = Reading::start(group.child.stdout.take().unwrap(), 14);
        let (over, status) = group.finish(LONG, &CancellationToken::new()).unwrap();
        assert!(over == Over::Ended && status.success());
        let tail = reading.finish();
        assert!(tail.total_bytes > 1_000_000);
        assert_eq!(tail.into_bytes(), b"199999\n200000\n");
    }

    #[test]
    fn all_of_a_group_ends_at_the_limit() {
        // The leader ignores the request to end, and so does the child that it waits for.
        let script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; exec sleep 1000' & wait";
        let mut group = Group::start(&mut shell(script)).unwrap();
        let reading = Reading::start(group.child.stdout.take().unwrap(), 100);
        let limit = Duration::from_millis(300);
        let (over, status) = group.finish(limit, &CancellationToken::new()).unwrap();
        assert_eq!((over, status.code()), (Over::Late, None));
        let said = String::from_utf8(reading.finish().into_bytes()).unwrap();
        let child = Pid::from_raw(said.trim().parse().unwrap()).unwrap();
        let gone = || Ok(rustix::process::test_kill_process(child).is_err());
        let deadline = Some(Instant::now() + LONG);
        let over = wait_until(gone, deadline, &CancellationToken::new());
        assert_eq!(over.unwrap(), Over::Ended, "a child of the program runs on");
    }

    #[test]
    fn what_a_program_leaves_behind_ends_with_it() {
        let mut group = Group::start(&mut shell("sleep 1000 & echo $!")).unwrap();
        let reading = Reading::start(group.child.stdout.take().unwrap(), 100);
        let began = Instant::now();
        let (over, status) = group.finish(LONG, &CancellationToken::new()).unwrap();
        assert!(over == Over::Ended && status.success());
        let said = String::from_utf8(reading.finish().into_bytes()).unwrap();
        assert!(said.trim().parse::<u32>().is_ok() && began.elapsed() < LONG);
    }

    #[test]
    fn a_cancelled_wait_ends_the_group() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let group = Group::start(&mut shell("exec sleep 1000")).unwrap();
        let (over, status) = group.finish(LONG, &cancel).unwrap();
        assert_eq!((over, status.code()), (Over::Cancelled, None));
    }
}
