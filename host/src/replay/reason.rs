//! The kind of a reason to reject a record: the reason without what differs from record to record.

/// A reason without the parts that differ from record to record: quoted values, and numbers that are words of their own.
/// Between backticks, names, settings and signs stay: they tell one reason from another.
pub(super) fn generalized(reason: &str) -> String {
    let mut general = String::with_capacity(reason.len());
    let (mut rest, mut before) = (reason, ' ');
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        let quoted = match letter {
            // A value that was cut off goes on to the end.
            '`' => Some(after.split_once('`').unwrap_or((after, ""))),
            '\'' | '"' if !before.is_alphanumeric() => quoted(after, letter),
            _ => None,
        };
        if let Some((text, after)) = quoted {
            let text = match letter == '`' && is_part_of_reason(text) {
                true => text,
                false => "…",
            };
            general.extend([letter.encode_utf8(&mut [0; 4]), text]);
            general.push(letter);
            (rest, before) = (after, letter);
            continue;
        }
        match (letter.is_ascii_digit(), before.is_ascii_alphanumeric()) {
            (true, false) if is_name_before_number(&general) => general.push(letter),
            (true, false) => general.push('N'),
            (true, true) if before.is_ascii_digit() && general.ends_with('N') => {}
            _ => general.push(letter),
        }
        (rest, before) = (after, letter);
    }
    general
}

/// Whether a number after `text` is part of a name, as in UTF-8 and RFC 3339.
fn is_name_before_number(text: &str) -> bool {
    let word = text.strip_suffix('-');
    word.is_some_and(|word| word.ends_with(|letter: char| letter.is_ascii_alphabetic()))
        || text.ends_with("RFC ")
}

/// Whether a text between backticks is the same in all reasons of its kind: a name, a setting, or signs such as `{`.
fn is_part_of_reason(text: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_lowercase() || "_.".contains(letter);
    let sections = ["decode.", "csv.", "gate."];
    let is_setting = sections.iter().any(|section| text.starts_with(section));
    let is_sign = text.chars().count() <= 2 && text.chars().all(|sign| sign.is_ascii_punctuation());
    text.chars().all(is_name) || is_setting || is_sign
}

/// The text up to the quote that closes it, and the text after that. An apostrophe within a word closes nothing.
fn quoted(text: &str, quote: char) -> Option<(&str, &str)> {
    let ends = |(end, _): &(usize, &str)| !text[end + 1..].starts_with(char::is_alphanumeric);
    let (end, _) = text.match_indices(quote).find(ends)?;
    Some((&text[..end], &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_by_values_are_one() {
        assert_eq!(
            generalized("`1.5` is not written as an integer"),
            generalized("`-7e3` is not written as an integer")
        );
        assert_eq!(
            generalized("the duration is negative: -312"),
            "the duration is negative: -N"
        );
        assert_eq!(
            generalized("a value of kind int64 in `fold`, 12 of 3.5 x17"),
            "a value of kind int64 in `fold`, N of N.N x17"
        );
        assert_eq!(generalized("half `A quote"), "half `…`");
        assert_eq!(
            generalized("ValueError: invalid literal for int() with base 10: 'x 12'"),
            "ValueError: invalid literal for int() with base N: '…'"
        );
        assert_eq!(
            generalized("no page \"a\" in the user's \"b's\" list; don't"),
            "no page \"…\" in the user's \"…\" list; don't"
        );
        assert_ne!(
            generalized("ValueError: no page"),
            generalized("IndexError: no page")
        );
        assert_eq!(
            generalized("not UTF-8 at byte 15, no RFC 3339 timestamp: -12"),
            "not UTF-8 at byte N, no RFC 3339 timestamp: -N"
        );
        assert_eq!(generalized(""), "");
    }

    #[test]
    fn reasons_that_differ_by_what_is_expected_or_to_be_set_are_two() {
        for reason in [
            "not JSON: expected `:` at byte N",
            "not JSON: expected `,` or `}` at byte N",
            "not JSON: expected `,` or `]` at byte N",
            "not UTF-8 at byte N: `decode.encoding = \"windows-1252\"` reads Windows-1252 and Latin-1",
            "the quote at byte N is not closed: `csv.quote = \"\"` reads quotes as text",
            "`-` is not a value of kind int64",
        ] {
            assert_eq!(generalized(&reason.replace("byte N", "byte 17")), reason);
        }
        assert_eq!(
            generalized("`1,2` is `{\"a\":1}`, `x y`"),
            "`…` is `…`, `…`"
        );
    }
}
