//! What all archives share: the order of keys, the cut into splits, and the facts about the whole input.
//!
//! A driver calls [`Freezing::below`] to learn which folders to list, lists their objects by rising key (as bytes),
//! calls [`Freezing::wants`] with each key before it looks at the object, and gives the wanted objects to
//! [`Freezing::push`]. [`Freezing`] holds one split at a time.
//!
//! # How an archive is cut
//! The splits of a small archive must be small, or most workers idle; those of a large one should be large. The size
//! of the whole is known when the list ends, and the first splits are written down long before. So splits grow: a
//! split has at most 2 MiB or a 32nd of all bytes before it, whichever is more, and at most `split_size`. An object
//! counts as 64 KiB here if it is smaller, for the time that a request takes. Above 64 MiB, an archive has more than
//! 32 splits, none of them larger than a 32nd of the whole unless a single object is.
//!
//! The cut depends on the objects and on `split_size` alone. It is the same with any number of workers, so a build
//! can be resumed with another number; and the table never depends on the cut.

use std::borrow::Cow;
use std::time::Duration;

use crate::source::coverage::Coverage;
use crate::source::layout::{Below, Beside, LATENESS, Layout, Narrowing};
use crate::source::range::show_us;
use crate::source::selection::{KeyPattern, Selection};
use crate::source::{EventRange, Frozen, KeyFields, Object, SourceError, Split, SplitInput};
use crate::units::ByteSize;

mod handoff;
mod skipped;

use handoff::Positions;
use skipped::Skipped;

/// The default of `split_size`.
pub const SPLIT_SIZE: ByteSize = ByteSize::mib(64);

/// How many objects a split holds at most, so that one of tiny objects stays small in memory and on disk.
pub const OBJECTS_PER_SPLIT: usize = 1024;

/// How many bytes a split may always have, however little comes before it.
const SMALLEST_LIMIT_BYTES: u64 = 2 << 20;

/// A split may have one part in this number of all bytes before it.
const PARTS_OF_THE_INPUT: u64 = 32;

/// How many bytes an object counts as when splits grow, if it has fewer.
const OBJECT_COST_BYTES: u64 = 64 << 10;

/// How an archive is cut, whatever it is kept in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveOptions {
    /// The text that all keys begin with; the layout describes the rest of a key.
    pub prefix: String,
    /// The folders above the root of keys that belong to a key all the same where the layout reads it: empty, or ending
    /// in `/`. So one folder of an archive is read as in the whole archive.
    pub above: String,
    /// How the keys are built.
    pub layout: Layout,
    /// The patterns of keys to read; empty for all.
    pub include: Vec<KeyPattern>,
    /// The patterns of keys to leave out.
    pub exclude: Vec<KeyPattern>,
    /// How far an event may lie outside the time in its key.
    pub lateness: Duration,
    /// How many stored bytes a split has at most. A larger object is a split of its own. Early splits are smaller, so
    /// that all workers have work.
    pub split_size: ByteSize,
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        ArchiveOptions {
            prefix: String::new(),
            above: String::new(),
            layout: Layout::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            lateness: LATENESS,
            split_size: SPLIT_SIZE,
        }
    }
}

/// An archive that is being planned.
#[derive(Debug)]
pub struct Freezing {
    range: EventRange,
    layout: Layout,
    prefix: String,
    above: String,
    selection: Selection,
    skipped: Skipped,
    narrowing: Narrowing,
    /// Objects whose keys are not built as the layout has it, and the first of these keys.
    misfits: u64,
    first_misfit: Option<String>,
    coverage: Coverage,
    positions: Positions,
    cutter: Cutter,
    frozen: Frozen,
    last_key: Option<String>,
}

impl Freezing {
    /// Begins the plan of the driver `source`.
    pub fn new(source: &str, options: &ArchiveOptions, range: EventRange) -> Self {
        Freezing {
            range,
            layout: options.layout.clone(),
            prefix: options.prefix.clone(),
            above: options.above.clone(),
            selection: Selection::new(&options.include, &options.exclude),
            skipped: Skipped::default(),
            misfits: 0,
            first_misfit: None,
            coverage: Coverage::default(),
            narrowing: Narrowing::new(&options.layout, &options.prefix, options.lateness, range),
            positions: Positions::new(source, range, options.lateness),
            cutter: Cutter::new(options.split_size),
            frozen: Frozen::default(),
            last_key: None,
        }
    }

    /// Whether the object of this key may hold events of the range, and is neither left out by `include` and `exclude`
    /// nor known by the layout to hold something else. Objects that are not wanted are counted.
    pub fn wants(&mut self, key: &str) -> bool {
        let below = self.key_of_layout(key);
        if !self.selection.wants(&below) {
            self.skipped.add_unselected(key);
            return false;
        }
        let beside = self.layout.beside(&below);
        let is_doubtful = self.layout == Layout::None && beside != Some(Beside::FolderMarker);
        match beside {
            Some(beside) if is_doubtful => self.skipped.add_doubtful(beside, key),
            Some(beside) => {
                self.skipped.add(beside, key);
                return false;
            }
            None => {}
        }
        self.narrowing.wants(key)
    }

    /// Which of the keys that begin with `folder`, which is empty or ends in `/`, are wanted. To be called once for each
    /// folder: those without a wanted key are counted.
    pub fn below(&self, folder: &str) -> Below {
        self.narrowing.below(folder)
    }

    /// Takes the next object, whose key is greater than that of the one before, and gives back the split
    /// that is complete without it.
    pub fn push(&mut self, mut object: Object) -> Option<Split> {
        debug_assert!(
            self.last_key.as_ref().is_none_or(|last| *last < object.key),
            "keys do not rise"
        );
        self.frozen.objects += 1;
        self.frozen.size_bytes += object.size_bytes;
        self.last_key = Some(object.key.clone());
        object.key_fields = self.key_fields(&object.key);
        let span = self.layout.span(&self.key_of_layout(&object.key));
        self.positions.see(&object, span);
        let split = self.cutter.push(object);
        self.frozen.splits += u64::from(split.is_some());
        split
    }

    /// A key as the layout and the patterns read it.
    fn key_of_layout<'a>(&self, key: &'a str) -> Cow<'a, str> {
        let below = key.strip_prefix(&self.prefix).unwrap_or(key);
        match self.above.as_str() {
            "" => below.into(),
            above => format!("{above}{below}").into(),
        }
    }

    /// The facts about an object's records that its key holds.
    fn key_fields(&mut self, key: &str) -> Option<Box<KeyFields>> {
        let Some(key_fields) = self.layout.key_fields(&self.key_of_layout(key)) else {
            self.misfits += 1;
            self.first_misfit.get_or_insert_with(|| key.to_owned());
            return None;
        };
        self.coverage.see(&key_fields);
        (!key_fields.is_empty()).then(|| Box::new(key_fields))
    }

    /// The last split, and the facts about the whole input. `notes` are the driver's own remarks.
    ///
    /// # Errors
    /// [`SourceError::Empty`] or [`SourceError::NothingInRange`], naming `place`, if no object was taken.
    pub fn finish(
        mut self,
        place: &str,
        notes: Vec<String>,
    ) -> Result<(Split, Frozen), SourceError> {
        let mut skipped = self.skipped.notes();
        let Some(last_split) = self.cutter.finish() else {
            skipped.extend(notes);
            let place = place.to_owned();
            return Err(
                match (
                    self.narrowing.passed_over(),
                    self.narrowing.folders_passed_over(),
                ) {
                    (0, 0) => SourceError::Empty {
                        place,
                        passed_over: skipped,
                    },
                    (objects, folders) => SourceError::NothingInRange {
                        place,
                        objects,
                        folders,
                        lateness: self.narrowing.lateness(),
                    },
                },
            );
        };
        self.frozen.splits += 1;
        let (handoff, about_handoff) = self.positions.finish();
        self.frozen.handoff = handoff;
        self.frozen.notes = self.narrowing.notes();
        self.frozen.notes.extend(skipped);
        if let Some(first) = self.first_misfit {
            self.frozen.notes.push(format!(
                "Objects read whose keys are not built as the layout has it: {}, the first of them `{first}`.",
                self.misfits
            ));
        }
        self.frozen.notes.extend(self.coverage.notes(&self.range));
        self.frozen.notes.extend(about_handoff);
        self.frozen.notes.extend(notes);
        Ok((last_split, self.frozen))
    }
}

/// The description of an object in plans and errors.
pub(crate) fn describe(object: &Object) -> String {
    format!(
        "{} bytes, modified at {}",
        object.size_bytes,
        show_us(object.modified_us)
    )
}

/// Cuts a list of objects into splits, which grow as the module's documentation says.
#[derive(Debug)]
struct Cutter {
    split_size: u64,
    next_number: u64,
    objects: Vec<Object>,
    size_bytes: u64,
    /// The bytes of `objects`, small ones counted as [`OBJECT_COST_BYTES`].
    cost_bytes: u64,
    /// The same of all splits before.
    cost_bytes_before: u64,
}

impl Cutter {
    fn new(split_size: ByteSize) -> Self {
        Cutter {
            split_size: split_size.0,
            next_number: 0,
            objects: Vec::new(),
            size_bytes: 0,
            cost_bytes: 0,
            cost_bytes_before: 0,
        }
    }

    fn push(&mut self, object: Object) -> Option<Split> {
        let cost_bytes = object.size_bytes.max(OBJECT_COST_BYTES);
        let cost_limit = SMALLEST_LIMIT_BYTES.max(self.cost_bytes_before / PARTS_OF_THE_INPUT);
        let is_full = self.objects.len() == OBJECTS_PER_SPLIT
            || self.size_bytes.saturating_add(object.size_bytes) > self.split_size
            || self.cost_bytes.saturating_add(cost_bytes) > cost_limit;
        let split = if is_full { self.cut() } else { None };
        self.size_bytes = self.size_bytes.saturating_add(object.size_bytes);
        self.cost_bytes = self.cost_bytes.saturating_add(cost_bytes);
        self.objects.push(object);
        split
    }

    fn finish(mut self) -> Option<Split> {
        self.cut()
    }

    fn cut(&mut self) -> Option<Split> {
        if self.objects.is_empty() {
            return None;
        }
        let cost_bytes = std::mem::take(&mut self.cost_bytes);
        self.cost_bytes_before = self.cost_bytes_before.saturating_add(cost_bytes);
        let split = Split {
            number: self.next_number,
            size_bytes: std::mem::take(&mut self.size_bytes),
            input: SplitInput::Objects(std::mem::take(&mut self.objects)),
        };
        self.next_number += 1;
        Some(split)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(number: usize, size_bytes: u64) -> Object {
        Object {
            key: format!("{number:08}"),
            size_bytes,
            etag: number.to_string(),
            version: None,
            modified_us: 0,
            key_fields: None,
        }
    }

    fn freeze(sizes: &[u64], split_size: u64) -> (Vec<Split>, Frozen) {
        let options = ArchiveOptions {
            split_size: ByteSize(split_size),
            ..ArchiveOptions::default()
        };
        let mut freezing = Freezing::new("test", &options, EventRange::default());
        let mut splits: Vec<Split> = sizes
            .iter()
            .enumerate()
            .filter_map(|(number, size)| freezing.push(object(number, *size)))
            .collect();
        let (last, frozen) = freezing
            .finish("here", Vec::new())
            .expect("there are objects");
        splits.push(last);
        (splits, frozen)
    }

    fn objects(split: &Split) -> &[Object] {
        match &split.input {
            SplitInput::Objects(objects) => objects,
            other => panic!("not objects: {other:?}"),
        }
    }

    proptest! {
        #[test]
        fn every_object_is_in_one_split_in_order(
            sizes in prop::collection::vec(prop_oneof![Just(0u64), 1u64..200, 1u64 << 40..1 << 41], 1..300),
            split_size in 0u64..1000,
        ) {
            let (splits, frozen) = freeze(&sizes, split_size);
            let all: Vec<Object> = splits.iter().flat_map(|split| objects(split).to_vec()).collect();
            let expected: Vec<Object> = sizes.iter().enumerate().map(|(number, size)| object(number, *size)).collect();
            prop_assert_eq!(all, expected);
            for (number, split) in splits.iter().enumerate() {
                prop_assert_eq!(split.number, number as u64);
                prop_assert_eq!(split.size_bytes, objects(split).iter().map(|object| object.size_bytes).sum::<u64>());
                prop_assert!(split.size_bytes <= split_size || objects(split).iter().filter(|object| object.size_bytes > 0).count() == 1);
            }
            // Each split has all that it may have: the next object is one too many.
            let cost = |objects: &[Object]| objects.iter().map(|object| object.size_bytes.max(OBJECT_COST_BYTES)).sum::<u64>();
            let mut before = 0;
            for pair in splits.windows(2) {
                let (split, next) = (objects(&pair[0]), &objects(&pair[1])[..1]);
                let limit = SMALLEST_LIMIT_BYTES.max(before / PARTS_OF_THE_INPUT);
                prop_assert!(
                    pair[0].size_bytes + next[0].size_bytes > split_size || cost(split) + cost(next) > limit
                );
                prop_assert!(split.len() == 1 || cost(split) <= limit);
                before += cost(split);
            }
            prop_assert_eq!(frozen.splits, splits.len() as u64);
            prop_assert_eq!(frozen.objects, sizes.len() as u64);
            prop_assert_eq!(frozen.size_bytes, sizes.iter().sum::<u64>());
        }
    }

    fn lengths(splits: &[Split]) -> Vec<usize> {
        splits.iter().map(|split| objects(split).len()).collect()
    }

    #[test]
    fn many_tiny_objects_are_cut_by_their_number() {
        let (splits, _) = freeze(&[1; 40 * OBJECTS_PER_SPLIT], u64::MAX);
        let lengths = lengths(&splits);
        assert_eq!(lengths[..2], [32, 32]);
        assert_eq!(lengths[lengths.len() - 3..][..2], [OBJECTS_PER_SPLIT; 2]);
    }

    #[test]
    fn small_objects_are_work_for_more_than_one_worker() {
        let (splits, _) = freeze(&[86_000; 168], SPLIT_SIZE.0);
        assert_eq!(lengths(&splits), [24, 24, 24, 24, 24, 24, 24]);
    }

    #[test]
    fn no_split_is_a_large_part_of_the_whole_and_large_archives_have_large_splits() {
        for objects in [2_000, 20_000, 200_000] {
            let (splits, frozen) = freeze(&vec![1 << 20; objects], SPLIT_SIZE.0);
            let largest = splits
                .iter()
                .map(|split| split.size_bytes)
                .max()
                .unwrap_or(0);
            assert!(
                largest <= frozen.size_bytes / PARTS_OF_THE_INPUT,
                "{objects}"
            );
            let of_full_size = frozen.size_bytes.div_ceil(SPLIT_SIZE.0);
            assert!(
                frozen.splits < of_full_size + 170,
                "{objects}: {}",
                frozen.splits
            );
        }
    }

    #[test]
    fn what_keys_say_goes_with_the_objects_and_is_told() {
        let options = ArchiveOptions {
            prefix: "raw/".to_owned(),
            layout: serde_json::from_str(r#""confluent""#).expect("a layout"),
            ..ArchiveOptions::default()
        };
        let mut freezing = Freezing::new("test", &options, EventRange::default());
        for key in [
            "raw/topics/clicks/partition=0/clicks+0+0000000000.json",
            "raw/topics/clicks/partition=0/clicks+0+0000000100.json",
            "raw/topics/clicks/readme.txt",
        ] {
            let object = Object {
                key: key.to_owned(),
                ..object(0, 1)
            };
            assert_eq!(freezing.push(object), None);
        }
        let (split, frozen) = freezing.finish("here", Vec::new()).expect("objects");
        let key_fields: Vec<String> = objects(&split)
            .iter()
            .map(|object| serde_json::to_string(&object.key_fields).expect("serialized"))
            .collect();
        insta::assert_snapshot!(key_fields.join("\n"), @r#"
        {"topic":"clicks","partition":0,"offset":0,"columns":{"partition":"0"}}
        {"topic":"clicks","partition":0,"offset":100,"columns":{"partition":"0"}}
        null
        "#);
        insta::assert_snapshot!(frozen.notes.join("\n"), @r"
        Objects read whose keys are not built as the layout has it: 1, the first of them `raw/topics/clicks/readme.txt`.
        clicks/0 has 2 objects, which start at offsets 0 to 100.
        ");
    }

    #[test]
    fn patterns_and_layout_read_the_key_below_the_prefix() {
        let options = ArchiveOptions {
            prefix: "raw/".to_owned(),
            layout: Layout::firehose(),
            exclude: vec![KeyPattern::try_from("old/".to_owned()).expect("a pattern")],
            ..ArchiveOptions::default()
        };
        let mut freezing = Freezing::new("test", &options, EventRange::default());
        let wanted = [
            "raw/2026/01/31/10/a",
            "raw/old/a",
            "raw/x/old/a",
            "raw/splunk-failed/a",
        ]
        .map(|key| freezing.wants(key));
        assert_eq!(wanted, [true, false, true, false]);
        let notes = freezing.skipped.notes().join("\n");
        assert!(
            notes.contains("`exclude`: 1, the first of them `raw/old/a`"),
            "{notes}"
        );
    }

    #[test]
    fn an_object_of_which_nothing_is_said_is_written_as_ever() {
        let line = serde_json::to_string(&object(7, 1)).expect("serialized");
        assert_eq!(
            line,
            r#"{"key":"00000007","size_bytes":1,"etag":"7","modified_us":0}"#
        );
    }
}
