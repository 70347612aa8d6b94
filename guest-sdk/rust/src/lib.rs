//! Write a backfold pipeline in Rust: the columns that it reads, the key of a state, and the state.
//!
//! ```
//! use backfold_guest::prelude::*;
//!
//! #[derive(Event)]
//! #[event(only(type = ["page_view", "scroll"]))]
//! struct View<'a> {
//!     #[event(path = "ts", event_time)]
//!     at: Timestamp, // RFC 3339, or encoding = "epoch-milliseconds"
//!     #[event(path = "page_id")]
//!     page: &'a str,
//!     #[event(path = "geo.country")]
//!     country: Option<&'a str>,
//!     user_id: &'a str,
//!     duration_ms: i64,
//! }
//!
//! #[derive(Key)]
//! struct PageDay<'a> {
//!     page: &'a str,
//!     day: Date,
//! }
//!
//! #[derive(Monoid)]
//! struct Stats {
//!     views: Sum<i64>,
//!     total_ms: Sum<i64>,
//!     longest_ms: Max<i64>,
//!     visitors: Hll,
//!     seen_abroad: Any,
//! }
//!
//! #[derive(View)]
//! struct Estimates {
//!     visitors_estimate: i64,
//! }
//!
//! struct Clicks {
//!     home: String,
//! }
//!
//! impl Pipeline for Clicks {
//!     type Event<'a> = View<'a>;
//!     type Key<'a> = PageDay<'a>;
//!     type State = Stats;
//!     type View = Estimates;
//!
//!     fn open(params: &mut Params) -> Result<Self, ParamError> {
//!         Ok(Clicks { home: params.or("home", "DE".to_string())? })
//!     }
//!
//!     fn fold(&self, e: View<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
//!         if e.duration_ms < 0 {
//!             return Err(Reject("the duration is negative"));
//!         }
//!         out.at(PageDay { page: e.page, day: e.at.date() }, |s| {
//!             s.views += 1;
//!             s.total_ms += e.duration_ms;
//!             s.longest_ms.insert(e.duration_ms);
//!             s.visitors.insert(e.user_id);
//!             s.seen_abroad.insert(e.country.is_some_and(|country| country != self.home));
//!         });
//!         Ok(())
//!     }
//!
//!     fn present(&self, s: &Stats) -> Estimates {
//!         Estimates { visitors_estimate: s.visitors.estimate().round() as i64 }
//!     }
//! }
//!
//! backfold_guest::export!(Clicks);
//! ```
//!
//! The README of this crate shows how to begin a pipeline of your own, and how to build it with the script
//! `build-component`. The component imports only the stream on which a panic says its message.
//!
//! # Events
//! A field is `i64`, `f64`, `bool`, `&str`, `&[u8]`, [`Timestamp`], [`Date`] or [`Json`], or an `Option` of one of these
//! if a record may lack the value. Its value comes from the path that is the field's name, unless `#[event(…)]` says
//! otherwise:
//!
//! | attribute | value |
//! |---|---|
//! | `path = "geo.country"` | the value at that path of the record; `\.` is a dot within a name |
//! | `encoding = "epoch-milliseconds"` | a timestamp written as a number (`epoch-seconds`, `-milliseconds`, `-microseconds`, `-nanoseconds`), or bytes in `hex`; otherwise RFC 3339 and base64 |
//! | `event_time` | the time at which the event happened; a range in time is cut by it |
//! | `payload` | the record's bytes: `&[u8]`, or `Option<&[u8]>`, which is `None` for a Kafka record without a value; such a record is rejected where the field is no `Option` |
//! | `record_key`, `record_header = "trace"` | of a Kafka record: `Option<&str>` or `Option<&[u8]>` |
//! | `record_time` | the Kafka record's time, or when the archived object was written: `Timestamp` |
//! | `source_name` | the topic, or the object's key: `&str` |
//! | `partition`, `offset` | `Option<i64>`; `i64`, the ordinal within the object for an archive |
//!
//! `#[event(only(type = ["click"], "geo.country" = ["DE", "AT"]))]` on the struct: records that do not meet every
//! condition are passed over.
//!
//! # States
//! [`monoid`] lists the types that a state is made of, and the laws that a type of your own has to obey. A rejected
//! record leaves no trace in any state.
//!
//! # Columns instead of rows
//! A component whose columns are known only when it is opened, or that works on whole columns, implements [`Component`]
//! and is exported by [`export_component!`]. [`Field::reader`] reads a column, [`ColumnBuilder`] and [`Value::write`] make
//! one, and the types of [`monoid`] read and write their states by [`RowReader`] and [`RowWriter`].
//!
//! # Tests
//! With the feature `testing`, the module `testing` folds JSON rows natively, through the same code that reads
//! and writes the component's columns, and checks the laws of the states.

mod abi;
mod column;
mod component;
mod event;
mod export;
mod index;
mod instance;
mod key;
#[cfg(doctest)]
mod mistakes;
pub mod monoid;
#[cfg(target_family = "wasm")]
mod panics;
mod params;
mod pipeline;
mod schema;
pub mod sketch;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod types;
mod value;

pub use backfold_guest_macros::{Event, Key, Monoid, View};
pub use column::{Batch, Column, ColumnBuilder, Malformed};
pub use component::Component;
pub use event::{Event, Field};
pub use instance::Instance;
pub use key::{Key, KeyPart};
pub use monoid::{
    All, Any, CountMin, DdSketch, Element, Fault, First, Hll, Last, Max, Min, Monoid, Set, Sum,
    Summand, Theta, TopK, TotalOrder,
};
pub use params::{ParamError, Params};
pub use pipeline::{NoView, Out, Pipeline, Reject, View};
pub use schema::{Condition, Descriptor, Encoding, Input, Kind, Origin, Output};
pub use types::{Date, Json, Timestamp};
pub use value::{RowReader, RowWriter, Stored, Value, output, show_row};

/// The types and macros of a pipeline: `use backfold_guest::prelude::*`.
pub mod prelude {
    pub use crate::{
        All, Any, CountMin, Date, DdSketch, Event, First, Hll, Json, Key, Last, Max, Min, Monoid,
        NoView, Out, ParamError, Params, Pipeline, Reject, Set, Sum, Theta, Timestamp, TopK, View,
    };
}

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The functions that the macros call.
#[doc(hidden)]
pub mod __private {
    pub use crate::abi::{Slot, bindings};
    pub use crate::event::field_reader;
    pub use crate::export::{is_component, is_pipeline};
    pub use crate::key::save_part;
    pub use crate::monoid::column_name;
}
