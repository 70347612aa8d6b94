//! The last pages of a user, in the order of the source: a monoid that is not commutative.

use backfold_guest::prelude::*;
use backfold_guest::{Fault, Malformed, Output, RowReader, RowWriter, output};

/// How much of a user's trail is kept, in bytes.
const TRAIL_BYTES: usize = 32;

#[derive(Event)]
struct Visit<'a> {
    #[event(path = "ts", event_time)]
    _at: Timestamp,
    #[event(path = "user_id")]
    user: &'a str,
    #[event(path = "page_id")]
    page: &'a str,
}

#[derive(Key)]
struct User<'a> {
    user: &'a str,
}

/// The end of the concatenation of all pages, each after a slash. The end of `a · b` is that of
/// `end(a) · end(b)`, so it is associative.
#[derive(Clone)]
struct Trail(Vec<u8>);

impl Trail {
    fn extend(&mut self, more: &[u8]) {
        self.0.extend_from_slice(more);
        self.0.drain(..self.0.len().saturating_sub(TRAIL_BYTES));
    }
}

impl Monoid for Trail {
    const COMMUTATIVE: bool = false;

    fn columns(name: &str) -> Vec<Output> {
        vec![output::<Vec<u8>>(name)]
    }

    fn identity() -> Self {
        Trail(Vec::new())
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        self.extend(&right.0);
        Ok(())
    }

    fn save(&self, row: &mut RowWriter<'_>) {
        row.put(&self.0);
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        row.take().map(Trail)
    }

    type Mark = Self;

    fn mark(&mut self) -> Self {
        self.clone()
    }

    fn restore(&mut self, mark: Self) {
        *self = mark;
    }
}

#[derive(Monoid)]
struct Visits {
    visits: Sum<i64>,
    trail: Trail,
}

struct Latest;

impl Pipeline for Latest {
    type Event<'a> = Visit<'a>;
    type Key<'a> = User<'a>;
    type State = Visits;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Latest)
    }

    fn fold(&self, e: Visit<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        out.at(User { user: e.user }, |s| {
            s.visits += 1;
            s.trail.extend(b"/");
            s.trail.extend(e.page.as_bytes());
        });
        Ok(())
    }

    fn present(&self, _: &Visits) -> NoView {
        NoView
    }
}

backfold_guest::export!(Latest, name = "latest", version = "0.1.0");

#[cfg(test)]
mod tests {
    use backfold_guest::testing::{fold_json, laws};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_trail_has_the_order_of_the_source() {
        let visit =
            |page: &str| json!({"ts": "2026-01-03T15:00:00Z", "user_id": "u", "page_id": page});
        let folded = fold_json::<Latest>(&[], &[visit("a"), visit("b"), visit("a")]);
        assert!(!folded.descriptor().commutative);
        assert_eq!(
            folded.state(&User { user: "u" }).unwrap().trail.0,
            b"/a/b/a"
        );
    }

    #[test]
    fn the_laws_hold() {
        let row = ("[uv]", "p[0-9]{0,9}").prop_map(
            |(user, page)| json!({"ts": "2026-01-03T15:00:00Z", "user_id": user, "page_id": page}),
        );
        laws::check::<Latest>(&[], row);
    }
}
