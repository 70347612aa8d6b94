//! What a component may use.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{self, ByteSize};

/// What a component may use: the `[limits]` of a job. An honest component never meets a default. A job refuses limits of 0,
/// by which nothing could be done: only `fuel_per_record`, `fuel_per_byte` and `output` can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Fuel of any call, whatever it is given. A unit is about one WebAssembly instruction; a core burns
    /// between one and three thousand million of them a second.
    pub fuel_base: u64,
    /// Fuel that each row of a call adds. A Rust component spends a thousand on a row, a Python one ten thousand.
    pub fuel_per_record: u64,
    /// Fuel that each byte handed to a call adds.
    pub fuel_per_byte: u64,
    /// Linear memory of one instance, all its memories together. A window is drained early at half of it.
    pub memory: ByteSize,
    /// Elements of each of its tables.
    pub table_elements: u64,
    /// Core instances, and likewise memories and tables, that a component may be made of.
    pub instances: u32,
    /// Stack of a call. Threads that call components need [`Limits::thread_stack_bytes`].
    pub stack: ByteSize,
    /// How long a call may take by the clock on the wall, whatever fuel it has left.
    #[serde(with = "units::duration")]
    pub call_time: Duration,
    /// Bytes of one answer.
    pub answer: ByteSize,
    /// Bytes of the text and binary columns of one key. A record that makes a larger one goes to the quarantine;
    /// nothing of it counts.
    pub key: ByteSize,
    /// Bytes of the text and binary columns of the state of one key. A record whose own state is larger goes to the
    /// quarantine. Where it is the states of many records that come to more, none of them is at fault: the run ends
    /// with the name of the key, each time it is started, until the limit is raised.
    pub state: ByteSize,
    /// Bytes that an instance may write to its standard output, and as many to its standard error; what
    /// comes after is dropped.
    pub output: ByteSize,
    /// Size of the `.wasm` file.
    pub component: ByteSize,
    /// Time to compile it.
    #[serde(with = "units::duration")]
    pub compile_time: Duration,
    /// Memory that this process may grow by while it compiles it, where the system says how large it is.
    pub compile_memory: ByteSize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            fuel_base: 5_000_000_000,
            fuel_per_record: 1_000_000,
            fuel_per_byte: 5_000,
            memory: ByteSize::mib(512),
            table_elements: 1_000_000,
            instances: 1_000,
            stack: ByteSize::kib(512),
            call_time: Duration::from_secs(300),
            answer: ByteSize::mib(256),
            key: ByteSize::mib(1),
            state: ByteSize::mib(16),
            output: ByteSize::mib(1),
            component: ByteSize::mib(256),
            compile_time: Duration::from_secs(300),
            compile_memory: ByteSize::gib(4),
        }
    }
}

/// What the host itself needs of a thread's stack, below the component's.
const HOST_STACK: ByteSize = ByteSize::mib(1);

impl Limits {
    /// What `stack` may be: what wasmtime can work with, and what a thread can have.
    pub const STACK: RangeInclusive<ByteSize> = ByteSize::kib(64)..=ByteSize::mib(256);

    /// The fuel of a call that is given `rows` rows in `bytes` bytes.
    pub(super) fn fuel(&self, rows: u64, bytes: u64) -> u64 {
        self.fuel_base
            .saturating_add(self.fuel_per_record.saturating_mul(rows))
            .saturating_add(self.fuel_per_byte.saturating_mul(bytes))
    }

    /// The limits that decide which records are rejected, by their names: a record may be folded under one of them and
    /// rejected under a lower one.
    pub fn deciding(&self) -> BTreeMap<String, u64> {
        let limits = [
            ("fuel_base", self.fuel_base),
            ("fuel_per_record", self.fuel_per_record),
            ("fuel_per_byte", self.fuel_per_byte),
            ("memory", self.memory.0),
            ("table_elements", self.table_elements),
            ("stack", self.stack.0),
            ("answer", self.answer.0),
            ("key", self.key.0),
            ("state", self.state.0),
        ];
        BTreeMap::from(limits.map(|(name, limit)| (name.to_owned(), limit)))
    }

    /// Limits of which those are known that [`deciding`](Limits::deciding) gives, the others being the default.
    pub(crate) fn of_deciding(deciding: &BTreeMap<String, u64>) -> Self {
        let mut limits = Limits::default();
        let Limits {
            fuel_base,
            fuel_per_record,
            fuel_per_byte,
            memory,
            table_elements,
            stack,
            answer,
            key,
            state,
            ..
        } = &mut limits;
        let places = [
            ("fuel_base", fuel_base),
            ("fuel_per_record", fuel_per_record),
            ("fuel_per_byte", fuel_per_byte),
            ("memory", &mut memory.0),
            ("table_elements", table_elements),
            ("stack", &mut stack.0),
            ("answer", &mut answer.0),
            ("key", &mut key.0),
            ("state", &mut state.0),
        ];
        for (name, place) in places {
            if let Some(limit) = deciding.get(name) {
                *place = *limit;
            }
        }
        limits
    }

    /// The stack, in bytes, that a thread needs which opens or calls an instance. On a thread that has less, a
    /// component's deep recursion would not be a trap but the end of the process. With the default limits it
    /// is below the 2 MiB that Rust gives its threads.
    pub fn thread_stack_bytes(&self) -> usize {
        self.stack_bytes() + HOST_STACK.bytes()
    }

    /// The stack of a call, kept within [`Limits::STACK`].
    pub(super) fn stack_bytes(&self) -> usize {
        self.stack
            .clamp(*Self::STACK.start(), *Self::STACK.end())
            .bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuel_is_base_and_rows_and_bytes_and_never_wraps() {
        let limits = Limits {
            fuel_base: 7,
            fuel_per_record: 10,
            fuel_per_byte: 3,
            ..Limits::default()
        };
        assert_eq!(limits.fuel(2, 4), 7 + 20 + 12);
        assert_eq!(limits.fuel(u64::MAX, 4), u64::MAX);
    }

    #[test]
    fn deciding_limits_are_read_as_they_were_written() {
        let mut written = Limits::default().deciding();
        let numbers = (1..).map(|n| n * 65_537);
        written
            .values_mut()
            .zip(numbers)
            .for_each(|(limit, number)| *limit = number);
        assert_eq!(Limits::of_deciding(&written).deciding(), written);
        assert_eq!(Limits::of_deciding(&BTreeMap::new()), Limits::default());
    }

    #[test]
    fn the_default_fits_an_ordinary_thread() {
        assert!(Limits::default().thread_stack_bytes() <= 2 << 20);
    }

    #[test]
    fn a_job_names_only_what_it_changes() {
        let limits: Limits = toml::from_str("memory = \"1 GiB\"\ncompile_time = \"10s\"").unwrap();
        assert_eq!(
            limits,
            Limits {
                memory: ByteSize::gib(1),
                compile_time: Duration::from_secs(10),
                ..Limits::default()
            }
        );
        assert!(toml::from_str::<Limits>("memori = 1").is_err());
    }
}
