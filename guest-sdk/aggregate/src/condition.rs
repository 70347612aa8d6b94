//! The rows of a batch that count for a state.

use backfold_declaration::{Comparison, Condition, Test};
use backfold_guest::{Batch, Column, Field, Malformed};

/// Some rows of a batch.
pub(crate) enum Rows {
    /// All of them, as many as this.
    All(usize),
    /// Those with a true value.
    Some(Vec<bool>),
}

impl Rows {
    /// The rows that meet the condition and have a value in each of the inputs.
    pub(crate) fn of(
        when: Option<&Condition>,
        inputs: &[usize],
        batch: &Batch,
    ) -> Result<Rows, Malformed> {
        let mut rows = Rows::All(batch.rows);
        if let Some(when) = when {
            rows = Rows::Some(met(when, batch)?);
        }
        for input in inputs {
            rows.keep_present(&batch.columns[*input], batch.rows)?;
        }
        Ok(rows)
    }

    fn keep_present(&mut self, column: &Column, rows: usize) -> Result<(), Malformed> {
        let Some(present) = present(column, rows)? else {
            return Ok(());
        };
        match self {
            Rows::All(_) => *self = Rows::Some(present),
            Rows::Some(kept) => kept
                .iter_mut()
                .zip(present)
                .for_each(|(kept, present)| *kept &= present),
        }
        Ok(())
    }

    /// Calls `with` with the number of each row, in order.
    #[inline]
    pub(crate) fn each(&self, mut with: impl FnMut(usize)) {
        match self {
            Rows::All(rows) => (0..*rows).for_each(with),
            Rows::Some(kept) => {
                for (row, kept) in kept.iter().enumerate() {
                    if *kept {
                        with(row);
                    }
                }
            }
        }
    }
}

/// For each row whether the value is present; `None` if all are.
pub(crate) fn present(column: &Column, rows: usize) -> Result<Option<Vec<bool>>, Malformed> {
    let Some(validity) = column.validity.as_deref() else {
        return Ok(None);
    };
    if validity.len() < rows.div_ceil(8) {
        return Err(Malformed::new("a bitmap is too short for its rows"));
    }
    let bit = |row: usize| validity[row / 8] >> (row % 8) & 1 == 1;
    Ok(Some((0..rows).map(bit).collect()))
}

/// For each row whether it meets the condition. A missing value does not.
pub(crate) fn met(when: &Condition, batch: &Batch) -> Result<Vec<bool>, Malformed> {
    let (column, rows) = (&batch.columns[when.input], batch.rows);
    let mut met: Vec<bool> = match &when.test {
        Test::Text { any_of, negated } => {
            let reader = <&str>::reader(column, rows)?;
            let fits = |row| {
                let value = <&str>::read(&reader, row);
                any_of.iter().any(|text| text == value) != *negated
            };
            (0..rows).map(fits).collect()
        }
        Test::Boolean(wanted) => {
            let reader = bool::reader(column, rows)?;
            (0..rows)
                .map(|row| bool::read(&reader, row) == *wanted)
                .collect()
        }
        Test::Int64(comparison, numbers) => {
            let reader = i64::reader(column, rows)?;
            let values = (0..rows).map(|row| i64::read(&reader, row));
            compare(values, *comparison, numbers)
        }
        Test::Float64(comparison, numbers) => {
            let reader = f64::reader(column, rows)?;
            let values = (0..rows).map(|row| f64::read(&reader, row));
            compare(values, *comparison, numbers)
        }
    };
    if let Some(present) = present(column, rows)? {
        met.iter_mut()
            .zip(present)
            .for_each(|(met, present)| *met &= present);
    }
    Ok(met)
}

/// Compares each value; only equality has several numbers.
fn compare<T: PartialOrd + Copy>(
    values: impl Iterator<Item = T>,
    comparison: Comparison,
    numbers: &[T],
) -> Vec<bool> {
    let Some(number) = numbers.first().copied() else {
        return values.map(|_| false).collect();
    };
    match comparison {
        Comparison::Equal => values.map(|value| numbers.contains(&value)).collect(),
        Comparison::NotEqual => values.map(|value| !numbers.contains(&value)).collect(),
        Comparison::Less => values.map(|value| value < number).collect(),
        Comparison::AtMost => values.map(|value| value <= number).collect(),
        Comparison::Greater => values.map(|value| value > number).collect(),
        Comparison::AtLeast => values.map(|value| value >= number).collect(),
    }
}
