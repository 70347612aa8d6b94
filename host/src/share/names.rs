//! The names of the files of a staged build, below its folder in the share.

use ulid::Ulid;

/// What workers need of the build; the last file that `stage` writes.
pub(super) const BUILD: &str = "build.json";

/// The component.
pub(super) const COMPONENT: &str = "component.wasm";

/// The frozen input, as in a work folder.
pub(super) const SPLITS: &str = "splits.jsonl";

/// The units, a line each.
pub(super) const UNITS: &str = "units.jsonl";

/// The chosen attempt of each unit.
pub(super) const SEALED: &str = "sealed.json";

/// Where the keys are cut into ranges.
pub(super) const RANGES: &str = "ranges.json";

/// The folder of merged ranges.
pub(super) const RANGES_FOLDER: &str = "ranges";

/// The units of the second round.
pub(super) const SECOND_ROUND: &str = "rounds/2.json";

/// The folder of permanent failures.
pub(super) const FAILED: &str = "failed";

/// The files of an attempt: what it did, written last; the records that were rejected; the schemas that it learned.
pub(super) const DONE: &str = "done.json";
pub(super) const QUARANTINE: &str = "quarantine.jsonl";
pub(super) const SCHEMAS: &str = "schemas.jsonl";

/// The permanent failure of a unit.
pub(super) fn failed(unit: u64) -> String {
    format!("{FAILED}/{unit:010}.json")
}

/// The folder of a round's attempts.
pub(super) fn round(round: u32) -> String {
    format!("rounds/{round}")
}

/// The folder of a unit's attempts.
pub(super) fn unit(round: u32, unit: u64) -> String {
    format!("rounds/{round}/{unit:010}")
}

/// A file of an attempt.
pub(super) fn of_attempt(round: u32, unit: u64, attempt: &str, file: &str) -> String {
    format!("rounds/{round}/{unit:010}/{attempt}/{file}")
}

/// The folder of the attempts at a range.
pub(super) fn range(range: u64) -> String {
    format!("{RANGES_FOLDER}/{range:010}")
}

/// A file of an attempt at a range.
pub(super) fn of_range(range: u64, attempt: &str, file: &str) -> String {
    format!("{RANGES_FOLDER}/{range:010}/{attempt}/{file}")
}

/// The run of a merged range: names sort as the ranges do.
pub(super) fn merged_run(range: u64) -> String {
    format!("range-{range:010}.arrow")
}

/// A file of an attempt, by its parts.
pub(super) struct AttemptFile<'a> {
    pub(super) unit: u64,
    pub(super) attempt: &'a str,
    pub(super) file: &'a str,
}

impl<'a> AttemptFile<'a> {
    /// The parts of a name below [`round`]; `None` where it is no file of an attempt.
    pub(super) fn parse(round: u32, name: &'a str) -> Option<Self> {
        let folder = self::round(round);
        let below = name.strip_prefix(folder.as_str())?.strip_prefix('/')?;
        let mut parts = below.splitn(3, '/');
        let (unit, attempt, file) = (parts.next()?, parts.next()?, parts.next()?);
        Ulid::from_string(attempt).ok()?;
        Some(AttemptFile {
            unit: unit.parse().ok()?,
            attempt,
            file,
        })
    }
}

/// The unit of a name in [`FAILED`].
pub(super) fn failed_unit(name: &str) -> Option<u64> {
    let file = name
        .strip_prefix(FAILED)?
        .strip_prefix('/')?
        .strip_suffix(".json")?;
    file.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_made() {
        let attempt = Ulid::new().to_string();
        let name = of_attempt(2, 17, &attempt, DONE);
        assert!(name.starts_with(&unit(2, 17)) && name.starts_with(&round(2)));
        let parsed = AttemptFile::parse(2, &name).unwrap();
        assert_eq!(
            (parsed.unit, parsed.attempt, parsed.file),
            (17, &*attempt, DONE)
        );
        for other in [
            AttemptFile::parse(1, &name),
            AttemptFile::parse(2, SECOND_ROUND),
            AttemptFile::parse(2, "rounds/2/0000000017/notes/done.json"),
        ] {
            assert!(other.is_none());
        }
        assert_eq!(failed_unit(&failed(17)), Some(17));
        assert_eq!(failed_unit("failed/notes.txt"), None);
    }
}
