//! Mistakes that do not compile, one each.

/// Text is borrowed from the column.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { page: String }
/// ```
struct OwnedText;

/// There are integers of 64 bits alone.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { duration_ms: i32 }
/// ```
struct NarrowInteger;

/// `path`, misspelt.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit<'a> { #[event(pth = "page_id")] page: &'a str }
/// ```
struct UnknownAttribute;

/// A value comes from one place.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit<'a> { #[event(path = "page_id", payload)] page: &'a [u8] }
/// ```
struct TwoOrigins;

/// The time of an event is a timestamp.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit<'a> { #[event(event_time)] ts: &'a str }
/// ```
struct TextAsTime;

/// An encoding is for the type that it encodes.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { #[event(encoding = "epoch-milliseconds")] ts: i64 }
/// ```
struct EncodedInteger;

/// Not every source has partitions.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { #[event(partition)] partition: i64 }
/// ```
struct PartitionOfAnArchive;

/// No record would meet it.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// #[event(only(type = []))]
/// struct Visit { duration_ms: i64 }
/// ```
struct EmptyCondition;

/// NaN names nothing.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Key)]
/// struct Weight { grams: f64 }
/// ```
struct FloatInAKey;

/// A state has a name.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Key)]
/// struct Everything {}
/// ```
struct NoKey;

/// A number does not say how two of it combine.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Monoid)]
/// struct Stats { views: i64 }
/// ```
struct BareCounter;

/// Columns are signed.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Monoid)]
/// struct Stats { views: Sum<u64> }
/// ```
struct UnsignedSum;

/// A state has the same columns in every row.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Monoid)]
/// enum Stats { Views(Sum<i64>) }
/// ```
struct Alternatives;

/// Columns are signed.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(View)]
/// struct Shown { visitors_estimate: u64 }
/// ```
struct UnsignedView;
