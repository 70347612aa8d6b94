//! Numbers: int64 exactly, float64 rounded to the nearest.

use super::decimal::{Scaled, is_number, scaled};
use super::unfit::Unfit;

/// The integer of `text`, a JSON value that is not a string, written without fraction or exponent.
#[inline]
pub(super) fn int64(text: &[u8]) -> Result<i64, Unfit> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !digits.first().is_some_and(u8::is_ascii_digit) {
        return Err(Unfit::Kind);
    }
    let mut value = 0u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return Err(NO_INTEGER);
        }
        let grown = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit)));
        value = match grown {
            Some(value) => value,
            None if digits.iter().all(u8::is_ascii_digit) => return Err(OVERFLOW),
            None => return Err(NO_INTEGER),
        };
    }
    let value = if negative {
        0i64.checked_sub_unsigned(value)
    } else {
        i64::try_from(value).ok()
    };
    value.ok_or(OVERFLOW)
}

const OVERFLOW: Unfit = Unfit::Value("beyond the range of an int64");
const NO_INTEGER: Unfit = Unfit::Value("not written as an integer");
const FRACTION: Unfit = Unfit::Value("not an integer");
const INFINITE: Unfit = Unfit::Value("not a finite number");

/// The integer of `text`, which may be written with a fraction or an exponent, if its value is exactly an integer.
pub(super) fn exact_int64(text: &[u8]) -> Result<i64, Unfit> {
    check(text)?;
    match scaled(text, 0) {
        Some(Scaled {
            floor,
            is_exact: true,
        }) => Ok(floor),
        Some(_) => Err(FRACTION),
        None => Err(OVERFLOW),
    }
}

/// As [`float64`], for a text that was not parsed.
pub(super) fn checked_float64(text: &[u8]) -> Result<f64, Unfit> {
    check(text)?;
    float64(text)
}

/// Checks that `text` is a number as JSON writes it.
pub(super) fn check(text: &[u8]) -> Result<(), Unfit> {
    match text {
        _ if is_number(text) => Ok(()),
        b"NaN" | b"Infinity" | b"-Infinity" => Err(INFINITE),
        _ => Err(Unfit::Kind),
    }
}

/// Powers of ten that a float64 holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The float64 nearest to the number `text`, a JSON value that is not a string.
///
/// Where digits and power of ten are both exact in a float64, one division rounds correctly (Clinger).
#[inline]
pub(super) fn float64(text: &[u8]) -> Result<f64, Unfit> {
    let (negative, number) = match text {
        [b'-', number @ ..] => (true, number),
        number => (false, number),
    };
    if !number.first().is_some_and(u8::is_ascii_digit) {
        return Err(Unfit::Kind);
    }
    if number.len() <= 16 {
        let (mut digits, mut decimals, mut fraction) = (0u64, 0usize, false);
        for byte in number {
            match byte {
                b'0'..=b'9' => {
                    digits = digits * 10 + u64::from(byte - b'0');
                    decimals += usize::from(fraction);
                }
                b'.' => fraction = true,
                _ => return float64_of_any(text),
            }
        }
        if digits < 1 << 53 {
            let value = digits as f64 / EXACT_POWERS[decimals];
            return Ok(if negative { -value } else { value });
        }
    }
    float64_of_any(text)
}

#[cold]
fn float64_of_any(text: &[u8]) -> Result<f64, Unfit> {
    let value: f64 = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Unfit::Kind)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Unfit::Value("beyond the range of a float64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact() {
        assert_eq!(int64(b"0"), Ok(0));
        assert_eq!(int64(b"-0"), Ok(0));
        assert_eq!(int64(b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(int64(b"-9223372036854775808"), Ok(i64::MIN));
        for beyond in [
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "100000000000000000000",
        ] {
            assert_eq!(int64(beyond.as_bytes()), Err(OVERFLOW), "{beyond}");
        }
        for other in ["1.0", "1e3", "100000000000000000000.5"] {
            assert_eq!(int64(other.as_bytes()), Err(NO_INTEGER), "{other}");
        }
    }

    #[test]
    fn a_fraction_is_never_rounded_to_an_integer() {
        for (text, value) in [
            ("1.0", 1),
            ("1e3", 1000),
            ("1E+3", 1000),
            ("-1.50e1", -15),
            ("9223372036854775807.00", i64::MAX),
            ("12", 12),
        ] {
            assert_eq!(exact_int64(text.as_bytes()), Ok(value), "{text}");
        }
        for (text, refusal) in [
            ("2.5", FRACTION),
            ("1e-1", FRACTION),
            ("9007199254740993.5", FRACTION),
            ("0.99999999999999999999", FRACTION),
            ("1e19", OVERFLOW),
            ("9223372036854775808.0", OVERFLOW),
            ("NaN", INFINITE),
            ("-Infinity", INFINITE),
            ("", Unfit::Kind),
            ("+1", Unfit::Kind),
            ("01", Unfit::Kind),
            (".5", Unfit::Kind),
            ("1.", Unfit::Kind),
            ("0x1", Unfit::Kind),
            ("1_000", Unfit::Kind),
            (" 1", Unfit::Kind),
            ("Y", Unfit::Kind),
        ] {
            assert_eq!(exact_int64(text.as_bytes()), Err(refusal), "{text}");
            let is_number = !matches!(refusal, INFINITE | Unfit::Kind);
            assert_eq!(
                checked_float64(text.as_bytes()).is_ok(),
                is_number,
                "{text}"
            );
        }
    }

    #[test]
    fn floats_are_those_of_the_standard_library() {
        for text in [
            "0",
            "-0.0",
            "0.1",
            "179.94",
            "90071992547409.93",
            "9007199254740993",
            "0.000000000000001",
            "0.00000000000001",
            "1e-400",
        ]
        .into_iter()
        .chain([
            "2.2250738585072014e-308",
            "1.5e3",
            "3.141592653589793238462643",
            "123456789.123456789",
        ]) {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(
                float64(text.as_bytes()).unwrap().to_bits(),
                expected.to_bits(),
                "{text}"
            );
        }
        assert!(float64(b"-1e400").is_err());
    }
}
