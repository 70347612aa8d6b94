//! Values of formats in which every value is text, such as CSV.

use serde::de::IgnoredAny;

use super::decimal::is_number;
use super::unfit::Unfit;
use super::{Column, Misfit, Values, binary, calendar, number, time};
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
            Values::Date(values) => calendar::date(text).map(|value| values.push(value)),
            Values::Timestamp(values) if self.encoding == Encoding::Standard => {
                let zone = self.conversion.time_zone;
                let at = time::timestamp(text, Some(text), self.encoding, zone);
                at.map(|value| values.push(value))
            }
            _ if !is_number(text) => Err(Unfit::Kind),
            Values::Int64(values) => number::int64(text).map(|value| values.push(value)),
            Values::Float64(values) => number::float64(text).map(|value| values.push(value)),
            Values::Timestamp(values) => {
                time::timestamp(text, None, self.encoding, None).map(|value| values.push(value))
            }
        };
        match pushed {
            Ok(()) => {
                self.validity.append_non_null();
                Ok(true)
            }
            Err(unfit) => self.push_other_field(text, unfit),
        }
    }
}

/// `text` without blanks around it, if it is a JSON value.
fn json_value(text: &[u8]) -> Option<&[u8]> {
    let value = text.trim_ascii();
    serde_json::from_slice::<IgnoredAny>(value).ok()?;
    Some(value)
}
