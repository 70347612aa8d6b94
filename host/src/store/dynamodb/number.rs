//! Numbers as DynamoDB keeps them: decimal, up to 38 significant digits.

/// The least and the greatest exponent of ten of a number that is not zero.
const EXPONENTS: std::ops::RangeInclusive<i32> = -130..=125;

/// The most bytes of a number in an item.
const MOST_BYTES: usize = 21;

/// A float as a number that reads back as the same float.
///
/// # Errors
/// The reason why the number does not keep it.
pub(super) fn of_float(value: f64) -> Result<String, &'static str> {
    if value.is_nan() {
        return Err("NaN, which no number of DynamoDB is");
    }
    if value == 0.0 {
        return match value.is_sign_negative() {
            true => Err("-0.0, which DynamoDB does not tell from 0"),
            false => Ok("0".to_owned()),
        };
    }
    if value.is_infinite() {
        return Err("an infinite number, which no number of DynamoDB is");
    }
    // The shortest decimal that reads back as this float: 17 digits at most.
    let text = format!("{value:e}");
    let exponent = text
        .rsplit_once('e')
        .and_then(|(_, power)| power.parse().ok());
    match exponent {
        Some(exponent) if EXPONENTS.contains(&exponent) => Ok(text),
        _ => Err("a number that is not within 1e-130 and 1e126, which those of DynamoDB are"),
    }
}

/// The bytes that a number takes in an item, at most: one for two significant digits, one for the exponent, one for a sign;
/// and one more where the digits do not begin at an even power of a hundred.
pub(super) fn bytes(text: &str) -> usize {
    let (mantissa, _) = text.split_once('e').unwrap_or((text, ""));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0').len();
    if significant == 0 {
        return 1;
    }
    let sign = usize::from(text.starts_with('-'));
    (significant / 2 + 2 + sign).min(MOST_BYTES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_within_the_range_have_a_number() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5e0"),
            (-0.1, "-1e-1"),
            (1e-130, "1e-130"),
            (9.99e125, "9.99e125"),
        ] {
            assert_eq!(of_float(value).as_deref(), Ok(text));
        }
        for value in [
            9.99e-131,
            1e126,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::NAN,
            f64::NEG_INFINITY,
            -0.0,
        ] {
            assert!(of_float(value).is_err(), "{value}");
        }
    }

    #[test]
    fn the_size_of_a_number_is_that_of_its_digits() {
        for (text, size) in [
            ("0", 1),
            ("7", 2),
            ("-7", 3),
            ("1200", 3),
            ("-9223372036854775808", 12),
            ("1e-130", 2),
        ] {
            assert_eq!(bytes(text), size, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_back_as_its_float(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            if let Ok(text) = of_float(value) {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(bits));
            }
        }
    }
}
