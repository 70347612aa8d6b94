//! JSON, bare and in envelopes, and CSV.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{Format, Part, TOPIC, Visit};

impl Part {
    pub(super) fn text(&self, format: Format, own_day: bool) -> Result<Vec<u8>> {
        let mut text = match format {
            Format::Csv => header(own_day, ','),
            _ => String::new(),
        };
        for (offset, visit) in (self.offset..).zip(&self.visits) {
            text += &match format {
                Format::JsonLines => format!("{}\n", record(visit, own_day)),
                Format::Json => record(visit, own_day).to_string(),
                Format::ConnectSchema => format!("{}\n", connect(visit, own_day)),
                Format::Lenses => format!("{}\n", self.lenses(offset, visit, own_day)),
                Format::Aiven => format!("{}\n", aiven(offset, visit, own_day)),
                Format::Csv => fields(visit, own_day, ','),
                Format::BareCsv => fields(visit, own_day, ';'),
                Format::Parquet | Format::Avro => bail!("it is no text"),
            };
        }
        Ok(text.into_bytes())
    }

    fn lenses(&self, offset: i64, visit: &Visit, own_day: bool) -> Value {
        json!({
            "key": visit.page,
            "value": record(visit, own_day),
            "headers": { "trace": "00-0af7651916cd43dd8448eb211c80319c" },
            "metadata": {
                "timestamp": visit.at_ms,
                "topic": TOPIC,
                "partition": self.partition,
                "offset": offset,
            },
        })
    }
}

fn record(visit: &Visit, own_day: bool) -> Value {
    let mut record = json!({
        "ts": visit.ts(),
        "page_id": visit.page,
        "duration_ms": visit.duration_ms,
        "note": visit.note,
    });
    if own_day {
        record["dt"] = visit.day().into();
        record["hour"] = visit.hour().into();
    }
    record
}

fn connect(visit: &Visit, own_day: bool) -> Value {
    let payload = record(visit, own_day);
    let field = |(name, value): (&String, &Value)| {
        let kind = if value.is_number() { "int64" } else { "string" };
        json!({ "type": kind, "optional": true, "field": name })
    };
    let fields: Vec<_> = payload
        .as_object()
        .into_iter()
        .flatten()
        .map(field)
        .collect();
    json!({
        "schema": { "type": "struct", "fields": fields, "optional": false, "name": "Visit" },
        "payload": payload,
    })
}

fn aiven(offset: i64, visit: &Visit, own_day: bool) -> Value {
    json!({
        "key": visit.page,
        "value": record(visit, own_day),
        "offset": offset,
        "timestamp": visit.ts(),
        "headers": [{ "key": "trace", "value": "MDAtMGFmNw==" }],
    })
}

/// The columns of CSV, in the order of a line.
fn names(own_day: bool) -> &'static [&'static str] {
    let all = &["note", "ts", "page_id", "duration_ms", "dt", "hour"];
    if own_day { all } else { &all[..4] }
}

fn header(own_day: bool, delimiter: char) -> String {
    line(
        names(own_day).iter().map(|name| (*name).to_owned()),
        delimiter,
    )
}

fn fields(visit: &Visit, own_day: bool, delimiter: char) -> String {
    let all = [
        visit.note.to_owned(),
        visit.ts(),
        visit.page.clone(),
        visit.duration_ms.to_string(),
        visit.day(),
        visit.hour().to_string(),
    ];
    line(all.into_iter().take(names(own_day).len()), delimiter)
}

fn line(fields: impl Iterator<Item = String>, delimiter: char) -> String {
    let quoted = fields.map(|field| {
        if field.contains(['"', '\n', '\r', delimiter]) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field
        }
    });
    quoted.collect::<Vec<_>>().join(&delimiter.to_string()) + "\r\n"
}
