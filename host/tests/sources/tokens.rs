//! Rust source as words and punctuation: without comments, strings and characters.

/// A word, a `::`, or another single character of punctuation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// The line, from 1.
    pub(crate) line: usize,
}

impl Token<'_> {
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(is_word_char)
    }
}

fn is_word_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// All tokens of a file, in order.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = if let Some(length) = skipped(rest) {
            (length, false)
        } else if is_word_char(first) {
            (rest.find(|c| !is_word_char(c)).unwrap_or(rest.len()), true)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            (first.len_utf8(), !first.is_whitespace())
        };
        let (text, after) = rest.split_at(length);
        if is_token {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The length in bytes of the comment, the literal or the lifetime that `rest` begins with.
fn skipped(rest: &str) -> Option<usize> {
    let until = |from: usize, end: &str| {
        let length = rest.get(from..)?.find(end)?;
        Some(from + length + end.len())
    };
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    let unprefixed = rest.trim_start_matches(['b', 'c', 'r']);
    let prefix = rest.len() - unprefixed.len();
    let hashes = unprefixed.len() - unprefixed.trim_start_matches('#').len();
    if prefix <= 2 && unprefixed[hashes..].starts_with('"') {
        let from = prefix + hashes + 1;
        let is_raw = rest[..prefix].contains('r');
        return match is_raw {
            true => until(from, &format!("\"{}", "#".repeat(hashes))),
            false if hashes == 0 => Some(from + closing(&rest[from..], '"')),
            false => None,
        };
    }
    if prefix <= 1 && unprefixed.starts_with('\'') {
        let mut chars = unprefixed[1..].chars();
        let is_char = match (chars.next(), chars.next()) {
            (Some('\\'), _) | (Some(_), Some('\'')) => true,
            _ if prefix == 0 => false,
            _ => return None,
        };
        let from = prefix + 1;
        return match is_char {
            true => Some(from + closing(&rest[from..], '\'')),
            false => {
                let name = &rest[1..];
                Some(1 + name.find(|c| !is_word_char(c)).unwrap_or(name.len()))
            }
        };
    }
    None
}

/// The bytes up to the end of a literal, whose closing quote may be escaped before.
fn closing(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !is_escaped {
            return at + c.len_utf8();
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

/// The place after the bracket that closes the one at `open`.
pub(crate) fn after_bracket(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_hold_no_tokens() {
        let source = "a // use b\n/* use c */ \"use d \\\" {\" r#\"e \" }\"# b'\\'' '{' br\"f\" z";
        assert_eq!(texts(source), ["a", "z"]);
    }

    #[test]
    fn a_lifetime_is_no_literal() {
        assert_eq!(
            texts("fn f<'a>(x: &'a str, b: char) -> r"),
            texts("fn f<>(x: & str, b: char) -> r")
        );
    }

    #[test]
    fn a_token_has_its_line() {
        let tokens = tokens("a\n\"\n\"\n::b");
        let lines: Vec<_> = tokens
            .iter()
            .map(|token| (token.text, token.line))
            .collect();
        assert_eq!(lines, [("a", 1), ("::", 4), ("b", 4)]);
    }
}
