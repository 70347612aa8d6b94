//! The output of hooks, in files of the build's folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::durable;
use crate::fault_point::around;
use crate::guest::printable;
use crate::process::Tail;

/// The most files that are kept of a build, the newest ones.
const MOST_FILES: usize = 100;

/// The end of what a hook wrote.
#[derive(Default)]
pub(super) struct Said {
    pub(super) stdout: Tail,
    pub(super) stderr: Tail,
}

impl Said {
    /// The last lines of standard error, or of standard output where there are none; each cut and escaped.
    pub(super) fn last_lines(self, lines: usize, most_bytes: usize) -> Vec<String> {
        let Said { stdout, stderr } = self;
        let stderr = shown(stderr, lines, most_bytes);
        match stderr.is_empty() {
            true => shown(stdout, lines, most_bytes),
            false => stderr,
        }
    }
}

fn shown(tail: Tail, lines: usize, most_bytes: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(&tail.into_bytes()).into_owned();
    let text: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let first = text.len().saturating_sub(lines);
    let last = text[first..].iter();
    last.map(|line| printable(line, most_bytes)).collect()
}

/// Writes the output of a hook into a new file of `folder`, whose name ends with `name`, and removes the oldest files
/// where there are too many.
pub(super) fn write(folder: &Path, name: &str, head: &str, said: &Said) -> io::Result<PathBuf> {
    durable::create_folder(folder)?;
    let now = Utc::now().format("%Y%m%dT%H%M%S%.6fZ");
    let path = folder.join(format!("{now}-{name}.log"));
    let mut text = head.as_bytes().to_vec();
    for (stream, tail) in [("stdout", &said.stdout), ("stderr", &said.stderr)] {
        let (total_bytes, kept) = (tail.total_bytes, tail.clone().into_bytes());
        let which = match total_bytes == kept.len() as u64 {
            true => format!("{total_bytes} bytes"),
            false => format!("the last {} of {total_bytes} bytes", kept.len()),
        };
        text.extend(format!("-- {stream}: {which}\n").into_bytes());
        text.extend(kept);
        if !text.ends_with(b"\n") {
            text.push(b'\n');
        }
    }
    durable::write(&path, &text)?;
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files: Vec<_> = files.collect::<io::Result<_>>()?;
    files.sort();
    for old in &files[..files.len().saturating_sub(MOST_FILES)] {
        around("remove a hook's output", || fs::remove_file(old))?;
    }
    Ok(path)
}
