//! Text of a component, made safe to print.

use std::fmt::Write;

/// `text` on one line and at most `max_bytes` long. Characters are escaped that could control a terminal or hide other
/// text.
pub(crate) fn printable(text: &str, max_bytes: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max_bytes));
    for c in text.chars() {
        if shown.len() >= max_bytes {
            shown.push('…');
            break;
        }
        if steers(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, line separators, and marks that change the direction of writing.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_nothing_but_text() {
        assert_eq!(
            printable("ok\x1b[2J\r\n\u{202e}é\0", 100),
            "ok\\u{1b}[2J\\r\\n\\u{202e}é\\u{0}"
        );
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(printable(&"é".repeat(100), 5), "ééé…");
    }
}
