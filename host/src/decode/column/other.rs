//! Values that are not written as in JSON, where the job takes them: numbers in strings, integers with a fraction or an
//! exponent, and objects that stand for one value.
//!
//! A column comes here only with a value that it does not take otherwise, so usual values pay nothing for it.

use super::time::timestamp;
use super::unfit::Unfit;
use super::value_objects::{self, StoodFor};
use super::{Column, Misfit, Values, describe, excerpt, number, unquote};
use crate::decode::json::Span;
use crate::schema::Encoding;

/// The end of the reason to reject a number that a lenient job takes.
const OFFER: &str = "; a lenient `decode.numbers` takes it";

/// The result of reading a number leniently.
enum Lenient {
    Pushed,
    /// It would be one if the job were lenient.
    Offered,
    /// It is none, and the reason if it is known better than by strict reading.
    No(Option<Unfit>),
}

impl Column {
    /// Appends the JSON value at `span`, which is `unfit`, if the job takes it; false for a null.
    #[cold]
    pub(super) fn push_other_json(
        &mut self,
        padded: &[u8],
        span: Span,
        unfit: Unfit,
    ) -> Result<bool, Misfit> {
        if let Some(value) = value_objects::open(self.conversion.objects, padded, span) {
            return self.push_stood_for(padded, value);
        }
        let text = span.of(padded);
        let (unfit, end) = match self.push_lenient(text) {
            Lenient::Pushed => return Ok(true),
            Lenient::Offered => (unfit, OFFER),
            Lenient::No(better) => (better.unwrap_or(unfit), ""),
        };
        Err(match unfit {
            Unfit::Kind => Misfit(self.refuse(describe(text)).0 + end),
            Unfit::Value(detail) => Misfit(format!("{} is {detail}{end}", excerpt(text))),
        })
    }

    /// As [`push_other_json`](Column::push_other_json), for a field.
    #[cold]
    pub(super) fn push_other_field(&mut self, text: &[u8], unfit: Unfit) -> Result<bool, Misfit> {
        let (unfit, end) = match self.push_lenient(text) {
            Lenient::Pushed => return Ok(true),
            Lenient::Offered => (unfit, OFFER),
            Lenient::No(better) => (better.unwrap_or(unfit), ""),
        };
        let (text, kind) = (excerpt(text), self.kind.name());
        Err(Misfit(match unfit {
            Unfit::Kind => format!("{text} is not a value of kind {kind}{end}"),
            Unfit::Value(detail) => format!("{text} is {detail}{end}"),
        }))
    }

    /// Appends `text`, a number or a number within quotes, to a column of numbers.
    fn push_lenient(&mut self, text: &[u8]) -> Lenient {
        let inside = unquote(text);
        let is_lenient = match inside {
            Some(_) => self.conversion.is_lenient(),
            None => self.conversion.takes_exact_integers(),
        };
        let text = inside.unwrap_or(text);
        let refusal = match &mut self.values {
            Values::Int64(values) => match number::exact_int64(text) {
                Ok(_) if !is_lenient => return Lenient::Offered,
                Ok(value) => {
                    values.push(value);
                    None
                }
                Err(unfit) => Some(unfit),
            },
            Values::Float64(values) => match number::checked_float64(text) {
                Ok(_) if !is_lenient => return Lenient::Offered,
                Ok(value) => {
                    values.push(value);
                    None
                }
                Err(unfit) => Some(unfit),
            },
            _ => Some(Unfit::Kind),
        };
        match refusal {
            None => {
                self.validity.append_non_null();
                Lenient::Pushed
            }
            Some(Unfit::Kind) => Lenient::No(None),
            Some(value) => Lenient::No(Some(value).filter(|_| is_lenient)),
        }
    }

    /// Appends the value that an object stands for; false for a null.
    fn push_stood_for(&mut self, padded: &[u8], value: StoodFor) -> Result<bool, Misfit> {
        let is_not = |span: Span, what| Misfit(format!("{} is {what}", excerpt(span.of(padded))));
        match value {
            StoodFor::Null => Ok(false),
            StoodFor::Value(span) => self.push_json(padded, span),
            StoodFor::Number(span) => match number::check(span.of(padded)) {
                Ok(()) => self.push_json(padded, span),
                Err(Unfit::Kind) => Err(is_not(span, "not a number")),
                Err(Unfit::Value(detail)) => Err(is_not(span, detail)),
            },
            StoodFor::Time(span) => {
                let (text, zone) = (span.of(padded), self.conversion.time_zone);
                let Values::Timestamp(values) = &mut self.values else {
                    return Err(self.refuse("a time"));
                };
                let inside = unquote(text);
                let encoding = match inside {
                    Some(_) => Encoding::Standard,
                    None => Encoding::EpochMilliseconds,
                };
                match timestamp(text, inside, encoding, zone) {
                    Ok(at_us) => values.push(at_us),
                    Err(Unfit::Kind) => return Err(is_not(span, "not a number of milliseconds")),
                    Err(Unfit::Value(detail)) => return Err(is_not(span, detail)),
                }
                self.validity.append_non_null();
                Ok(true)
            }
        }
    }
}
