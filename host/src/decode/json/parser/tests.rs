//! Walking and parsing together: what is learned from one record and holds for the next.

use super::*;
use crate::decode::block::PADDING;

fn parser(paths: &[&str]) -> RecordParser {
    let mut wanted = Wanted::default();
    for path in paths {
        wanted.add(path).unwrap();
    }
    RecordParser::new(wanted, Processor::detect())
}

/// The length of the record in front of `text`, which is a text of its own, and whether it was walked.
fn read(parser: &mut RecordParser, text: &str, lines: bool) -> Result<(usize, bool), FaultKind> {
    let padded = [text.as_bytes(), &[0; PADDING]].concat();
    let before = parser.walked();
    parser.begin(&padded, lines);
    let end = parser.parse(&padded, 0).map_err(|fault| fault.kind())?;
    Ok((end, parser.walked() > before))
}

#[test]
fn known_shapes_are_walked() {
    let shapes = [
        r#"{"a":1,"g":{"b":2}}"#,
        r#"{"a":1,"g":null}"#,
        r#"{"a":1,"g":{}}"#,
        r#"{"g":{"b":2},"a":1}"#,
        r#"{"a": 1}"#,
        r#"{"a":[1,"x",{"b":2}],"g":"y\n"}"#,
        r#"{"t":["]}\"[",{"]":"["}],"u":2}"#,
        r#"{"a":true,"\u0061\n":1}"#,
        "{}",
    ];
    let mut parser = parser(&["a", "g.b"]);
    // A record that cannot be walked; what follows is learned all the same.
    assert_eq!(
        read(&mut parser, r#"{"a":1,"a":2}"#, false),
        Ok((13, false))
    );
    for shape in shapes {
        assert_eq!(read(&mut parser, shape, false).unwrap().0, shape.len());
    }
    for shape in shapes {
        let found = read(&mut parser, shape, false);
        assert_eq!(found, Ok((shape.len(), true)), "{shape}");
    }
}

#[test]
fn the_first_of_equal_names_counts_on_the_way_too() {
    let mut parser = parser(&["a", "b"]);
    for text in [r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#] {
        read(&mut parser, text, false).unwrap();
    }
    let known_edges = r#"{"a":10,"b":2,"a":3}"#;
    assert_eq!(read(&mut parser, known_edges, false), Ok((20, false)));
    let a = parser.wanted.find(Wanted::ROOT, b"a").unwrap();
    let span = parser.get(a.member.slot.unwrap()).unwrap();
    assert_eq!(span.of(known_edges.as_bytes()), b"10");
}

#[test]
fn an_escaped_quote_ends_no_string() {
    let mut parser = parser(&["a"]);
    let plain = r#"{"a":"x"}"#;
    let texts = [r#"{"a":"x\"}"}"#, r#"{"a":"\\\"}"}"#, r#"{"a":"\\\\"}"#];
    for text in [plain].into_iter().chain(texts) {
        let walks = text != plain;
        assert_eq!(read(&mut parser, text, false), Ok((text.len(), walks)));
    }
}

#[test]
fn all_records_of_a_text_are_walked_to_its_end() {
    let mut parser = parser(&["a"]);
    read(&mut parser, r#"{"a":"x"}"#, false).unwrap();
    let text = r#"{"a":"x"}{"a":"\"\\"} {"a":[}{"a":"y"}"#.as_bytes();
    let padded = [text, &[0; PADDING]].concat();
    parser.begin(&padded, false);
    assert_eq!(parser.parse(&padded, 0), Ok(9));
    assert_eq!(parser.parse(&padded, 9), Ok(21));
    assert!(parser.parse(&padded, 22).is_err());
    assert_eq!(parser.parse(&padded, 29), Ok(38));
    assert_eq!(parser.walked(), 3);
}

#[test]
fn a_line_feed_that_was_learned_is_none_where_lines_end_records() {
    let mut parser = parser(&[]);
    let (literal, array) = ("{\"a\":1,\n\"b\":2}", "{\"a\":[\n]}");
    for text in [literal, array, literal, array] {
        read(&mut parser, text, true).unwrap();
    }
    assert_eq!(parser.walked(), 2);
    assert_eq!(read(&mut parser, literal, false), Err(FaultKind::Name));
    assert_eq!(read(&mut parser, array, false), Err(FaultKind::Value));
}

#[test]
fn a_name_does_not_go_on_in_an_inner_name() {
    let mut parser = parser(&[]);
    for text in [r#"{"ab":1,"c":2}"#, r#"{"a":{"b":1},"c":2}"#] {
        for _ in 0..2 {
            assert_eq!(read(&mut parser, text, false).unwrap().0, text.len());
        }
    }
    assert_eq!(read(&mut parser, r#"{"ab":1},"c":2}"#, false).unwrap().0, 8);
    let open = read(&mut parser, r#"{"a":{"b":1,"c":2}"#, false);
    assert_eq!(open, Err(FaultKind::CommaOrBrace));
}

#[test]
fn every_byte_between_values_is_compared() {
    for length in 0..80 {
        let record = |colon: &str| format!("{{\"{}\"{colon}1}}", "x".repeat(length));
        let mut parser = parser(&[]);
        for _ in 0..2 {
            assert!(read(&mut parser, &record(":"), false).is_ok());
        }
        assert_eq!(parser.walked(), 1);
        assert_eq!(
            read(&mut parser, &record(";"), false),
            Err(FaultKind::Colon)
        );
    }
}

#[test]
fn depth_counts_what_is_open_around_an_array() {
    let mut parser = parser(&[]);
    let text = |depth: usize| {
        let (opening, closing) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"a\":{{\"b\":{opening}{closing}}}}}")
    };
    for _ in 0..2 {
        assert!(read(&mut parser, &text(126), false).is_ok());
        assert_eq!(read(&mut parser, &text(127), false), Err(FaultKind::Depth));
    }
    assert_eq!(parser.walked(), 1);
}

#[test]
fn after_records_of_ever_new_shapes_it_rests_and_begins_anew() {
    let mut parser = parser(&["a"]);
    let known = r#"{"a":1}"#;
    read(&mut parser, known, false).unwrap();
    // Shapes that it learns none of: each is a miss.
    let text: String = (0..200).map(|n| format!("{{\"n{n}\":{n}}}")).collect();
    let padded = [text.as_bytes(), known.as_bytes(), &[0; PADDING]].concat();
    parser.begin(&padded, false);
    let mut at = 0;
    while at < text.len() + known.len() {
        at = parser.parse(&padded, at).unwrap();
    }
    assert!(!parser.is_indexed, "it rests, also within the text");
    let mut rests = 0;
    while !parser.is_indexed {
        read(&mut parser, known, false).unwrap();
        rests += 1;
    }
    assert!((3_900..4_100).contains(&rests), "{rests}");
    assert_eq!(parser.walked(), 0, "all was forgotten");
    assert_eq!(read(&mut parser, known, false), Ok((7, true)));
}

#[test]
fn of_so_many_records_only_a_few_are_learned_from() {
    let mut parser = parser(&["a"]);
    // Nothing is learned from what could not be walked.
    for _ in 0..20 {
        read(&mut parser, r#"{"a":1,"a":2}"#, false).unwrap();
    }
    let shape = |n: usize| format!("{{\"n{n}\":1}}");
    for n in 0..20 {
        read(&mut parser, &shape(n), false).unwrap();
    }
    let mut is_known = |n: usize| read(&mut parser, &shape(n), false).unwrap().1;
    assert!(is_known(0));
    assert!(is_known(15));
    assert!(!is_known(16));
}

#[test]
fn a_record_of_a_new_shape_now_and_then_is_borne() {
    let mut parser = parser(&["a"]);
    let known = r#"{"a":1}"#;
    read(&mut parser, known, false).unwrap();
    for n in 0..200 {
        read(&mut parser, &format!("{{\"n{n}\":1}}"), false).unwrap();
        for _ in 0..9 {
            read(&mut parser, known, false).unwrap();
        }
    }
    assert_eq!(parser.walked(), 1_800);
}
