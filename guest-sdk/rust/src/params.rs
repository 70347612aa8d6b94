//! The job's parameters.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;

/// The job's parameters. The pipeline's `open` has to read each of them.
#[derive(Debug)]
pub struct Params {
    given: BTreeMap<String, String>,
    asked: Vec<String>,
}

/// A parameter that is missing, invalid or unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamError {
    message: String,
}

impl ParamError {
    /// An error of the pipeline, such as a value out of range.
    pub fn new(message: impl Into<String>) -> ParamError {
        ParamError {
            message: message.into(),
        }
    }
}

impl Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParamError {}

impl Params {
    /// The parameters of an `open`. A [`Pipeline`](crate::Pipeline) is given them.
    ///
    /// # Errors
    /// If one is given twice.
    pub fn new(params: impl IntoIterator<Item = (String, String)>) -> Result<Params, ParamError> {
        let mut given = BTreeMap::new();
        for (name, value) in params {
            if given.insert(name.clone(), value).is_some() {
                return Err(ParamError::new(format!(
                    "the parameter {name} is given twice"
                )));
            }
        }
        Ok(Params {
            given,
            asked: Vec::new(),
        })
    }

    /// The parameter of that name, if it is given.
    ///
    /// # Errors
    /// If its text is not a `T`.
    pub fn optional<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, ParamError> {
        self.asked.push(name.to_string());
        let Some(text) = self.given.remove(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(ParamError::new(format!(
                "the parameter {name} = {text:?} is of no use: {error}"
            ))),
        }
    }

    /// The parameter of that name, or `default`.
    ///
    /// # Errors
    /// If its text is not a `T`.
    pub fn or<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
        default: T,
    ) -> Result<T, ParamError> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    /// The parameter of that name.
    ///
    /// # Errors
    /// If it is not given, or its text is not a `T`.
    pub fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, ParamError> {
        self.optional(name)?
            .ok_or_else(|| ParamError::new(format!("the parameter {name} is missing")))
    }

    /// Refuses parameters that `open` has not read; done for a [`Pipeline`](crate::Pipeline).
    ///
    /// # Errors
    /// If there are any.
    pub fn finish(self) -> Result<(), ParamError> {
        let Some(unknown) = self.given.keys().next() else {
            return Ok(());
        };
        let known = match self.asked.as_slice() {
            [] => "the pipeline takes none".to_string(),
            asked => format!("the pipeline takes {}", asked.join(", ")),
        };
        Err(ParamError::new(format!(
            "the parameter {unknown} is not known; {known}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Result<Params, ParamError> {
        Params::new(
            pairs
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        )
    }

    #[test]
    fn parameters_are_typed() {
        let mut params = params(&[("least", "12"), ("most", "many")]).unwrap();
        assert_eq!(params.or("least", 0_i64), Ok(12));
        assert_eq!(params.or("step", 7_i64), Ok(7));
        assert_eq!(
            params.or("most", 0_i64).unwrap_err().to_string(),
            "the parameter most = \"many\" is of no use: invalid digit found in string"
        );
        assert_eq!(
            params.required::<String>("bot").unwrap_err().to_string(),
            "the parameter bot is missing"
        );
        assert_eq!(params.finish(), Ok(()));
    }

    #[test]
    fn unknown_and_doubled_parameters_are_errors() {
        let mut unknown = params(&[("lest", "12")]).unwrap();
        assert_eq!(unknown.or("least", 0_i64), Ok(0));
        assert_eq!(
            unknown.finish().unwrap_err().to_string(),
            "the parameter lest is not known; the pipeline takes least"
        );
        assert_eq!(
            params(&[("a", "1"), ("a", "2")]).unwrap_err().to_string(),
            "the parameter a is given twice"
        );
    }
}
