//! The descriptor of the component, right or wrong.

use crate::bindings::backfold::pipeline::columns::Kind;
use crate::bindings::backfold::pipeline::schema::{
    Condition, Descriptor, Encoding, Input, Origin, Output,
};
use crate::param;

fn output(name: &str, kind: Kind) -> Output {
    Output {
        name: name.into(),
        kind,
        nullable: false,
    }
}

fn input(name: &str, kind: Kind) -> Input {
    Input {
        name: name.into(),
        origin: Origin::Path(name.into()),
        kind,
        encoding: Encoding::Standard,
        nullable: false,
    }
}

pub(crate) fn describe() -> Descriptor {
    let keys = param("keys").unwrap_or_else(|| "page".into());
    let mut described = Descriptor {
        name: param("name").unwrap_or_else(|| "evil".into()),
        version: "1.0.0".into(),
        inputs: vec![input("page", Kind::Utf8), input("amount", Kind::Int64)],
        only: vec![],
        event_time: None,
        keys: keys
            .split_terminator('|')
            .map(|key| output(key, Kind::Utf8))
            .collect(),
        states: vec![output("events", Kind::Int64), output("total", Kind::Int64)],
        views: vec![output("mean", Kind::Float64)],
        commutative: true,
    };
    spoil(&mut described);
    described
}

fn spoil(described: &mut Descriptor) {
    let many = |number: u32| (0..number).map(|i| input(&format!("i{i}"), Kind::Utf8));
    match param("descriptor").as_deref() {
        Some("no-states") => described.states.clear(),
        Some("no-inputs") => described.inputs.clear(),
        Some("many-inputs") => described.inputs.extend(many(100_000)),
        Some("input-twice") => described.inputs.push(input("page", Kind::Int64)),
        Some("key-as-state") => described.states.push(output("page", Kind::Int64)),
        Some("float-key") => described.keys = vec![output("page", Kind::Float64)],
        Some("json-key") => described.keys = vec![output("page", Kind::Json)],
        Some("long-name") => described.states[0].name = "x".repeat(1 << 20),
        Some("hostile-name") => described.states[0].name = "\u{1b}[2J'; DROP TABLE t; --".into(),
        Some("reserved-name") => described.states[0].name = "select".into(),
        Some("bad-version") => described.version = "newest".into(),
        Some("long-version") => described.version = format!("1.0.0-{}", "x".repeat(1 << 20)),
        Some("no-event-time") => described.event_time = Some("ts".into()),
        Some("odd-event-time") => described.event_time = Some("page".into()),
        Some("hex-text") => described.inputs[0].encoding = Encoding::Hex,
        Some("bad-path") => described.inputs[0].origin = Origin::Path("a..b\0".into()),
        Some("deep-path") => described.inputs[0].origin = Origin::Path("a.".repeat(100_000) + "a"),
        Some("many-conditions") => {
            let condition = Condition {
                path: "page".into(),
                any_of: vec!["x".into()],
            };
            described.only = vec![condition; 100_000];
        }
        Some("empty-condition") => {
            described.only = vec![Condition {
                path: "page".into(),
                any_of: vec![],
            }];
        }
        _ => {}
    }
}
