//! Numbers as JSON writes them, in decimal and exact.

/// A number in units of a power of ten, rounded towards minus infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scaled {
    pub(super) floor: i64,
    /// Whether nothing was cut.
    pub(super) is_exact: bool,
}

/// `text`, a number as JSON writes it, times ten to the power of `shift`; `None` beyond the range of an int64.
pub(super) fn scaled(text: &[u8], shift: i64) -> Option<Scaled> {
    let (is_negative, number) = match text {
        [b'-', number @ ..] => (true, number),
        number => (false, number),
    };
    let at = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match at {
        Some(at) => (&number[..at], exponent(&number[at + 1..])),
        None => (number, 0),
    };
    let point = memchr::memchr(b'.', mantissa);
    let decimals = point.map_or(0, |point| mantissa.len() - point - 1) as i64;
    let digits = || {
        mantissa
            .iter()
            .filter(|byte| **byte != b'.')
            .map(|digit| digit - b'0')
    };
    let significant = digits().skip_while(|digit| *digit == 0).count() as i64;
    // The number has this many digits before the point once it is shifted.
    let whole_digits = significant + exponent - decimals + shift;
    if significant == 0 {
        return Some(Scaled {
            floor: 0,
            is_exact: true,
        });
    }
    if whole_digits > MAX_DIGITS {
        return None;
    }
    let significant_digits = digits().skip_while(|digit| *digit == 0);
    let mut whole = 0i128;
    let mut is_exact = true;
    for (at, digit) in significant_digits.enumerate() {
        if (at as i64) < whole_digits {
            whole = whole * 10 + i128::from(digit);
        } else {
            is_exact &= digit == 0;
        }
    }
    for _ in significant..whole_digits {
        whole *= 10;
    }
    if is_negative {
        whole = -whole - i128::from(!is_exact);
    }
    let floor = i64::try_from(whole).ok()?;
    Some(Scaled { floor, is_exact })
}

/// The most digits of an int64.
const MAX_DIGITS: i64 = 19;

/// The exponent, within bounds beyond which it makes no difference: a text is far shorter than 2^40 bytes.
fn exponent(text: &[u8]) -> i64 {
    const BOUND: i64 = 1 << 40;
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = digits.iter().fold(0i64, |value, digit| {
        (value * 10 + i64::from(digit - b'0')).min(BOUND)
    });
    if is_negative { -value } else { value }
}

/// Whether `text` is a number as JSON writes it.
#[inline]
pub(super) fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let decimals = digits(fraction);
        if decimals == 0 {
            return false;
        }
        rest = &fraction[decimals..];
    }
    let [b'e' | b'E', exponent @ ..] = rest else {
        return rest.is_empty();
    };
    let exponent = match exponent {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_cut_towards_minus_infinity() {
        for (text, shift, floor, is_exact) in [
            ("0", 0, 0, true),
            ("-0.0e5", 3, 0, true),
            ("0e99999999999999999999", 0, 0, true),
            ("1.0", 0, 1, true),
            ("1e3", 0, 1000, true),
            ("1E+3", 0, 1000, true),
            ("2500e-2", 0, 25, true),
            ("2.5", 0, 2, false),
            ("-2.5", 0, -3, false),
            ("-2.0", 0, -2, true),
            ("0.001", 0, 0, false),
            ("-0.001", 0, -1, false),
            ("1e-99999999999999999999", 0, 0, false),
            ("00012.50", 1, 125, true),
            ("1769853600.1234567", 6, 1_769_853_600_123_456, false),
            ("1.769853600123E9", 6, 1_769_853_600_123_000, true),
            ("9223372036854775807.0", 0, i64::MAX, true),
            ("-9223372036854775808", 0, i64::MIN, true),
            ("922337203685477580.7", 1, i64::MAX, true),
        ] {
            let expected = Scaled { floor, is_exact };
            assert_eq!(scaled(text.as_bytes(), shift), Some(expected), "{text}");
        }
        for beyond in [
            "9223372036854775808",
            "-9223372036854775808.5",
            "1e19",
            "1e99999999999999999999",
            "123456789012345678901234567890",
        ] {
            assert_eq!(scaled(beyond.as_bytes(), 0), None, "{beyond}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_json(text in "-?0?[0-9]{0,3}[.]?[0-9]{0,2}([eE][+-]?[0-9]{0,2})?[ x]?") {
            let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            let blank = text.ends_with(' ');
            prop_assert_eq!(is_number(text.as_bytes()), is_json && !blank, "{}", text);
        }

        #[test]
        fn a_number_moved_by_its_exponent_is_the_same(value: i64, zeros in 0i64..10) {
            let moved = format!("{value}{}e-{zeros}", "0".repeat(zeros as usize));
            let expected = Scaled { floor: value, is_exact: true };
            prop_assert_eq!(scaled(moved.as_bytes(), 0), Some(expected));
        }

        #[test]
        fn decimals_are_cut_as_an_integer_division_cuts_them(units in -1_000_000_000i64..1_000_000_000, decimals in 1usize..9) {
            let (sign, digits) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
            let digits = format!("{digits:0width$}", width = decimals + 1);
            let (whole, fraction) = digits.split_at(digits.len() - decimals);
            let unit = 10i64.pow(decimals as u32);
            let expected = Scaled { floor: units.div_euclid(unit), is_exact: units % unit == 0 };
            let text = format!("{sign}{whole}.{fraction}");
            prop_assert_eq!(scaled(text.as_bytes(), 0), Some(expected), "{}", text);
        }
    }
}
