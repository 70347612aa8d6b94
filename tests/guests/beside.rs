//! What a Kafka record has beside its value, by the record's key: a header, the time, and how long the value is. Records
//! of the key in parameter `refuse` are rejected.

use backfold_guest::prelude::*;

#[derive(Event)]
struct Record<'a> {
    #[event(record_key)]
    key: Option<&'a str>,
    #[event(record_header = "kind")]
    kind: Option<&'a str>,
    #[event(record_time)]
    at: Timestamp,
    /// A tombstone has none.
    #[event(payload)]
    payload: Option<&'a [u8]>,
}

#[derive(Key)]
struct RecordKey<'a> {
    /// `-` where the record has no key.
    key: &'a str,
}

#[derive(Monoid)]
struct Beside {
    records: Sum<i64>,
    tombstones: Sum<i64>,
    bytes: Sum<i64>,
    /// How long the headers are, and one more for each that is there.
    headers: Sum<i64>,
    first_us: Min<i64>,
    last_us: Max<i64>,
}

struct BesideValue {
    refuse: String,
}

impl Pipeline for BesideValue {
    type Event<'a> = Record<'a>;
    type Key<'a> = RecordKey<'a>;
    type State = Beside;
    type View = NoView;

    fn open(params: &mut Params) -> Result<Self, ParamError> {
        Ok(BesideValue {
            refuse: params.or("refuse", String::new())?,
        })
    }

    fn fold(&self, e: Record<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        let key = e.key.unwrap_or("-");
        if key == self.refuse {
            return Err(Reject("its key is to be refused"));
        }
        out.at(RecordKey { key }, |s| {
            s.records += 1;
            match e.payload {
                Some(payload) => s.bytes += payload.len() as i64,
                None => s.tombstones += 1,
            }
            s.headers += e.kind.map_or(0, |kind| 1 + kind.len() as i64);
            s.first_us.insert(e.at.microseconds);
            s.last_us.insert(e.at.microseconds);
        });
        Ok(())
    }

    fn present(&self, _: &Beside) -> NoView {
        NoView
    }
}

backfold_guest::export!(BesideValue, name = "beside", version = "0.1.0");
