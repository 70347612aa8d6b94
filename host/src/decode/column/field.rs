//! Values of formats in which every value is text, such as CSV.

use serde::de::IgnoredAny;

use super::unfit::Unfit;
use super::{Column, Misfit, Values, binary, excerpt, number, time};
use crate::schema::{Encoding, Kind};

impl Column {
    /// Appends the value of the field `text`, which has to be UTF-8; numbers, booleans and times have to be written as
    /// in JSON. Appends nothing and returns false for the JSON text `null` in a column of kind json.
    #[inline]
    pub(in crate::decode) fn push_field(&mut self, text: &[u8]) -> Result<bool, Misfit> {
        let pushed = match &mut self.values {
            Values::Bytes { offsets, bytes } => {
                let fits = match self.kind {
                    Kind::Utf8 => {
                        bytes.extend_from_slice(text);
                        Ok(())
                    }
                    Kind::Json => match json_value(text) {
                        Some(b"null") => return Ok(false),
                        Some(value) => {
                            bytes.extend_from_slice(value);
                            Ok(())
                        }
                        None => Err(Unfit::Value("not JSON")),
                    },
                    _ => binary::decode_into(text, false, self.encoding, bytes),
                };
                fits.map(|()| offsets.push(bytes.len() as i32))
            }
            Values::Boolean(values) if text == b"true" || text == b"false" => {
                values.append(text == b"true");
                Ok(())
            }
            Values::Boolean(_) => Err(Unfit::Kind),
            Values::Date(values) => time::date(text).map(|value| values.push(value)),
            Values::Timestamp(values) if self.encoding == Encoding::Standard => {
                let at = time::timestamp(text, Some(text), self.encoding);
                at.map(|value| values.push(value))
            }
            _ if !is_number(text) => Err(Unfit::Kind),
            Values::Int64(values) => number::int64(text).map(|value| values.push(value)),
            Values::Float64(values) => number::float64(text).map(|value| values.push(value)),
            Values::Timestamp(values) => {
                time::timestamp(text, None, self.encoding).map(|value| values.push(value))
            }
        };
        match pushed {
            Ok(()) => {
                self.validity.append_non_null();
                Ok(true)
            }
            Err(Unfit::Kind) => Err(Misfit(format!(
                "{} is not a value of kind {}",
                excerpt(text),
                self.kind.name()
            ))),
            Err(Unfit::Value(detail)) => Err(Misfit(format!("{} is {detail}", excerpt(text)))),
        }
    }
}

/// `text` without blanks around it, if it is a JSON value.
fn json_value(text: &[u8]) -> Option<&[u8]> {
    let value = text.trim_ascii();
    serde_json::from_slice::<IgnoredAny>(value).ok()?;
    Some(value)
}

/// Whether `text` is a number as JSON writes it.
#[inline]
fn is_number(text: &[u8]) -> bool {
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
    use super::*;

    proptest::proptest! {
        #[test]
        fn numbers_are_those_of_json(text in "-?0?[0-9]{0,3}[.]?[0-9]{0,2}([eE][+-]?[0-9]{0,2})?[ x]?") {
            let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            let blank = text.ends_with(' ');
            assert_eq!(is_number(text.as_bytes()), is_json && !blank, "{text}");
        }
    }
}
