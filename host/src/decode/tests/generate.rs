//! Random text: records of usual and of wild shapes, whole and damaged.

use super::support::Rng;

const STRINGS: &[&str] = &[
    "",
    "a",
    "u10121254",
    "São Paulo",
    "日本語のとても長い文字列、三十二バイトより長い",
    "x\\ny",
    "\\u00e9\\ud83d\\ude00",
    "\\ud800",
    "\\udc00x",
    "\\\"q\\\"",
    "\\\\",
    "\\\\\\\"",
    "a\\/b",
    "{}[]:,",
    "\\u0041",
    "exactly-16-bytes",
    "\u{7f}",
    "\u{0}",
    "😀",
    "bad\\x",
    "bad\\u12g4",
    "\\u",
    "true",
    "null",
    "2026-05-03T15:00:00.562Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T23:59:59.123456789+02:30",
    "2026-05-03 15:00:00.5Z",
];
const NUMBERS: &[&str] = &[
    "1",
    "12765",
    "179.94",
    "0",
    "-0",
    "-0.0",
    "1e400",
    "1e-400",
    "1E5",
    "12345678901234567890",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "0.1",
    "123456789.123456789",
    "3.141592653589793238462643",
    "01",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x10",
    "NaN",
    "1.5e3",
    "9007199254740993",
    "0.000000000000001",
];
const LITERALS: &[&str] = &[
    "true", "false", "null", "nul", "truex", "True", "falsey", "",
];
const NAMES: &[&str] = &[
    "ts",
    "page_id",
    "n",
    "value",
    "geo",
    "bot",
    "country",
    "p\\u0061ge_id",
    "",
    "t",
    "é",
    "\\ud800",
    "g\\u0065o",
    "a-rather-long-name-of-more-than-64-bytes-which-does-not-fit-the-groups-by-length",
];

fn value(rng: &mut Rng, depth: usize, out: &mut String) {
    match rng.below(if depth > 3 { 6 } else { 8 }) {
        0 | 1 => *out += &format!("\"{}\"", rng.pick(STRINGS)),
        2 | 3 if rng.percent(70) => *out += rng.pick(&NUMBERS[..3]),
        2 | 3 => *out += rng.pick(NUMBERS),
        4 => *out += rng.pick(&LITERALS[..3]),
        5 if rng.percent(90) => *out += "null",
        5 => *out += rng.pick(LITERALS),
        6 => {
            out.push('[');
            for at in 0..rng.below(4) {
                *out += if at > 0 { "," } else { "" };
                value(rng, depth + 1, out);
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for at in 0..rng.below(4) {
                *out += if at > 0 { ", " } else { "" };
                *out += rng.pick(&["\"a\":", "\"country\" : ", "\"b\\\"\":"]);
                value(rng, depth + 1, out);
            }
            out.push('}');
        }
    }
}

/// A record of any members in any order.
fn wild(rng: &mut Rng, out: &mut String) {
    let blank = |rng: &mut Rng, out: &mut String| {
        if rng.percent(5) {
            *out += rng.pick(&[" ", "\t", "\r", "  ", "\n", "\u{b}"]);
        }
    };
    out.push('{');
    for at in 0..rng.below(9) {
        *out += if at > 0 { "," } else { "" };
        blank(rng, out);
        let name = rng.pick(NAMES);
        *out += &format!("\"{name}\"");
        blank(rng, out);
        out.push(':');
        blank(rng, out);
        match name {
            "ts" if rng.percent(90) => {
                *out += &format!("\"{}\"", rng.pick(&STRINGS[STRINGS.len() - 4..]))
            }
            "n" if rng.percent(80) => *out += rng.pick(&NUMBERS[..2]),
            "page_id" if rng.percent(80) => *out += &format!("\"{}\"", rng.pick(&STRINGS[..7])),
            "geo" if rng.percent(70) => *out += "{\"country\":\"CH\",\"x\":[1,{\"country\":2}]}",
            "bot" if rng.percent(80) => *out += rng.pick(&LITERALS[..3]),
            _ => value(rng, 0, out),
        }
        blank(rng, out);
    }
    out.push('}');
    if rng.percent(2) {
        let depth = 120 + rng.below(12);
        *out = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    }
}

/// A string, usually a plain one.
fn usual_text(rng: &mut Rng) -> String {
    let plain = [
        "u10121254",
        "São Paulo",
        "exactly-31-bytes-long-string-abc",
        "",
    ];
    let text = if rng.percent(85) {
        rng.pick(&plain)
    } else {
        rng.pick(STRINGS)
    };
    format!("\"{text}\"")
}

/// One of a few shapes that records of one source have, values mostly plain.
fn usual(rng: &mut Rng, shape: usize, out: &mut String) {
    let space = ["", " ", "", "\t "][shape];
    let member = |out: &mut String, name: &str, value: &str| {
        *out += if out.ends_with('{') { "" } else { "," };
        *out += &format!("{space}\"{name}\":{space}{value}");
    };
    let number = |rng: &mut Rng| match rng.percent(85) {
        true => rng.pick(&["5", "12765", "179.94", "-3"]),
        false => rng.pick(NUMBERS),
    };
    out.push('{');
    member(out, "event_id", &usual_text(rng));
    if rng.percent(95) {
        let (day, second) = (1 + rng.below(28), rng.below(60));
        member(
            out,
            "ts",
            &format!("\"2026-05-{day:02}T15:00:{second:02}.562Z\""),
        );
    }
    if shape == 2 || (shape == 3 && rng.percent(50)) {
        let mut tags = String::new();
        value(rng, 1, &mut tags);
        member(out, "tags", &tags);
    }
    member(out, "page_id", &usual_text(rng));
    let referrer = usual_text(rng);
    member(
        out,
        "a-name-and-a-name-that-make-a-literal-of-more-than-32-bytes",
        if rng.percent(20) { "null" } else { &referrer },
    );
    let n = if rng.percent(90) { "77" } else { number(rng) };
    member(out, "n", n);
    member(out, "value", number(rng));
    match rng.below(12) {
        0 => {}
        1 => member(out, "geo", "{}"),
        2 => member(out, "geo", rng.pick(&["null", "7", "[{\"country\":1}]"])),
        _ => {
            let (city, country) = (usual_text(rng), usual_text(rng));
            let inner = format!("{{\"city\":{space}{city},{space}\"country\":{country}{space}}}");
            member(out, "geo", &inner);
        }
    }
    let bot = if rng.percent(90) {
        "true"
    } else {
        rng.pick(LITERALS)
    };
    if rng.percent(70) {
        member(out, "bot", bot);
    }
    if rng.percent(3) {
        // Names again, wanted and not.
        member(out, rng.pick(&["geo", "page_id", "event_id", "n"]), "5");
    }
    *out += space;
    out.push('}');
}

/// A record, often of the shape `shape`.
pub(super) fn record(rng: &mut Rng, shape: usize, out: &mut String) {
    match rng.below(10) {
        0 => wild(rng, out),
        1 => {
            let other = rng.below(SHAPES);
            usual(rng, other, out);
        }
        _ => usual(rng, shape, out),
    }
}

/// How many usual shapes there are.
const SHAPES: usize = 4;

/// What stands before the first record, between two of them, and after the last.
struct Frame {
    begin: &'static str,
    between: &'static [&'static str],
    end: &'static [&'static str],
    /// Whether each member of a record has a line.
    has_lines: bool,
}

const FRAMES: &[Frame] = &[
    Frame {
        begin: "",
        between: &["\n", "\n", "\n", "\r\n", "\n\n", "", " ", "x", "\n{}"],
        end: &["\n", ""],
        has_lines: false,
    },
    Frame {
        begin: "[",
        between: &[",\n", ",\n", ", ", " ,", "\n,", "]\n["],
        end: &["]", "]\n", "\n]", "]\n", ""],
        has_lines: false,
    },
    Frame {
        begin: " [\n",
        between: &[",\n", ",\n", ",\r\n", "\n,\n"],
        end: &["\n]\n", "]"],
        has_lines: true,
    },
    Frame {
        begin: "",
        between: &[",\n", ", ", ",", "\n", ",,"],
        end: &["\n", ",\n", ""],
        has_lines: false,
    },
    Frame {
        begin: "\u{1e}",
        between: &["\n\u{1e}", "\u{1e}", "\n"],
        end: &["\n", ""],
        has_lines: false,
    },
    Frame {
        begin: "",
        between: &["\n", "", ",\n"],
        end: &["\n", ""],
        has_lines: true,
    },
];

/// Some dozens of records, most of one shape, or all wild, in any frame.
pub(super) fn text(rng: &mut Rng) -> Vec<u8> {
    let frame = match rng.percent(60) {
        true => &FRAMES[0],
        false => &FRAMES[rng.below(FRAMES.len())],
    };
    let mut text = frame.begin.as_bytes().to_vec();
    let damage = [0, 3, 30][rng.below(3)];
    let shape = rng.below(SHAPES);
    let is_wild = rng.percent(25);
    for at in 0..1 + rng.below(40) {
        if at > 0 {
            text.extend_from_slice(rng.pick(frame.between).as_bytes());
        }
        let mut line = String::new();
        if is_wild {
            wild(rng, &mut line);
        } else {
            record(rng, shape, &mut line);
        }
        if frame.has_lines {
            line = line.replacen('{', "{\n", 1).replace(",\"", ",\n  \"");
        }
        let mut line = line.into_bytes();
        if rng.percent(damage) {
            harm(rng, &mut line);
        }
        text.extend_from_slice(&line);
    }
    text.extend_from_slice(rng.pick(frame.end).as_bytes());
    text
}

/// Changes, inserts or cuts off a few bytes.
fn harm(rng: &mut Rng, record: &mut Vec<u8>) {
    for _ in 0..1 + rng.below(3) {
        let at = rng.below(record.len());
        let byte = b"\"\\{}[]:,\n\r\t \x00\x1f\x80\xc3\xe6\xff0-.eE+tfnu"[rng.below(28)];
        match rng.below(4) {
            0 => record[at] = byte,
            1 => record.insert(at, byte),
            2 if record.len() > 1 => drop(record.remove(at)),
            _ => record.truncate(at.max(1)),
        }
    }
}

/// A message: a record, on several lines perhaps, with what may stand around it.
pub(super) fn message(rng: &mut Rng) -> Vec<u8> {
    let mut record = String::new();
    let shape = rng.below(2);
    self::record(rng, shape, &mut record);
    if shape == 1 {
        record = record.replace(", ", ",\n ");
    }
    let before = rng.pick(&["", "", "", "\n", " \t", "x", "\u{c}"]);
    let behind = rng.pick(&["", "", "", "\r\n", " ", "{}", "\n}", "\u{c}"]);
    let mut message = format!("{before}{record}{behind}").into_bytes();
    if rng.percent(10) {
        harm(rng, &mut message);
    }
    message
}
