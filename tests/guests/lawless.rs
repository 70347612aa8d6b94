//! Counts and sums by page, and breaks the law that its parameter `breaks` names, that of determinism by `merging` and
//! `views` too; none, where it names none.

use std::cell::{Cell, RefCell};

use backfold_guest::prelude::*;
use backfold_guest::{Fault, Malformed, Output, RowReader, RowWriter, output};

thread_local! {
    static BREAKS: RefCell<String> = RefCell::default();
    /// Calls of this instance: what no pipeline may remember.
    static CALLS: Cell<i64> = const { Cell::new(0) };
}

/// How many calls came before.
fn calls() -> i64 {
    CALLS.replace(CALLS.get() + 1)
}

fn breaks(law: &str) -> bool {
    BREAKS.with_borrow(|breaks| breaks == law)
}

#[derive(Event)]
struct Visit<'a> {
    #[event(path = "page_id")]
    page: &'a str,
    duration_ms: i64,
}

#[derive(Key)]
struct Page<'a> {
    page: &'a str,
}

/// A count, a sum, and a mark that combining leaves.
#[derive(Clone)]
struct Tally {
    count: i64,
    total: i64,
    mark: i64,
}

impl Tally {
    fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Monoid for Tally {
    const COMMUTATIVE: bool = true;

    fn columns(_: &str) -> Vec<Output> {
        ["count", "total", "mark"].map(output::<i64>).to_vec()
    }

    fn identity() -> Self {
        Tally {
            count: 0,
            total: i64::from(breaks("identity")),
            mark: 0,
        }
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        let left = self.clone();
        self.count += right.count;
        self.total = left.total.wrapping_add(right.total);
        self.mark = 0;
        if left.is_empty() || right.is_empty() {
            return Ok(());
        }
        if breaks("associativity") {
            // The mean of both, rounded down.
            self.total = (left.total >> 1) + (right.total >> 1);
        }
        if breaks("commutativity") {
            self.total = right.total;
        }
        if breaks("stability") {
            self.mark = 1;
        }
        if breaks("merging") {
            self.total += calls() % 3;
        }
        Ok(())
    }

    fn save(&self, row: &mut RowWriter<'_>) {
        row.put(&self.count);
        row.put(&self.total);
        row.put(&self.mark);
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        Ok(Tally {
            count: row.take()?,
            total: row.take()?,
            mark: row.take()?,
        })
    }

    type Mark = Self;

    fn mark(&mut self) -> Self {
        self.clone()
    }

    fn restore(&mut self, mark: Self) {
        *self = mark;
    }
}

#[derive(View)]
struct Mean {
    mean: i64,
}

struct Lawless;

impl Pipeline for Lawless {
    type Event<'a> = Visit<'a>;
    type Key<'a> = Page<'a>;
    type State = Tally;
    type View = Mean;

    fn open(params: &mut Params) -> Result<Self, ParamError> {
        let breaks = params.or("breaks", String::new())?;
        BREAKS.set(breaks);
        Ok(Lawless)
    }

    fn fold(&self, e: Visit<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        let folded = calls();
        out.at(Page { page: e.page }, |tally| {
            if breaks("commutativity") {
                tally.total = e.duration_ms;
            } else if breaks("associativity") && !tally.is_empty() {
                tally.total = (tally.total >> 1) + (e.duration_ms >> 1);
            } else {
                tally.total = tally.total.wrapping_add(e.duration_ms);
            }
            if breaks("determinism") && folded % 3 == 2 {
                tally.total += 1;
            }
            if breaks("cuts") && tally.is_empty() {
                tally.total += 1;
            }
            tally.count += 1;
        });
        Ok(())
    }

    fn present(&self, tally: &Tally) -> Mean {
        assert!(
            !breaks("present") || tally.count < 3,
            "more than two visits cannot be shown"
        );
        Mean {
            mean: tally.total / tally.count.max(1) + if breaks("views") { calls() } else { 0 },
        }
    }
}

backfold_guest::export!(Lawless, name = "lawless", version = "0.1.0");

#[cfg(test)]
mod tests {
    use backfold_guest::testing::laws;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn without_a_fault_the_laws_hold() {
        let row = ("[abc]", -1_000_i64..1_000)
            .prop_map(|(page, ms)| json!({"page_id": page, "duration_ms": ms}));
        laws::check::<Lawless>(&[], row);
    }
}
