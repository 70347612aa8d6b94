//! Any bytes as a file of lines, and lines that are written and then damaged.

use std::fmt::Debug;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{BEFORE, read, with_checksum, without_checksum, written};
use crate::decode::Counts;
use crate::source::TopicPartition;
use crate::source::offsets::OffsetSet;
use crate::workdir::{BuildError, KeptSchema};

/// How the file comes about: the first byte of the input chooses.
#[derive(Clone, Copy)]
enum How {
    /// What follows is the file.
    Raw,
    /// What follows are lines, to which checksums are given: those of another version, which say anything.
    Checked,
    /// What follows are lines as they are written, of which the last ones are cut off at a byte.
    Cut,
    /// Of the last line some pages are zeros.
    Zeroed,
    /// A byte of them is changed.
    Changed,
}

const HOW: [How; 5] = [How::Raw, How::Checked, How::Cut, How::Zeroed, How::Changed];

/// A line of a file.
trait Line: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    /// The line that `text` describes.
    fn of(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }
}

/// A line of types that stand in the files of a build; an entry of the journal needs more than the fuzzed crate has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Part {
    Schema(KeptSchema),
    Folded {
        #[serde(flatten)]
        partition: TopicPartition,
        covered: OffsetSet,
        counts: Counts,
    },
}

impl Line for Part {
    fn of(text: &[u8]) -> Option<Self> {
        let any = || {
            Part::Schema(KeptSchema {
                id: text.len() as u32,
                schema: String::from_utf8_lossy(text).into_owned(),
            })
        };
        Some(serde_json::from_slice(text).unwrap_or_else(|_| any()))
    }
}

/// Reads the file that `input` describes.
///
/// # Panics
/// Where a line that counts is lost, damage is not noticed, or a line that is written again reads differently.
pub(crate) fn journal(input: &[u8]) {
    run::<Part>(input);
}

/// The same, of lines of one type; gives the file.
fn run<T: Line>(input: &[u8]) -> Option<Vec<u8>> {
    let (choice, rest) = input.split_first()?;
    let how = HOW[usize::from(*choice) % HOW.len()];
    match how {
        How::Raw => {
            check::<T>(rest);
            Some(rest.to_vec())
        }
        How::Checked => {
            let file = rest.split(is_end).map(with_checksum).collect::<Vec<_>>();
            let file = file.concat();
            check::<T>(&file);
            Some(file)
        }
        How::Cut | How::Zeroed | How::Changed => {
            let (numbers, texts) = rest.split_first_chunk::<4>()?;
            let lines: Vec<T> = texts.split(is_end).filter_map(T::of).collect();
            Some(damaged(how, *numbers, &lines))
        }
    }
}

fn is_end(byte: &u8) -> bool {
    *byte == b'\n'
}

/// Writes these lines, damages and reads the file, and gives it.
fn damaged<T: Line>(how: How, [low, high, a, b]: [u8; 4], lines: &[T]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut ends = Vec::new();
    for line in lines {
        file.extend(append_of(line));
        ends.push(file.len());
    }
    assert_eq!(check(&file).as_deref(), Some(lines), "as it was written");
    let Some(last) = lines.len().checked_sub(1) else {
        return file;
    };
    let before_last = &lines[..last];
    let place = usize::from(u16::from_le_bytes([low, high])) % file.len();
    let whole = file.clone();
    match how {
        How::Cut => {
            file.truncate(place);
            let kept = ends.iter().filter(|end| **end <= place).count();
            assert_eq!(check(&file).as_deref(), Some(&lines[..kept]), "cut");
        }
        How::Zeroed => {
            let begin = if last > 0 { ends[last - 1] } else { 0 };
            let pages = file[begin..].chunks_mut(usize::from(a) + 1);
            let lost = pages.enumerate().filter(|(at, _)| b >> (at % 8) & 1 == 1);
            lost.for_each(|(_, page)| page.fill(0));
            let kept = if file == whole { lines } else { before_last };
            assert_eq!(check(&file).as_deref(), Some(kept), "a torn append");
        }
        _ => {
            file[place] ^= a;
            let found = check::<T>(&file);
            match found.as_deref() {
                Some(found) if a == 0 => assert_eq!(found, lines),
                // Bytes of an append that were never the right ones.
                Some(found) => {
                    assert_eq!(found, before_last, "a changed byte was not noticed");
                    assert!(last == 0 || place >= ends[last - 1], "a line was lost");
                }
                None => assert_ne!(a, 0),
            }
        }
    }
    file
}

/// Reads a file, and again with a line appended; `None` where it is refused as damaged.
fn check<T: Line>(file: &[u8]) -> Option<Vec<T>> {
    let (lines, whole) = parse::<T>(file)?;
    let (counted, torn) = file.split_at(whole as usize);
    assert_eq!(
        counted.iter().filter(|byte| is_end(byte)).count(),
        lines.len()
    );
    // Where the file is opened again this goes, so no line that counts may be in it.
    let inner = torn.strip_suffix(b"\n").unwrap_or(torn);
    assert!(!inner.iter().any(is_end), "more than a line is torn");
    for at in 0..torn.len() {
        let is_lost = torn[at..].starts_with(BEFORE) && without_checksum(&torn[at..]).is_some();
        assert!(!is_lost, "a line that counts is taken away");
    }
    let again: Vec<Vec<u8>> = lines.iter().map(append_of).collect();
    let again = again.concat();
    assert_eq!(parse(&again), Some((lines.clone(), again.len() as u64)));
    if let Some(next) = lines.first() {
        let longer = [counted, &append_of(next)].concat();
        let expected = [&lines[..], &lines[..1]].concat();
        assert_eq!(parse(&longer), Some((expected, longer.len() as u64)));
    }
    Some(lines)
}

/// The bytes that are appended for a line.
fn append_of<T: Line>(line: &T) -> Vec<u8> {
    written(line).expect("memory can be written")
}

fn parse<T: Line>(file: &[u8]) -> Option<(Vec<T>, u64)> {
    match read(Path::new("journal.jsonl"), file) {
        Ok(found) => Some(found),
        Err(BuildError::Damaged { .. }) => None,
        Err(error) => panic!("no file was read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Lines;
    use super::*;
    use crate::decode::fuzz::kept::{mutated, seeds};
    use crate::workdir::{Entry, Journal, Standing, Swapped};

    impl Line for Entry {}

    /// As a file, what [`check`] says of its bytes: opened it is mended, or left as it is.
    fn as_file(folder: &Path, content: &[u8]) {
        let path = folder.join("journal.jsonl");
        std::fs::write(&path, content).unwrap();
        let expected = parse::<Entry>(content);
        let peeked = Journal::peek(&path);
        let Some((entries, whole)) = expected else {
            assert!(matches!(peeked, Err(BuildError::Damaged { .. })));
            assert!(Journal::open(&path).is_err());
            assert_eq!(std::fs::read(&path).unwrap(), content);
            return;
        };
        assert_eq!(peeked.unwrap(), entries);
        let (file, found) = Lines::open::<Entry>(&path).unwrap();
        assert_eq!(found, entries);
        assert_eq!(std::fs::read(&path).unwrap(), content[..whole as usize]);
        let swapped = Entry::Swapped {
            tables: vec![Swapped { version: 7 }],
        };
        file.append(&swapped).unwrap();
        assert_eq!(
            Journal::peek(&path).unwrap(),
            [entries, vec![swapped]].concat()
        );
    }

    /// What entries come to, or that they are damaged.
    fn sum_up(content: &[u8]) {
        let Some((entries, _)) = parse::<Entry>(content) else {
            return;
        };
        match Standing::of(Path::new("journal.jsonl"), entries) {
            Ok(standing) => {
                standing.runs();
                standing.splits_with_rejections();
            }
            Err(error) => assert!(matches!(error, BuildError::Damaged { .. }), "{error}"),
        }
    }

    #[test]
    fn journals_that_are_kept_lose_no_line_and_are_mended_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        for seed in seeds("journal") {
            journal(&seed);
            if let Some(file) = run::<Entry>(&seed) {
                as_file(folder.path(), &file);
                sum_up(&file);
            }
        }
    }

    #[test]
    fn mutations_of_journals_lose_no_line() {
        for seed in seeds("journal") {
            for number in 0..32 {
                let input = mutated(&seed, number);
                println!("{number}: {:?}", String::from_utf8_lossy(&input));
                journal(&input);
                if let Some(file) = run::<Entry>(&input) {
                    sum_up(&file);
                }
            }
        }
    }
}
