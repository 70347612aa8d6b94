//! `from` and `to` of a job: the part of history that is folded.
//!
//! A bound is parsed when the job is loaded. It becomes a moment or offsets when the build is planned, and the plan
//! stores those: a resumed run folds the same range as the first one.
//!
//! | written | as `from` | as `to` |
//! |---|---|---|
//! | `2026-01-01` | midnight UTC | midnight UTC: that day is outside |
//! | `2026-01-01T10:00Z`, `2026-01-01T12:00:00.5+02:00` | that moment | that moment |
//! | `-48h`, `-7d`, `-1h 30m` | this long before the plan | this long before the plan |
//! | `now` | the moment of the plan | the moment of the plan |
//! | `earliest`, `start` | no bound | |
//! | `latest`, `end` | | no bound: everything that the plan finds, whatever its time |
//!
//! `latest` differs from `now` for events whose clocks are ahead: they belong to an input without an end.
//!
//! For Kafka, a bound can also be an offset. An offset as `to` is outside the range.
//!
//! | written | meaning |
//! |---|---|
//! | `100` | this offset, in every partition |
//! | `+100` | 100 offsets after the start of each partition; in TOML it needs quotes, or it is read as `100` |
//! | `-100` | 100 offsets before the end of each partition |
//! | `clicks/0=100,clicks/1=250` | an offset for each partition; `clicks/` can be left out if there is only one topic |
//! | `{ "clicks/0" = 100, 1 = 250 }` | the same as a TOML table |
//!
//! The whole range can be one string, `range = "@-48h:-24h"`, as in `rpk topic consume --offset`:
//!
//! | written | meaning |
//! |---|---|
//! | `100:200` | from the first offset to before the second, in every partition |
//! | `100:`, `100` | from this offset on |
//! | `:200` | up to before this offset |
//! | `start:end`, `:end` | everything |
//! | `+10:`, `-10:` | from 10 offsets after the start on; the last 10 offsets |
//! | `@2026-01-01:2026-01-31` | from the first time to before the second; both can be written as in `from` and `to` |
//! | `@1767225600:1767225601500` | the same in seconds (10 digits) and milliseconds (13 digits) since 1970 |
//! | `@-48h:-24h`, `@-1h:end` | from 48 hours before the plan to before 24 hours before it, or to the end |
//! | `@2026-02-14:1h`, `@-48h:1h` | one hour, starting at that time |
//! | `@:-1h` | up to one hour before the plan |
//! | `@2026-01-01`, `@2026-01-01:` | from this time on |
//!
//! There are differences from rpk:
//! - The plan closes a range: without an end, it ends where the plan finds the end. `end` alone, which in rpk waits for
//!   new records, is refused.
//! - Both sides may be relative to the partition (`+10:-10`) or give an offset for each partition.
//! - A duration after an age is counted from the start (`@-48h:1h`), not from now. An age after a timestamp is counted
//!   back from now (`@2026-02-14:-1h`), not from the start. A start in the future is refused.
//! - Times may have any time zone. Durations are whole numbers with units, such as `-1h 30m`, also in days.

mod bound;
mod config;
mod event;
mod partitions;
mod rpk;
mod text;

pub use bound::Bound;
pub use config::RangeConfig;
pub use event::EventRange;
pub(crate) use event::show_us;
pub use partitions::{PartitionName, PartitionOffsets};
