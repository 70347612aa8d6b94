//! The tokens of an expression.

use std::fmt;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A path, a name or a number.
    Word(String),
    /// Text in double quotes.
    Text(String),
    /// One of `( ) , : ? = != < <= > >=`.
    Mark(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(word) => write!(f, "`{word}`"),
            Token::Text(text) => write!(f, "{text:?}"),
            Token::Mark(mark) => write!(f, "`{mark}`"),
        }
    }
}

/// The marks, the longer ones first.
const MARKS: [&str; 11] = ["!=", "<=", ">=", "(", ")", ",", ":", "?", "=", "<", ">"];

/// Cuts an expression into tokens.
///
/// # Errors
/// If a quote is not closed, or a character belongs to no token.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            tokens.push(Token::Mark(mark));
            rest = &rest[mark.len()..];
        } else if first == '"' {
            let (text, after) = quoted(&rest[1..])?;
            tokens.push(Token::Text(text));
            rest = after;
        } else {
            let (word, after) = word(rest);
            if word.is_empty() {
                return Err(format!(
                    "`{first}` has no meaning here; a name that contains it is written in double quotes"
                ));
            }
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// Letters, digits, and what stands in names and paths. A backslash takes the next character with it.
fn word(text: &str) -> (&str, &str) {
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((at, character)) = characters.next() {
        let belongs = character.is_alphanumeric() || "_.-$@/#+".contains(character);
        if character == '\\' {
            characters.next();
        } else if !belongs {
            end = at;
            break;
        }
    }
    text.split_at(end)
}

/// The text up to the closing quote, in which `\"`, `\\`, `\n` and `\t` stand for one character, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut found = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((found, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => found.push('\n'),
                Some((_, 't')) => found.push('\t'),
                Some((_, escaped @ ('"' | '\\'))) => found.push(escaped),
                // A path has escapes of its own: `\.`.
                Some((_, other)) => found.extend(['\\', other]),
                None => break,
            },
            other => found.push(other),
        }
    }
    Err(format!("the quote of \"{text} is not closed"))
}

/// Text in double quotes, as [`tokens`] reads it back.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let tokens = tokens(text).unwrap();
        tokens
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn words_texts_and_marks() {
        assert_eq!(
            shown("sum(geo.price?:float64) where a<=-5"),
            "`sum` `(` `geo.price` `?` `:` `float64` `)` `where` `a` `<=` `-5`"
        );
        assert_eq!(shown(r"a\.b\ c"), r"`a\.b\ c`");
        assert_eq!(shown(r#"type="x \" y""#), r#"`type` `=` "x \" y""#);
        assert_eq!(shown(" @timestamp "), "`@timestamp`");
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        for text in ["", "a b", "\"", "\\", "a\\.b", "\n", "\\n", "ä\\\"\n"] {
            assert_eq!(tokens(&quote(text)), Ok(vec![Token::Text(text.to_owned())]));
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(tokens("\"a").unwrap_err(), "the quote of \"a is not closed");
        assert_eq!(
            tokens("a % b").unwrap_err(),
            "`%` has no meaning here; a name that contains it is written in double quotes"
        );
    }
}
