//! The limits of a component.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{self, ByteSize};

/// The limits of a component: the `[limits]` of a job. The defaults are far above the needs of a usual component. A job may
/// set only `fuel_per_record`, `fuel_per_byte` and `output` to 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The fuel of each call, before rows and bytes are added. A unit is about one WebAssembly instruction; a core burns
    /// one to three thousand million units in a second.
    pub fuel_base: u64,
    /// The fuel for each row of a call. A Rust component takes a few thousand for a row, a Python component up to a hundred
    /// thousand.
    pub fuel_per_record: u64,
    /// The fuel for each byte that a call is given.
    pub fuel_per_byte: u64,
    /// The linear memory of one instance, all its memories together. At half of it, a window is drained early, and a fresh
    /// instance goes on.
    pub memory: ByteSize,
    /// The elements of each of its tables.
    pub table_elements: u64,
    /// The core instances of a component, and also its memories and its tables.
    pub instances: u32,
    /// The stack of a call. Threads that call components need [`Limits::thread_stack_bytes`].
    pub stack: ByteSize,
    /// The time of a call, even if it has fuel left.
    #[serde(with = "units::duration")]
    pub call_time: Duration,
    /// The bytes of one answer.
    pub answer: ByteSize,
    /// The bytes of the text and binary columns of one key. A record with a larger key goes to the quarantine, and nothing
    /// of it counts.
    pub key: ByteSize,
    /// The bytes of the text and binary columns in the state of one key. A record whose own state is larger goes to the
    /// quarantine. If the combined state of many records is larger, none of them is at fault: the run fails with the
    /// name of the key, until the limit is raised.
    pub state: ByteSize,
    /// The bytes that an instance may write to its standard output, and to its standard error. The rest is
    /// dropped.
    pub output: ByteSize,
    /// The size of the `.wasm` file.
    pub component: ByteSize,
    /// The CPU time of this process to compile the file.
    #[serde(with = "units::duration")]
    pub compile_time: Duration,
    /// The memory by which this process may grow while it compiles the file, if the system tells it.
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

/// The part of a thread's stack that the host needs, below that of the component.
const HOST_STACK: ByteSize = ByteSize::mib(1);

impl Limits {
    /// The values that `stack` may have: wasmtime needs the least, and a thread can have the greatest.
    pub const STACK: RangeInclusive<ByteSize> = ByteSize::kib(64)..=ByteSize::mib(256);

    /// The fuel of a call that is given `rows` rows in `bytes` bytes.
    pub(super) fn fuel(&self, rows: u64, bytes: u64) -> u64 {
        self.fuel_base
            .saturating_add(self.fuel_per_record.saturating_mul(rows))
            .saturating_add(self.fuel_per_byte.saturating_mul(bytes))
    }

    /// The limits that decide which records are rejected, by name: a lower one of them may reject a record that this one
    /// does not.
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

    /// The stack in bytes of a thread that opens or calls an instance. On a thread with less, a deep recursion of the
    /// component would end the process instead of trapping. With the default limits it is below 2 MiB, the stack of
    /// Rust's threads.
    pub fn thread_stack_bytes(&self) -> usize {
        self.stack_bytes() + HOST_STACK.bytes()
    }

    /// The stack of a call, limited to [`Limits::STACK`].
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
