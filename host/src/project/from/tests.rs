//! What languages refuse, the sample, and what is easily said wrong.

use backfold_declaration::{Declaration, Source};
use serde_json::{Value, json};

use super::outline::{Outline, Refusal};
use super::seen::{Cell, SeenRow};
use super::{pipeline, sample};
use crate::project::Language;
use crate::row_json::Row;

const LANGUAGES: [Language; 6] = [
    Language::Rust,
    Language::Python,
    Language::Ts,
    Language::Js,
    Language::Go,
    Language::C,
];

/// A declaration with these lines of `where`, `reject`, `event_time`, `key` and `keep`.
fn declared(only: &str, reject: &str, time: &str, key: &str, keep: &str) -> (Source, Declaration) {
    let source = Source::from_params(|name| {
        let text = match name {
            "where" => only,
            "reject" => reject,
            "event_time" => time,
            "key" => key,
            _ => keep,
        };
        Some(text.to_owned()).filter(|text| !text.is_empty())
    });
    let source = source.unwrap();
    let declaration = source.check().unwrap();
    (source, declaration)
}

fn outline((source, declaration): &(Source, Declaration)) -> Outline<'_> {
    Outline {
        name: "page-views",
        job: "views.toml",
        source,
        declaration,
    }
}

/// The languages that refuse a column of this name, with the entry that all of them name.
fn refusing(name: &str) -> Vec<Language> {
    let of_key = declared("", "", "", &format!("{name} = page"), "n = count");
    let of_state = declared("", "", "", "page = page", &format!("{name} = count"));
    let refuses = |declared: &(Source, Declaration), language: Language, entry: &str| {
        let refused = pipeline(&outline(declared), language).err();
        assert!(
            refused
                .iter()
                .all(|refusal| refusal.entry.to_string() == entry)
        );
        refused.is_some()
    };
    let languages = LANGUAGES.into_iter().filter(|language| {
        let (key, state) = (format!("key.{name}"), format!("keep.{name}"));
        let refused = refuses(&of_key, *language, &key);
        assert_eq!(
            refused,
            refuses(&of_state, *language, &state),
            "{language}: {name}"
        );
        refused
    });
    languages.collect()
}

#[test]
fn names_that_a_language_cannot_have_are_refused() {
    let scripts = [Language::Ts, Language::Js];
    assert_eq!(refusing("total_ms"), []);
    assert_eq!(refusing("type"), []);
    assert_eq!(refusing("p_1"), []);
    assert_eq!(refusing("Total"), scripts);
    assert_eq!(
        refusing("__proto__"),
        [Language::Python, Language::Ts, Language::Js, Language::C]
    );
    assert_eq!(refusing("self"), [Language::Rust]);
    assert_eq!(refusing("class"), [Language::Python]);
    assert_eq!(refusing("double"), [Language::C]);
    assert_eq!(refusing("errno"), [Language::C]);
    assert_eq!(refusing("bf_text"), [Language::C]);
}

#[test]
fn texts_and_numbers_that_c_cannot_say_are_refused() {
    let refused = |declared: &(Source, Declaration)| -> Refusal {
        pipeline(&outline(declared), Language::C).unwrap_err()
    };
    let text = declared("type = \"a\0b\"", "", "", "page = page", "n = count");
    assert_eq!(refused(&text).entry.to_string(), "where.type");
    let text = declared(
        "",
        "\"page = \\\"a\0b\\\"\" = \"why\"",
        "",
        "page = page",
        "n = count",
    );
    assert!(refused(&text).entry.to_string().starts_with("reject."));
    let states: Vec<_> = (0..65).map(|number| format!("n{number} = count")).collect();
    let many = declared("", "", "", "page = page", &states.join("\n"));
    assert!(refused(&many).problem.contains("this declaration has 65"));
}

#[test]
fn a_number_is_checked_where_it_counts_and_once() {
    let declared = declared(
        "",
        "",
        "",
        "page = page",
        "a = sum(x?: float64) where kind = a or b\nb = quantile(x, 0.5)\nc = sum(x) where kind = c\nd = sum(y: float64)",
    );
    let outline = outline(&declared);
    let reasons: Vec<_> = outline
        .finite()
        .into_iter()
        .map(|each| each.reason)
        .collect();
    let said = |name: &str| format!("{name}: the number is not finite");
    assert_eq!(reasons, [said("a"), said("b"), said("d")]);
    for (language, test) in [
        (
            Language::Rust,
            "if matches!(e.kind, \"a\" | \"b\") && e.x.is_some_and(|number| !number.is_finite()) {",
        ),
        (
            Language::Python,
            "if e.kind in (\"a\", \"b\") and e.x is not None and not math.isfinite(e.x):",
        ),
        (
            Language::Ts,
            "if ((e.kind === 'a' || e.kind === 'b') && e.x !== null && !Number.isFinite(e.x)) reject(",
        ),
        (
            Language::Go,
            "if (e.Kind == \"a\" || e.Kind == \"b\") && e.X.Valid && !isFinite(e.X.V) {",
        ),
        (
            Language::C,
            "if ((bf_same_bytes(e->kind, bf_text(\"a\")) || bf_same_bytes(e->kind, bf_text(\"b\"))) && e->x.present && \
             !isfinite(e->x.value)) return",
        ),
    ] {
        let source = pipeline(&outline, language).unwrap();
        assert!(source.contains(test), "{language}: {source}");
    }
}

#[test]
fn lines_of_the_declaration_are_comments_that_end_with_the_line() {
    let declared = declared("", "", "", "page = \"a\\\\\"", "n = count");
    for language in LANGUAGES {
        let source = pipeline(&outline(&declared), language).unwrap();
        let comment = source
            .lines()
            .find(|line| line.contains("page = \"a"))
            .unwrap();
        assert!(!comment.ends_with('\\'), "{language}: {comment}");
    }
}

fn events(lines: &str) -> Vec<Value> {
    let lines = lines.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_sample_of_an_archive_has_what_the_pipeline_reads() {
    let declared = declared(
        "type = view or scroll\n\"a.b\" = \"1\"",
        "\"ms < 0\" = \"it is negative\"",
        "ts: epoch-milliseconds",
        "page = geo.page\nid = id: hex",
        "n = count where type = view\nms = sum(ms)\nc = count(missing?)\no = max($offset)",
    );
    let row: Row = serde_json::from_value(json!({
        "ts": "2026-01-03T12:00:00.25Z", "ms": 7, "geo_page": "/ü", "id": "AP8=", "type": "scroll", "missing": null, "offset": 5,
    }))
    .unwrap();
    let first = json!({
        "ts": 1_767_441_600_250_i64, "ms": 7, "geo": { "page": "/ü" }, "id": "00ff", "type": "scroll", "a": { "b": "1" },
    });
    let mut rejected = first.clone();
    rejected["ms"] = (-1).into();
    let mut passed_over = first.clone();
    passed_over["type"] = "other".into();
    assert_eq!(
        events(&sample::lines(&outline(&declared), &[row])),
        [first, rejected, passed_over]
    );
}

#[test]
fn a_sample_that_is_made_up_is_accepted() {
    let declared = declared(
        "kind = \"1\" or \"2\"",
        "\"x >= 7\" = \"too much\"\n\"ok = false\" = \"not ok\"",
        "",
        "day = day_of(t)",
        "n = count where name = a or b\nx = sum(x: float64)\nk = sum(kind)\nl = last(ok, t)\nd = max(d?: date)",
    );
    let events = events(&sample::lines(&outline(&declared), &[]));
    let (made_up, others) = events.split_at(20);
    assert_eq!(others.len(), 3);
    for event in made_up {
        assert!(
            event["x"].as_f64().unwrap() < 7.0 && event["ok"] == true,
            "{event}"
        );
        assert!([1, 2].contains(&event["kind"].as_i64().unwrap()), "{event}");
        let t = event["t"].as_str().unwrap();
        assert!(t.starts_with("2026-01-0"), "{event}");
    }
    assert!(made_up.iter().any(|event| event.get("d").is_none()));
    assert!(made_up.iter().any(|event| event["name"] == "b"));
}

#[test]
fn a_unit_test_names_values_that_it_can_see() {
    let declared = declared(
        "",
        "",
        "",
        "day = day_of(t?)\nraw = raw: binary",
        "n = count\nfile = distinct($source_name)\nlast = last(t, t)\nmost = max(t)\np = quantile(x, 0.5)",
    );
    let row: Row = serde_json::from_value(json!({
        "day": null, "raw": "AP8=", "n": 3, "file": "", "file_estimate": 1, "last": "2026-01-01T00:00:00Z", "last_at": null,
        "most": "1970-01-01T00:00:01Z", "p": "", "p_estimate": 1.5,
    }))
    .unwrap();
    let seen = SeenRow::of(&outline(&declared), &row).unwrap();
    assert_eq!(seen.key, [Cell::Null, Cell::Binary(vec![0, 255])]);
    assert_eq!(
        seen.states,
        [(0, Cell::Int64(3)), (3, Cell::Timestamp(1_000_000))]
    );
    assert_eq!(seen.views, [(1, Cell::Float64(1.5))]);
}
