//! Counts the records of a topic and the bytes of their values, without decoding them.

use backfold_guest::prelude::*;

#[derive(Event)]
struct Record<'a> {
    #[event(source_name)]
    topic: &'a str,
    #[event(payload)]
    payload: &'a [u8],
}

#[derive(Key)]
struct Topic<'a> {
    topic: &'a str,
}

#[derive(Monoid)]
struct Payloads {
    records: Sum<i64>,
    bytes: Sum<i64>,
}

struct OfTopics;

impl Pipeline for OfTopics {
    type Event<'a> = Record<'a>;
    type Key<'a> = Topic<'a>;
    type State = Payloads;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(OfTopics)
    }

    fn fold(&self, e: Record<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        out.at(Topic { topic: e.topic }, |s| {
            s.records += 1;
            s.bytes += e.payload.len() as i64;
        });
        Ok(())
    }

    fn present(&self, _: &Payloads) -> NoView {
        NoView
    }
}

backfold_guest::export!(OfTopics, name = "payloads", version = "0.1.0");
