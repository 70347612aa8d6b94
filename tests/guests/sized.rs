//! Keys and states that are as large as the records say: `key_bytes` letters after the name, which ends with it again, and `state_bytes` bytes more
//! in the state of that key for each record.

use backfold_guest::prelude::*;
use backfold_guest::{Fault, Malformed, Output, RowReader, RowWriter, output};

#[derive(Event)]
struct Record<'a> {
    name: &'a str,
    key_bytes: i64,
    state_bytes: i64,
}

#[derive(Key)]
struct Name<'a> {
    name: &'a str,
}

/// A number of equal bytes: of `a` and `b` together as many as of both.
struct Filler(Vec<u8>);

impl Monoid for Filler {
    const COMMUTATIVE: bool = true;

    fn columns(name: &str) -> Vec<Output> {
        vec![output::<Vec<u8>>(name)]
    }

    fn identity() -> Self {
        Filler(Vec::new())
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        self.0.extend_from_slice(&right.0);
        Ok(())
    }

    fn save(&self, row: &mut RowWriter<'_>) {
        row.put(&self.0);
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        row.take().map(Filler)
    }

    /// How many there were.
    type Mark = usize;

    fn mark(&mut self) -> usize {
        self.0.len()
    }

    fn restore(&mut self, mark: usize) {
        self.0.truncate(mark);
    }
}

#[derive(Monoid)]
struct Stored {
    records: Sum<i64>,
    filler: Filler,
}

struct Sized;

impl Pipeline for Sized {
    type Event<'a> = Record<'a>;
    type Key<'a> = Name<'a>;
    type State = Stored;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Sized)
    }

    fn fold(&self, e: Record<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        let (Ok(key_bytes), Ok(state_bytes)) =
            (usize::try_from(e.key_bytes), usize::try_from(e.state_bytes))
        else {
            return Err(Reject("a size is negative"));
        };
        let letters = "k".repeat(key_bytes);
        let name = format!("{}{letters}{}", e.name, e.name);
        out.at(Name { name: &name }, |s| {
            s.records += 1;
            let bytes = s.filler.0.len() + state_bytes;
            s.filler.0.resize(bytes, b'x');
        });
        Ok(())
    }

    fn present(&self, _: &Stored) -> NoView {
        NoView
    }
}

backfold_guest::export!(Sized, name = "sized", version = "0.1.0");
