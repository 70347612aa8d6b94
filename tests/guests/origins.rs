//! Records by the topic and the partition that they were taken from, and their offsets.

use backfold_guest::prelude::*;

#[derive(Event)]
struct Record<'a> {
    #[event(source_name)]
    topic: &'a str,
    #[event(partition)]
    partition: Option<i64>,
    #[event(offset)]
    offset: i64,
    duration_ms: i64,
}

#[derive(Key)]
struct TopicPartition<'a> {
    topic: &'a str,
    partition: i64,
}

#[derive(Monoid)]
struct Offsets {
    records: Sum<i64>,
    first: Min<i64>,
    last: Max<i64>,
    /// Offsets times durations: another sum where one record has the offset of another.
    weighted: Sum<i64>,
}

struct Origins;

impl Pipeline for Origins {
    type Event<'a> = Record<'a>;
    type Key<'a> = TopicPartition<'a>;
    type State = Offsets;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Origins)
    }

    fn fold(&self, e: Record<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        let partition = e.partition.ok_or(Reject("there is no partition"))?;
        out.at(
            TopicPartition {
                topic: e.topic,
                partition,
            },
            |s| {
                s.records += 1;
                s.first.insert(e.offset);
                s.last.insert(e.offset);
                s.weighted += e.offset * e.duration_ms;
            },
        );
        Ok(())
    }

    fn present(&self, _: &Offsets) -> NoView {
        NoView
    }
}

backfold_guest::export!(Origins, name = "origins", version = "0.1.0");
