//! Mistakes that do not compile, one each.

/// A text field of an event has to borrow: `&str`.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { page: String }
/// ```
struct OwnedText;

/// The only integer type is `i64`.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { duration_ms: i32 }
/// ```
struct NarrowInteger;

/// A misspelt attribute is refused.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit<'a> { #[event(pth = "page_id")] page: &'a str }
/// ```
struct UnknownAttribute;

/// A field has one origin.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit<'a> { #[event(path = "page_id", payload)] page: &'a [u8] }
/// ```
struct TwoOrigins;

/// The event time has to be a `Timestamp`.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit<'a> { #[event(event_time)] ts: &'a str }
/// ```
struct TextAsTime;

/// An encoding has to fit the type of the field.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { #[event(encoding = "epoch-milliseconds")] ts: i64 }
/// ```
struct EncodedInteger;

/// A partition has to be an `Option`, since some sources have none.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// struct Visit { #[event(partition)] partition: i64 }
/// ```
struct PartitionOfAnArchive;

/// A condition has at least one value.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Event)]
/// #[event(only(type = []))]
/// struct Visit { duration_ms: i64 }
/// ```
struct EmptyCondition;

/// A key has no floats.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Key)]
/// struct Weight { grams: f64 }
/// ```
struct FloatInAKey;

/// A key has at least one field.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Key)]
/// struct Everything {}
/// ```
struct NoKey;

/// A field of a state has to be a monoid.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Monoid)]
/// struct Stats { views: i64 }
/// ```
struct BareCounter;

/// There are no unsigned columns.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Monoid)]
/// struct Stats { views: Sum<u64> }
/// ```
struct UnsignedSum;

/// A state is a struct, never an enum.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(Monoid)]
/// enum Stats { Views(Sum<i64>) }
/// ```
struct Alternatives;

/// There are no unsigned columns.
/// ```compile_fail
/// use backfold_guest::prelude::*;
/// #[derive(View)]
/// struct Shown { visitors_estimate: u64 }
/// ```
struct UnsignedView;
