//! The component `aggregate`: counts, sums, extremes, distinct values and quantiles by a key, as a job declares them.
//!
//! Its parameters are the declaration (`backfold_declaration`). It works on whole columns: the keys of a batch become
//! numbers of groups, column after column; then each state goes over its columns and these numbers. The states are those
//! of the SDK's monoids, byte for byte.
//!
//! | file | holds |
//! |---|---|
//! | `described` | the descriptor of a declaration |
//! | `rejections` | records that are rejected, and the batch without them |
//! | `condition` | the rows that meet a condition |
//! | `keys`, `dictionary`, `period` | from the columns of a key to the number of its group, and back |
//! | `states` | what is kept of each group |

mod condition;
mod described;
mod dictionary;
mod keys;
mod period;
mod rejections;
mod states;
#[cfg(test)]
mod tests;

use backfold_declaration::{Condition, Declaration, Source};
use backfold_guest::{
    Batch, Column, ColumnBuilder, Component, Descriptor, Fault, Malformed, Output, Params, show_row,
};

use condition::Rows;
use keys::Keys;
use states::States;

/// The component.
pub struct Aggregate {
    declaration: Declaration,
    key_outputs: Vec<Output>,
    state_outputs: Vec<Output>,
    view_outputs: Vec<Output>,
    keys: Keys,
    kept: Vec<Kept>,
    /// The number of groups that the current drain has returned.
    drained: usize,
}

struct Kept {
    name: String,
    when: Option<Condition>,
    /// The fields of which none may be missing.
    inputs: Vec<usize>,
    states: Box<dyn States>,
    /// The number of its state columns.
    columns: usize,
    /// The number of its view columns.
    views: usize,
}

impl Component for Aggregate {
    fn open(
        name: &str,
        version: &str,
        params: Vec<(String, String)>,
    ) -> Result<(Self, Descriptor), String> {
        let mut params = Params::new(params).map_err(|error| error.to_string())?;
        let source = Source::from_params(|name| params.optional(name).unwrap_or(None))
            .map_err(|error| error.to_string())?;
        params.finish().map_err(|error| error.to_string())?;
        let declaration = source.check().map_err(|error| error.to_string())?;
        let descriptor = described::descriptor(name, version, &declaration);
        let kept = declaration.keep.iter().map(|kept| Kept {
            name: kept.name.clone(),
            when: kept.when.clone(),
            inputs: states::inputs(&kept.aggregate),
            states: states::of(&kept.aggregate, &declaration.inputs),
            columns: declaration.state_columns(kept).len(),
            views: declaration.view_columns(kept).len(),
        });
        let opened = Aggregate {
            kept: kept.collect(),
            keys: Keys::new(&declaration),
            key_outputs: descriptor.keys.clone(),
            state_outputs: descriptor.states.clone(),
            view_outputs: descriptor.views.clone(),
            declaration,
            drained: 0,
        };
        Ok((opened, descriptor))
    }

    fn fold(&mut self, events: &Batch) -> Result<Vec<(u32, String)>, String> {
        // A key that had been drained would have to be drained a second time.
        if self.drained > 0 {
            return Err("events cannot be folded before the accumulator is drained".to_string());
        }
        self.fold_batch(events)
            .map_err(|malformed| malformed.to_string())
    }

    fn drain(&mut self, max_rows: usize) -> Result<Batch, String> {
        let groups = self.drained..self.keys.groups().min(self.drained + max_rows);
        let rows = groups.len();
        let mut columns = builders(self.key_outputs.iter().chain(&self.state_outputs), rows);
        self.keys.save(groups.clone(), &mut columns);
        let mut rest = &mut columns[self.key_outputs.len()..];
        let mut unfit = None;
        for kept in &self.kept {
            let (own, others) = rest.split_at_mut(kept.columns);
            if let Err((row, fault)) = kept.states.save(groups.clone(), own) {
                unfit = Some((row, fault.in_field(&kept.name)));
                break;
            }
            rest = others;
        }
        let columns: Vec<Column> = columns.into_iter().map(ColumnBuilder::finish).collect();
        if let Some((row, fault)) = unfit {
            let key = show_row(&self.key_outputs, &columns, row);
            return Err(format!("the state of {key}: {fault}"));
        }
        self.drained = groups.end;
        if self.drained == self.keys.groups() {
            self.clear();
        }
        Ok(Batch { rows, columns })
    }

    fn identity(&self) -> Batch {
        let mut columns = builders(&self.state_outputs, 1);
        let mut rest = columns.as_mut_slice();
        for kept in &self.kept {
            let (own, others) = rest.split_at_mut(kept.columns);
            kept.states.identity(own);
            rest = others;
        }
        finish(columns, 1)
    }

    fn combine(&self, left: &Batch, right: &Batch) -> Result<Batch, String> {
        if left.rows != right.rows {
            return Err(format!(
                "{} states cannot be combined with {}",
                left.rows, right.rows
            ));
        }
        let mut columns = builders(&self.state_outputs, left.rows);
        let mut at = 0;
        for kept in &self.kept {
            let own = at..at + kept.columns;
            let failed = |(row, problem)| format!("row {row}: {}: {problem}", kept.name);
            let (left_own, right_own) = (
                own_columns(left, own.clone())?,
                own_columns(right, own.clone())?,
            );
            kept.states
                .combine(left_own, right_own, left.rows, &mut columns[own])
                .map_err(failed)?;
            at += kept.columns;
        }
        Ok(finish(columns, left.rows))
    }

    fn present(&self, states: &Batch) -> Result<Batch, String> {
        let mut columns = builders(&self.view_outputs, states.rows);
        let mut rest = columns.as_mut_slice();
        let mut at = 0;
        for kept in &self.kept {
            let (views, others) = rest.split_at_mut(kept.views);
            if !views.is_empty() {
                kept.states
                    .present(
                        own_columns(states, at..at + kept.columns)?,
                        states.rows,
                        views,
                    )
                    .map_err(|(row, problem)| format!("row {row}: {}: {problem}", kept.name))?;
            }
            rest = others;
            at += kept.columns;
        }
        Ok(finish(columns, states.rows))
    }
}

impl Aggregate {
    fn fold_batch(&mut self, events: &Batch) -> Result<Vec<(u32, String)>, Malformed> {
        if events.columns.len() != self.declaration.inputs.len() {
            return Err(Malformed::new("there are not as many columns as inputs"));
        }
        let rejections = rejections::find(&self.declaration, events)?;
        let accepted;
        let events = match rejections.as_slice() {
            [] => events,
            rejected => {
                accepted = rejections::without(rejected, &self.declaration, events)?;
                &accepted
            }
        };
        self.keys.find(events)?;
        for kept in &mut self.kept {
            let rows = Rows::of(kept.when.as_ref(), &kept.inputs, events)?;
            kept.states.grow(self.keys.groups());
            kept.states.add(events, &rows, self.keys.of_rows())?;
        }
        Ok(rejections)
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.kept.iter_mut().for_each(|kept| kept.states.clear());
        self.drained = 0;
    }
}

/// The columns of a state among those of all.
fn own_columns(states: &Batch, own: std::ops::Range<usize>) -> Result<&[Column], String> {
    let missing = "there are fewer columns than the state has";
    states.columns.get(own).ok_or_else(|| missing.to_string())
}

fn builders<'a>(outputs: impl IntoIterator<Item = &'a Output>, rows: usize) -> Vec<ColumnBuilder> {
    let columns = outputs.into_iter();
    columns
        .map(|output| ColumnBuilder::new(output.kind, rows))
        .collect()
}

fn finish(columns: Vec<ColumnBuilder>, rows: usize) -> Batch {
    let columns = columns.into_iter().map(ColumnBuilder::finish).collect();
    Batch { rows, columns }
}

/// A state that its columns cannot hold, with its row.
type Unfit = (usize, Fault);

backfold_guest::export_component!(
    Aggregate,
    name = "aggregate",
    version = env!("CARGO_PKG_VERSION")
);
