//! Lines of JSON, appended and synced one by one, each with a checksum.
//!
//! A line is an object whose first member is the CRC-32C of all that follows it:
//!
//! ```text
//! {"crc32c":"547d8e71","entry":"swapped","version":3}
//! ```
//!
//! Pages of an append reach the disk in any order, so a crash may leave the end of a line without its beginning. A
//! line counts if its checksum holds. The checksum of the last one may not: a crash left it of an append, and it is
//! taken away when the file is opened again. One before it was synced before the next was appended: it is damage.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::BuildError;
use crate::durable;
use crate::fault_point::{around, before};

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

/// The bytes before the checksum, and after it.
const BEFORE: &[u8] = b"{\"crc32c\":\"";
const AFTER: &[u8] = b"\",";
/// Digits of a checksum.
const DIGITS: usize = 8;

/// A file of lines that is being added to.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: Mutex<File>,
}

impl Lines {
    /// Opens a file, which is made where there is none, and reads its lines.
    pub(super) fn open<T: DeserializeOwned>(path: &Path) -> Result<(Lines, Vec<T>), BuildError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file =
            around("open lines", || options.open(path)).map_err(BuildError::io("opening", path))?;
        durable::sync_parent(path).map_err(BuildError::io("syncing", path))?;
        let (lines, whole) = read(path, &file)?;
        around("mend lines", || file.set_len(whole))
            .and_then(|()| file.seek(SeekFrom::Start(whole)))
            .map_err(BuildError::io("mending", path))?;
        let path = path.to_owned();
        let file = Mutex::new(file);
        Ok((Lines { path, file }, lines))
    }

    /// Reads the lines of a file without changing it; none where there is no file.
    pub(super) fn peek<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, BuildError> {
        match before("read lines").and_then(|()| File::open(path)) {
            Ok(file) => Ok(read(path, &file)?.0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
            Err(error) => Err(BuildError::io("opening", path)(error)),
        }
    }

    /// Appends a line, which must be a JSON object with members, and makes it durable.
    pub(super) fn append<T: Serialize>(&self, line: &T) -> Result<(), BuildError> {
        self.write(line)
            .map_err(BuildError::io("writing", &self.path))
    }

    /// The same, for a caller with errors of its own.
    pub(super) fn write<T: Serialize>(&self, line: &T) -> std::io::Result<()> {
        let line = written(line)?;
        let mut file = self.lock();
        let end = file.stream_position()?;
        around("append a line", || file.write_all(&line))
            .and_then(|()| around("sync a line", || file.sync_data()))
            .inspect_err(|_| {
                // Half a line must not stand before the next one.
                let _ = file
                    .set_len(end)
                    .and_then(|()| file.seek(SeekFrom::Start(end)));
            })
    }

    /// The path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        self.file
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The bytes that are appended for a line.
fn written<T: Serialize>(line: &T) -> std::io::Result<Vec<u8>> {
    Ok(with_checksum(&serde_json::to_vec(line)?))
}

/// The line of a JSON object, with its end.
fn with_checksum(object: &[u8]) -> Vec<u8> {
    let members = object.strip_prefix(b"{").unwrap_or(object);
    let checksum = checksum_of(members);
    [BEFORE, checksum.as_bytes(), AFTER, members, b"\n"].concat()
}

fn checksum_of(members: &[u8]) -> String {
    format!("{:0DIGITS$x}", crc32c::crc32c(members))
}

/// The JSON object of a line; `None` where the line is not as it was written.
fn without_checksum(line: &[u8]) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(BEFORE)?;
    let (checksum, rest) = rest.split_at_checked(DIGITS)?;
    let members = rest.strip_prefix(AFTER)?.strip_suffix(b"\n")?;
    // As it is spelled: a digit that became a capital letter is a changed byte, too.
    (checksum_of(members).as_bytes() == checksum).then(|| [b"{", members].concat())
}

/// The lines of a file that count, and where they end. `path` is for errors.
fn read<T: DeserializeOwned>(path: &Path, file: impl Read) -> Result<(Vec<T>, u64), BuildError> {
    let damaged = |line: usize, what: String| BuildError::Damaged {
        path: path.to_owned(),
        what: format!("line {line}: {what}"),
    };
    let mut reader = BufReader::new(file);
    let (mut lines, mut whole) = (Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(BuildError::io("reading", path))?;
        let number = lines.len() + 1;
        let Some(object) = without_checksum(&line) else {
            let rest = reader.fill_buf().map_err(BuildError::io("reading", path))?;
            // In a string a quote is escaped, so where a line begins within this one, its end was lost.
            let holds_another = line.windows(BEFORE.len()).skip(1).any(|at| at == BEFORE);
            return match rest.is_empty() && !holds_another {
                true => Ok((lines, whole)),
                false => Err(damaged(number, "it is not as it was written".into())),
            };
        };
        // It is as it was written, so another version of backfold wrote it.
        let parsed = serde_json::from_slice(&object);
        lines.push(parsed.map_err(|error| damaged(number, error.to_string()))?);
        whole += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn lines(count: usize) -> Vec<Value> {
        (0..count)
            .map(|n| json!({"n": n, "text": "x".repeat(n * 700)}))
            .collect()
    }

    /// A file of these lines, and where each ends.
    fn write_all(path: &Path, lines: &[Value]) -> Vec<usize> {
        let (file, before) = Lines::open::<Value>(path).unwrap();
        assert!(before.is_empty());
        let length = || std::fs::metadata(path).unwrap().len() as usize;
        let append = |line| {
            file.append(line).unwrap();
            length()
        };
        lines.iter().map(append).collect()
    }

    #[test]
    fn a_checksum_spelled_in_another_way_is_a_changed_line() {
        // Its checksum is 0aa26100.
        let line = String::from_utf8(written(&json!({"n": 7})).unwrap()).unwrap();
        let digits = BEFORE.len()..BEFORE.len() + DIGITS;
        let checksum = &line[digits.clone()];
        assert!(checksum.starts_with('0') && checksum.contains(char::is_alphabetic));
        for other in [checksum.to_uppercase(), checksum.replacen('0', "+", 1)] {
            let changed = line.replacen(checksum, &other, 1);
            assert_eq!(without_checksum(changed.as_bytes()), None, "{other}");
            let two = [&changed, &*line].concat();
            let found = read::<Value>(Path::new("journal.jsonl"), two.as_bytes());
            assert!(matches!(found, Err(BuildError::Damaged { .. })));
        }
    }

    #[test]
    fn lines_are_json_with_a_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        write_all(&path, &[json!({"entry": "swapped", "version": 3})]);
        insta::assert_snapshot!(
            std::fs::read_to_string(&path).unwrap(),
            @r#"{"crc32c":"547d8e71","entry":"swapped","version":3}"#
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Of the last append any pages are on disk, and others are zeros: it does not count, and all before it does.
        #[test]
        fn a_torn_append_does_not_count(count in 1_usize..5, pages in prop::collection::vec(any::<bool>(), 8), page in 1_usize..900) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.jsonl");
            let all = lines(count);
            let ends = write_all(&path, &all);
            let begin = if count > 1 { ends[count - 2] } else { 0 };
            let mut bytes = std::fs::read(&path).unwrap();
            let mut torn = false;
            for (chunk, is_there) in bytes[begin..].chunks_mut(page).zip(pages.iter().cycle()) {
                torn |= !is_there;
                if !is_there { chunk.fill(0) }
            }
            std::fs::write(&path, &bytes).unwrap();
            let kept = if torn { &all[..count - 1] } else { &all[..] };
            prop_assert_eq!(Lines::peek::<Value>(&path).unwrap(), kept);
            let (file, found) = Lines::open::<Value>(&path).unwrap();
            prop_assert_eq!(found, kept);
            file.append(&json!({"n": "next"})).unwrap();
            let next: Vec<Value> = Lines::peek(&path).unwrap();
            prop_assert_eq!(next.len(), kept.len() + 1);
        }

        /// A changed byte is reported where its line is not the last; in the last line it is a torn append.
        #[test]
        fn a_changed_byte_is_never_read_over(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.jsonl");
            let all = lines(3);
            let ends = write_all(&path, &all);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            std::fs::write(&path, &bytes).unwrap();
            match Lines::peek::<Value>(&path) {
                Ok(found) => {
                    prop_assert!(at >= ends[1], "byte {at}");
                    prop_assert!(found.len() < 3 && all.starts_with(&found));
                }
                Err(error) => prop_assert!(matches!(error, BuildError::Damaged { .. }), "{}", error),
            }
        }
    }
}
