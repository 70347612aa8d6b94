//! A pipeline that uses everything, folded natively.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use backfold_guest::prelude::*;
use backfold_guest::testing::{fold_json, laws};
use backfold_guest::{Condition, Encoding, Kind, Origin};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Event)]
#[event(only(type = ["order", "refund"], "meta.test" = [false]))]
struct Order<'a> {
    #[event(path = "ts", event_time, encoding = "epoch-milliseconds")]
    at: Timestamp,
    #[event(path = "customer.id")]
    customer: &'a str,
    #[event(path = "customer.country")]
    country: Option<&'a str>,
    item: &'a str,
    cents: i64,
    weight: Option<f64>,
    gift: bool,
    #[event(encoding = "hex")]
    token: Option<&'a [u8]>,
    due: Option<Date>,
    tags: Option<Json<'a>>,
    #[event(payload)]
    payload: &'a [u8],
    #[event(record_key)]
    record_key: Option<&'a str>,
    #[event(record_header = "trace")]
    trace: Option<&'a [u8]>,
    #[event(record_time)]
    written: Timestamp,
    #[event(source_name)]
    source: &'a str,
    #[event(partition)]
    partition: Option<i64>,
    #[event(offset)]
    offset: i64,
}

#[derive(Key)]
struct CountryDay<'a> {
    country: Option<&'a str>,
    day: Date,
    gift: bool,
}

#[derive(Monoid)]
struct Money {
    orders: Sum<i64>,
    cents: Sum<i64>,
}

#[derive(Monoid)]
struct Stats {
    money: Money,
    smallest: Min<i64>,
    heaviest: Max<f64>,
    any_gift: Any,
    all_tagged: All,
    first_item: First<String>,
    last_cents: Last<i64>,
    best: TopK<3>,
    customers: Set<String, 4>,
    distinct: Hll,
    distinct_items: Theta,
    items: CountMin<16, 2>,
    cents_spread: DdSketch,
    weight: Sum<f64>,
}

#[derive(View)]
struct Shown {
    mean_cents: Option<f64>,
    best_item: Option<String>,
}

struct Orders {
    least_cents: i64,
}

impl Pipeline for Orders {
    type Event<'a> = Order<'a>;
    type Key<'a> = CountryDay<'a>;
    type State = Stats;
    type View = Shown;

    fn open(params: &mut Params) -> Result<Self, ParamError> {
        Ok(Orders {
            least_cents: params.or("least_cents", 0)?,
        })
    }

    fn fold(&self, e: Order<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        assert_eq!((e.record_key, e.trace, e.partition), (None, None, None));
        assert_eq!((e.written.microseconds, e.source), (0, "test"));
        assert!(
            e.offset >= 0 && e.payload.starts_with(b"{") && e.due.is_none_or(|due| due.days > 0)
        );
        // Once by country and once for all countries.
        for country in [e.country, None] {
            out.at(
                CountryDay {
                    country,
                    day: e.at.date(),
                    gift: e.gift,
                },
                |s| {
                    s.money.orders += 1;
                    s.smallest.insert(e.cents);
                    if let Some(weight) = e.weight {
                        s.heaviest.insert(weight);
                        s.weight += weight;
                    }
                    s.distinct.insert(e.customer);
                    s.distinct_items.insert(e.item);
                    s.items.insert(e.item);
                    s.cents_spread.insert(e.cents as f64);
                    s.any_gift.insert(e.gift);
                    s.all_tagged
                        .insert(e.tags.is_some_and(|tags| tags.0 != "[]"));
                    s.first_item.insert(e.at, e.item);
                    s.last_cents.insert(e.at, &e.cents);
                    s.best.insert(e.cents, e.item);
                    s.customers.insert(e.customer);
                    s.money.cents += e.cents;
                },
            );
        }
        if e.cents < self.least_cents {
            return Err(Reject(format!("{} cents are too few", e.cents)));
        }
        match e.token {
            Some([]) => Err(Reject("the token is empty")),
            _ => Ok(()),
        }
    }

    fn present(&self, state: &Stats) -> Shown {
        let (orders, cents) = (state.money.orders.value(), state.money.cents.value());
        Shown {
            mean_cents: (orders > 0).then(|| cents as f64 / orders as f64),
            best_item: state.best.items().first().map(|(item, _)| item.clone()),
        }
    }
}

backfold_guest::export!(Orders);

const NOON_MS: i64 = 1_767_441_600_000;

fn order(cents: i64, item: &str) -> Value {
    json!({
        "type": "order", "ts": NOON_MS, "customer": {"id": "c1", "country": "DE"}, "item": item,
        "cents": cents, "gift": false, "tags": ["x"], "meta": {"test": false},
    })
}

fn with(mut row: Value, name: &str, value: Value) -> Value {
    row[name] = value;
    row
}

fn germany() -> CountryDay<'static> {
    CountryDay {
        country: Some("DE"),
        day: Date::from_ymd(2026, 1, 3).unwrap(),
        gift: false,
    }
}

fn everywhere() -> CountryDay<'static> {
    CountryDay {
        country: None,
        ..germany()
    }
}

#[test]
fn the_descriptor_says_what_the_types_say() {
    let folded = fold_json::<Orders>(&[], &[]);
    let descriptor = folded.descriptor();
    assert_eq!(descriptor.event_time, Some("at"));
    assert_eq!(
        descriptor.only,
        [
            Condition {
                path: "type",
                any_of: &["order", "refund"]
            },
            Condition {
                path: "meta.test",
                any_of: &["false"]
            },
        ]
    );
    let at = descriptor.inputs[0];
    assert_eq!(
        (at.origin, at.encoding),
        (Origin::Path("ts"), Encoding::EpochMilliseconds)
    );
    let item = descriptor.inputs[3];
    assert_eq!(
        (item.origin, item.kind, item.nullable),
        (Origin::Path("item"), Kind::Utf8, false)
    );
    assert_eq!(descriptor.inputs[12].origin, Origin::RecordHeader("trace"));
    let names = |outputs: &[backfold_guest::Output]| -> Vec<String> {
        outputs
            .iter()
            .map(|o| {
                format!(
                    "{} {:?}{}",
                    o.name,
                    o.kind,
                    if o.nullable { "?" } else { "" }
                )
            })
            .collect()
    };
    assert_eq!(
        names(&descriptor.keys),
        ["country Utf8?", "day Date", "gift Boolean"]
    );
    assert_eq!(
        names(&descriptor.states),
        [
            "money_orders Int64",
            "money_cents Int64",
            "smallest Int64?",
            "heaviest Float64?",
            "any_gift Boolean",
            "all_tagged Boolean",
            "first_item Utf8?",
            "first_item_at Timestamp?",
            "last_cents Int64?",
            "last_cents_at Timestamp?",
            "best Binary",
            "customers Binary",
            "distinct Binary",
            "distinct_items Binary",
            "items Binary",
            "cents_spread Binary",
            "weight Binary",
        ]
    );
    assert_eq!(
        names(&descriptor.views),
        ["mean_cents Float64?", "best_item Utf8?"]
    );
    assert!(descriptor.commutative);
}

#[test]
fn events_become_states_and_views() {
    let later = with(
        with(order(300, "pen"), "ts", json!(NOON_MS + 5)),
        "weight",
        json!(2.5),
    );
    let folded = fold_json::<Orders>(
        &[],
        &[
            order(200, "ink"),
            later,
            with(order(1, "x"), "type", json!("visit")),
        ],
    );
    assert_eq!(
        (
            folded.len(),
            folded.passed_over(),
            folded.rejections().len()
        ),
        (2, 1, 0)
    );
    let state = folded.state(&germany()).unwrap();
    assert_eq!(
        (state.money.orders.value(), state.money.cents.value()),
        (2, 500)
    );
    assert_eq!(
        (state.smallest.value(), state.heaviest.value()),
        (Some(200), Some(2.5))
    );
    assert_eq!(
        (state.any_gift.value(), state.all_tagged.value()),
        (false, true)
    );
    assert_eq!(
        (
            state.first_item.value().as_deref(),
            state.last_cents.value()
        ),
        (Some("ink"), Some(300))
    );
    assert_eq!(
        state.best.items(),
        [("pen".to_string(), 300), ("ink".to_string(), 200)]
    );
    assert_eq!(state.customers.values(), ["c1"]);
    assert_eq!(
        (
            state.distinct.estimate().round(),
            state.distinct_items.estimate()
        ),
        (1.0, 2.0)
    );
    assert_eq!(
        (state.items.estimate("pen"), state.weight.value()),
        (1, 2.5)
    );
    assert_eq!(
        state.cents_spread.quantile(0.0).map(f64::round),
        Some(200.0)
    );
    let view = folded.view(&everywhere()).unwrap();
    assert_eq!(
        (view.mean_cents, view.best_item.as_deref()),
        (Some(250.0), Some("pen"))
    );
    assert!(
        folded
            .state(&CountryDay {
                gift: true,
                ..germany()
            })
            .is_none()
    );
}

#[test]
fn a_rejected_record_leaves_no_trace() {
    let refused = with(order(900, "gold"), "token", json!(""));
    let foreign = with(
        order(7, "tin"),
        "customer",
        json!({"id": "c2", "country": "AT"}),
    );
    let alone = fold_json::<Orders>(&[], &[order(200, "ink")]);
    let folded = fold_json::<Orders>(
        &[("least_cents", "100")],
        &[order(200, "ink"), refused, foreign],
    );
    assert_eq!(folded.len(), 2);
    for key in [germany(), everywhere()] {
        let (left, right) = (alone.state(&key).unwrap(), folded.state(&key).unwrap());
        assert_eq!(left.best.items(), right.best.items());
        assert_eq!(left.customers.values(), right.customers.values());
        assert_eq!(left.money.cents.value(), right.money.cents.value());
    }
    let reasons: Vec<_> = folded
        .rejections()
        .iter()
        .map(|r| (r.row, r.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [(1, "the token is empty"), (2, "7 cents are too few")]
    );
}

#[test]
fn a_record_that_does_not_decode_is_rejected() {
    let folded = fold_json::<Orders>(
        &[],
        &[
            with(order(1, "a"), "cents", json!(1.5)),
            with(order(1, "a"), "item", Value::Null),
            json!({"type": "order"}),
        ],
    );
    let reasons: Vec<_> = folded
        .rejections()
        .iter()
        .map(|r| r.reason.as_str())
        .collect();
    // The last meets no condition on meta.test, so it is passed over.
    assert_eq!(reasons, ["cents: 1.5 is no Int64", "item: null is no Utf8"]);
    assert_eq!(folded.passed_over(), 1);
}

#[test]
#[should_panic(expected = "the parameter most_cents is not known; the pipeline takes least_cents")]
fn an_unknown_parameter_is_refused() {
    fold_json::<Orders>(&[("most_cents", "7")], &[]);
}

#[test]
fn the_laws_hold() {
    let row = (0..4_i64, -50..50_i64, "[a-e]", "[a-h]", any::<[bool; 4]>(), -9.0..9.0_f64).prop_map(
        |(ts, cents, item, customer, [has_country, has_weight, gift, has_tags], weight)| {
            json!({
                "type": "order", "ts": NOON_MS + ts, "item": item, "cents": cents, "gift": gift, "meta": {"test": false},
                "customer": {"id": customer, "country": has_country.then_some("DE")},
                "weight": has_weight.then_some(weight), "tags": has_tags.then_some(["x"]),
            })
        },
    );
    laws::check::<Orders>(&[("least_cents", "-40")], row);
}
