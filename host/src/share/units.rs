//! Units: consecutive splits of a plan, of about equal size.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use super::documents::Unit;
use crate::fault_point::{around, before};
use crate::source::Split;
use crate::workdir::BuildError;

/// The bytes of a unit where its number is not given: minutes of work for a core.
const UNIT_BYTES: u64 = 1 << 30;

/// The most units where their number is not given.
const MOST_UNITS: u64 = 1_000;

/// The default number of units of a plan, given the number of its splits and their bytes. Splits of a log have no bytes: each of
/// them is a unit.
pub(super) fn default_units(splits: u64, size_bytes: u64) -> u64 {
    let units = match size_bytes {
        0 => splits,
        _ => size_bytes.div_ceil(UNIT_BYTES),
    };
    units.clamp(1, MOST_UNITS)
}

/// Cuts the splits of the file `splits` into units, at most `units` of them, and writes them to the file `into`, a line
/// each. Gives their number and the BLAKE3 of the file, in hexadecimal.
///
/// Each unit has a split at least. Splits are never held in memory all at once.
pub(super) fn cut(splits: &Path, units: u64, into: &Path) -> Result<(u64, String), BuildError> {
    let mut total = Weights::default();
    lines(splits, |_, split| {
        total.add(&split);
        Ok(())
    })?;
    let mut writer = UnitWriter::create(into)?;
    let mut cutter = Cutter::new(total, units);
    lines(splits, |line, split| match cutter.take(line, &split) {
        Some(unit) => writer.write(&unit),
        None => Ok(()),
    })?;
    if let Some(last) = cutter.finish() {
        writer.write(&last)?;
    }
    writer.finish()
}

/// Gives each line of a plan to `take`, its end included, and its split.
fn lines(
    path: &Path,
    mut take: impl FnMut(&[u8], Split) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let file = before("read the splits to stage").and_then(|()| File::open(path));
    let mut reader = BufReader::new(file.map_err(BuildError::io("opening", path))?);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        if read.map_err(BuildError::io("reading", path))? == 0 {
            return Ok(());
        }
        let split = serde_json::from_slice(&line).map_err(|error| BuildError::Damaged {
            path: path.to_owned(),
            what: error.to_string(),
        })?;
        take(&line, split)?;
    }
}

/// How much there is to read: bytes of objects, and offsets of logs.
#[derive(Clone, Copy, Default)]
struct Weights {
    splits: u64,
    weight: u64,
}

impl Weights {
    fn add(&mut self, split: &Split) {
        self.splits += 1;
        self.weight += weight(split);
    }
}

/// The weight of a split; never 0, so that empty objects are spread as well.
fn weight(split: &Split) -> u64 {
    1 + split.size_bytes.max(split.offsets())
}

/// Cuts a stream of splits.
struct Cutter {
    total: Weights,
    units: u64,
    seen: Weights,
    /// Bytes of the plan before the next line.
    position: u64,
    number: u64,
    open: Option<(Unit, blake3::Hasher)>,
}

impl Cutter {
    fn new(total: Weights, units: u64) -> Self {
        Cutter {
            units: units.clamp(1, total.splits.max(1)),
            total,
            seen: Weights::default(),
            position: 0,
            number: 0,
            open: None,
        }
    }

    /// Takes the next split; gives the unit that it is the last one of.
    fn take(&mut self, line: &[u8], split: &Split) -> Option<Unit> {
        let (unit, hasher) = self.open.get_or_insert_with(|| {
            let unit = Unit {
                unit: self.number,
                first: self.seen.splits,
                until: self.seen.splits,
                bytes: [self.position; 2],
                digest: String::new(),
                size_bytes: 0,
            };
            (unit, blake3::Hasher::new())
        });
        self.seen.add(split);
        self.position += line.len() as u64;
        hasher.update(line);
        unit.until = self.seen.splits;
        unit.bytes[1] = self.position;
        unit.size_bytes += split.size_bytes;
        let units_left = self.units - self.number - 1;
        let splits_left = self.total.splits - self.seen.splits;
        let share = u128::from(self.total.weight) * u128::from(self.number + 1);
        let is_full = u128::from(self.seen.weight) * u128::from(self.units) >= share;
        let ends = units_left > 0 && (is_full || splits_left <= units_left);
        if ends { self.finish() } else { None }
    }

    /// The unit at hand.
    fn finish(&mut self) -> Option<Unit> {
        let (mut unit, hasher) = self.open.take()?;
        unit.digest = hasher.finalize().to_hex().to_string();
        self.number += 1;
        Some(unit)
    }
}

/// Writes `units.jsonl`.
struct UnitWriter<'a> {
    path: &'a Path,
    writer: BufWriter<File>,
    hasher: blake3::Hasher,
    units: u64,
}

impl<'a> UnitWriter<'a> {
    fn create(path: &'a Path) -> Result<Self, BuildError> {
        let file = around("create the units", || File::create(path));
        Ok(UnitWriter {
            path,
            writer: BufWriter::new(file.map_err(BuildError::io("creating", path))?),
            hasher: blake3::Hasher::new(),
            units: 0,
        })
    }

    fn write(&mut self, unit: &Unit) -> Result<(), BuildError> {
        let failed = BuildError::io("writing", self.path);
        let line = serde_json::to_vec(unit).map_err(std::io::Error::from);
        let written = line.and_then(|mut line| {
            line.push(b'\n');
            self.hasher.update(&line);
            self.writer.write_all(&line)
        });
        self.units += 1;
        written.map_err(failed)
    }

    fn finish(mut self) -> Result<(u64, String), BuildError> {
        let flushed = self.writer.flush();
        flushed.map_err(BuildError::io("writing", self.path))?;
        Ok((self.units, self.hasher.finalize().to_hex().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::SplitInput;
    use crate::workdir::SplitWriter;

    fn write(path: &Path, sizes: &[u64]) {
        let mut writer = SplitWriter::create(path).unwrap();
        for (number, size_bytes) in sizes.iter().enumerate() {
            let split = Split {
                number: number as u64,
                size_bytes: *size_bytes,
                input: SplitInput::Objects(vec![]),
            };
            writer.write(&split).unwrap();
        }
        writer.finish().unwrap();
    }

    /// The units that a plan with splits of these sizes is cut into.
    fn cut_into(sizes: &[u64], units: u64) -> Vec<Unit> {
        let folder = tempfile::tempdir().unwrap();
        let [splits, into] = ["splits.jsonl", "units.jsonl"].map(|name| folder.path().join(name));
        write(&splits, sizes);
        let (number, digest) = cut(&splits, units, &into).unwrap();
        let text = std::fs::read(&into).unwrap();
        assert_eq!(digest, blake3::hash(&text).to_hex().as_str());
        let units: Vec<Unit> = text
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(units.len() as u64, number);
        let plan = std::fs::read(&splits).unwrap();
        let (mut split, mut byte) = (0, 0);
        for (place, unit) in units.iter().enumerate() {
            assert_eq!(
                (unit.unit, unit.first, unit.bytes[0]),
                (place as u64, split, byte)
            );
            [_, byte] = unit.bytes;
            let lines = &plan[unit.bytes[0] as usize..byte as usize];
            assert_eq!(unit.digest, blake3::hash(lines).to_hex().as_str());
            let numbers: Vec<u64> = lines
                .split_inclusive(|byte| *byte == b'\n')
                .map(|line| serde_json::from_slice::<Split>(line).unwrap().number)
                .collect();
            assert_eq!(numbers, (unit.first..unit.until).collect::<Vec<_>>());
            split = unit.until;
        }
        assert_eq!((split, byte), (sizes.len() as u64, plan.len() as u64));
        units
    }

    proptest! {
        #[test]
        fn units_are_the_whole_plan_in_order(sizes in prop::collection::vec(0u64..1_000, 1..60), units in 1u64..80) {
            let cut = cut_into(&sizes, units);
            prop_assert_eq!(cut.len() as u64, units.min(sizes.len() as u64));
            prop_assert!(cut.iter().all(|unit| unit.first < unit.until));
        }
    }

    #[test]
    fn units_have_about_the_same_size() {
        let units = cut_into(&[100; 1_000], 7);
        let sizes: Vec<u64> = units.iter().map(|unit| unit.size_bytes).collect();
        assert!(
            sizes.iter().all(|size| (14_000..=14_400).contains(size)),
            "{sizes:?}"
        );
        // A split that is larger than all others is a unit of its own.
        let units = cut_into(&[1, 1, 1_000_000, 1, 1], 3);
        assert_eq!(units[1].until - units[0].until, 1);
    }

    #[test]
    fn the_number_of_units_follows_from_the_size() {
        assert_eq!(default_units(50_000, 20 << 30), 20);
        assert_eq!(default_units(50_000, 1 << 60), 1_000);
        assert_eq!(default_units(12, 0), 12);
        assert_eq!(default_units(0, 0), 1);
    }
}
