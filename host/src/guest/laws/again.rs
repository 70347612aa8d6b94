//! Counterexamples in files: saved, read, and run again.

use std::path::Path;

use super::describe::describe;
use super::lab::Lab;
use super::pool::Made;
use super::violation::violation;
use super::{Counterexample, LawError, Sample};
use crate::durable;
use crate::guest::Component;
use crate::row_json;

/// Writes a counterexample to `path`.
///
/// # Errors
/// If the file cannot be written.
pub fn save(counterexample: &Counterexample, path: &Path) -> Result<(), LawError> {
    let mut text = serde_json::to_vec_pretty(counterexample).map_err(std::io::Error::from);
    if let Ok(text) = &mut text {
        text.push(b'\n');
    }
    text.and_then(|text| durable::write(path, &text))
        .map_err(|source| LawError::Save {
            path: path.to_owned(),
            source,
        })
}

/// Reads a file of [`save`].
///
/// # Errors
/// If the file is not a counterexample.
pub fn read(path: &Path) -> Result<Counterexample, LawError> {
    let failed = |what: String| LawError::Counterexample {
        path: path.to_owned(),
        what,
    };
    let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
}

/// Tests the equation of a counterexample, which was read from `path`, again, with `params` instead of its parameters.
/// Returns the new counterexample, or `None` if the equation holds.
///
/// # Errors
/// If the events do not have the input columns of the component, or the component cannot be opened.
pub fn again(
    component: &Component,
    params: &[(String, String)],
    path: &Path,
    counterexample: &Counterexample,
) -> Result<Option<Counterexample>, LawError> {
    let failed = |what: String| LawError::Counterexample {
        path: path.to_owned(),
        what,
    };
    let instance = component.open(params)?;
    let descriptor = instance.descriptor().clone();
    let equation = counterexample.equation;
    let operands = &counterexample.operands;
    if operands.len() != equation.operands().len() {
        return Err(failed("an operand is missing".into()));
    }
    let events = operands.iter().flat_map(|operand| &operand.events);
    let columns: Vec<_> = events.clone().map(|event| event.columns.clone()).collect();
    let batch = row_json::batch(&descriptor.input_schema(), &columns).map_err(&failed)?;
    let sample = Sample::kept(
        batch,
        events.filter_map(|event| event.position.clone()).collect(),
    );
    let mut lab = Lab::new(instance, &sample)?;
    let mut made = Vec::new();
    let mut next_row = 0;
    for operand in operands {
        let rows = next_row..next_row + operand.events.len() as u32;
        next_row = rows.end;
        let key = match &operand.key {
            Some(key) => {
                let key = row_json::batch(&descriptor.key_schema(), std::slice::from_ref(key))
                    .map_err(&failed)?;
                lab.encode_keys(&key)?.concat()
            }
            None if equation.is_of_states() => {
                return Err(failed(format!("`{}` has no key", operand.name)));
            }
            None => Vec::new(),
        };
        made.push(Made {
            rows: rows.collect(),
            key,
        });
    }
    Ok(violation(&mut lab, equation, &made)
        .map(|violation| describe(&mut lab, params, equation, &made, violation)))
}
