//! The conformance pipeline of guest-sdk/conformance/README.md.

use backfold_guest::prelude::*;

#[derive(Event)]
#[event(only(type = ["event", "probe"]))]
struct Record<'a> {
    #[event(event_time)]
    at: Timestamp,
    flag: bool,
    number: i64,
    ratio: f64,
    day: Date,
    text: &'a str,
    #[event(encoding = "hex")]
    data: &'a [u8],
    doc: Json<'a>,
    #[event(path = "opt.flag")]
    opt_flag: Option<bool>,
    #[event(path = "opt.number")]
    opt_number: Option<i64>,
    #[event(path = "opt.ratio")]
    opt_ratio: Option<f64>,
    #[event(path = "opt.moment", encoding = "epoch-milliseconds")]
    opt_moment: Option<Timestamp>,
    #[event(path = "opt.day")]
    opt_day: Option<Date>,
    #[event(path = "opt.text")]
    opt_text: Option<&'a str>,
    #[event(path = "opt.data")]
    opt_data: Option<&'a [u8]>,
    #[event(path = "opt.doc")]
    opt_doc: Option<Json<'a>>,
    #[event(path = "key.text")]
    key_text: &'a str,
    #[event(path = "key.flag")]
    key_flag: Option<bool>,
    #[event(path = "key.number")]
    key_number: Option<i64>,
    #[event(path = "key.moment")]
    key_moment: Option<Timestamp>,
    #[event(path = "key.day")]
    key_day: Option<Date>,
    #[event(path = "key.data")]
    key_data: Option<&'a [u8]>,
    #[event(path = r"dot\.ted")]
    dotted: Option<&'a str>,
    #[event(payload)]
    payload: &'a [u8],
    #[event(record_key)]
    record_key: Option<&'a [u8]>,
    #[event(record_header = "trace")]
    trace: Option<&'a str>,
    #[event(record_time)]
    record_time: Timestamp,
    #[event(source_name)]
    source: &'a str,
    #[event(partition)]
    partition: Option<i64>,
    #[event(offset)]
    offset: i64,
}

#[derive(Key)]
struct Group<'a> {
    text: &'a str,
    flag: Option<bool>,
    number: Option<i64>,
    moment: Option<Timestamp>,
    day: Option<Date>,
    data: Option<&'a [u8]>,
}

#[derive(Monoid)]
struct State {
    events: Sum<i64>,
    total: Sum<i64>,
    payload_bytes: Sum<i64>,
    least: Min<i64>,
    greatest: Max<i64>,
    low: Min<f64>,
    high: Max<f64>,
    max_offset: Max<i64>,
    earliest: Min<Timestamp>,
    latest: Max<Timestamp>,
    first_day: Min<Date>,
    last_day: Max<Date>,
    any: Any,
    all: All,
    placed: All,
    dotted: Any,
    first_text: First<String>,
    first_data: First<Vec<u8>>,
    first_doc: First<String>,
    last_flag: Last<bool>,
    last_number: Last<i64>,
    last_ratio: Last<f64>,
    last_moment: Last<Timestamp>,
    last_date: Last<Date>,
    last_text: Last<String>,
    last_data: Last<Vec<u8>>,
    last_doc: Last<String>,
    texts: Hll,
    numbers: Hll,
}

#[derive(View)]
struct Shown {
    is_single: bool,
    mean: Option<f64>,
    hour: Option<Timestamp>,
    since: Option<Date>,
    label: Option<String>,
    reversed: Option<Vec<u8>>,
    distinct_texts: i64,
}

struct Conformance {
    floor: Option<i64>,
    fail_on: Option<String>,
    trap_on: Option<String>,
}

impl State {
    fn add(&mut self, e: &Record<'_>) {
        self.events += 1;
        self.total += e.number;
        self.payload_bytes += e.payload.len() as i64;
        self.least.insert(e.number);
        self.greatest.insert(e.number);
        self.low.insert(e.ratio);
        self.high.insert(e.ratio);
        self.max_offset.insert(e.offset);
        self.earliest.insert(e.at);
        self.latest.insert(e.at);
        self.first_day.insert(e.day);
        self.last_day.insert(e.day);
        self.any.insert(e.flag);
        self.all.insert(e.flag);
        self.placed.insert(
            !e.source.is_empty()
                && e.offset >= 0
                && e.record_time.microseconds > 0
                && e.partition.is_none()
                && e.record_key.is_none()
                && e.trace.is_none(),
        );
        self.dotted.insert(e.dotted.is_some());
        self.first_text.insert(e.at, e.text);
        self.first_data.insert(e.at, e.data);
        self.first_doc.insert(e.at, e.doc.0);
        if let Some(flag) = e.opt_flag {
            self.last_flag.insert(e.at, &flag);
        }
        if let Some(number) = e.opt_number {
            self.last_number.insert(e.at, &number);
        }
        if let Some(ratio) = e.opt_ratio {
            self.last_ratio.insert(e.at, &ratio);
        }
        if let Some(moment) = e.opt_moment {
            self.last_moment.insert(e.at, &moment);
        }
        if let Some(day) = e.opt_day {
            self.last_date.insert(e.at, &day);
        }
        if let Some(text) = e.opt_text {
            self.last_text.insert(e.at, text);
        }
        if let Some(data) = e.opt_data {
            self.last_data.insert(e.at, data);
        }
        if let Some(doc) = e.opt_doc {
            self.last_doc.insert(e.at, doc.0);
        }
        self.texts.insert(e.text);
        self.numbers.insert(e.number);
    }
}

impl Pipeline for Conformance {
    type Event<'a> = Record<'a>;
    type Key<'a> = Group<'a>;
    type State = State;
    type View = Shown;

    fn open(params: &mut Params) -> Result<Self, ParamError> {
        Ok(Conformance {
            floor: params.optional("floor")?,
            fail_on: params.optional("fail_on")?,
            trap_on: params.optional("trap_on")?,
        })
    }

    fn fold(&self, e: Record<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        let key = Group {
            text: e.key_text,
            flag: e.key_flag,
            number: e.key_number,
            moment: e.key_moment,
            day: e.key_day,
            data: e.key_data,
        };
        out.at(key, |s| s.add(&e));

        if let Some(floor) = self.floor
            && e.number < floor
        {
            return Err(Reject(format!("the number is below {floor}")));
        }
        if self.fail_on.as_deref() == Some(e.text) {
            panic!("no text may be called {}", e.text);
        }
        if self.trap_on.as_deref() == Some(e.text) {
            std::process::abort();
        }
        Ok(())
    }

    fn present(&self, s: &State) -> Shown {
        const HOUR: u32 = 3600;
        let events = s.events.value();
        let reversed = |mut data: Vec<u8>| {
            data.reverse();
            data
        };
        Shown {
            is_single: events == 1,
            mean: (events != 0).then(|| s.total.value() as f64 / events as f64),
            hour: s.latest.value().map(|latest| latest.truncated(HOUR)),
            since: s.earliest.value().map(Timestamp::date),
            label: s.last_text.value().map(|text| text + "✓"),
            reversed: s.last_data.value().map(reversed),
            distinct_texts: s.texts.estimate().round() as i64,
        }
    }
}

backfold_guest::export!(Conformance);
