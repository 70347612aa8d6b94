//! Keys: from the columns of a batch to numbers of groups, column after column, and back.

use std::ops::Range;

use backfold_declaration::{Declaration, Kind, Period};
use backfold_guest::{Batch, Column, ColumnBuilder, Date, Field, Malformed, Timestamp, Value};

use crate::condition::present;
use crate::dictionary::{Numbers, Texts};
use crate::period::{beginning, first_day};

/// The groups of a drain: keys numbered from 0 in the order in which they come first.
///
/// Each column of the key gives a code of 32 bits for its value. The code of the first column with that of the second is
/// numbered; that number with the code of the third; and so on. The last number is that of the group.
pub(crate) struct Keys {
    columns: Vec<KeyColumn>,
    /// For each column after the first: the pairs of a number of what is before it and its own code. If the first column
    /// is the only one, and its codes have gaps, the pairs of 0 and its code.
    pairs: Vec<Numbers>,
    groups: Vec<u32>,
    codes: Vec<u32>,
}

struct KeyColumn {
    input: usize,
    period: Option<Period>,
    kind: Kind,
    codes: Codes,
}

/// How a column's values become codes.
enum Codes {
    /// The value is its own code: a date that is never missing, or a boolean.
    Own,
    /// The number of the value's 64 bits, and that of a missing value.
    Numbers(Numbers, Option<u32>),
    /// The number of the text, and that of a missing one.
    Texts(Texts, Option<u32>),
}

impl Keys {
    pub(crate) fn new(declaration: &Declaration) -> Keys {
        let columns: Vec<_> = declaration
            .keys
            .iter()
            .map(|key| {
                let input = &declaration.inputs[key.input];
                let kind = key.period.map_or(input.kind, Period::kind);
                let codes = match kind {
                    Kind::Boolean => Codes::Own,
                    Kind::Date if !input.nullable => Codes::Own,
                    Kind::Utf8 | Kind::Binary | Kind::Json => Codes::Texts(Texts::new(), None),
                    _ => Codes::Numbers(Numbers::new(), None),
                };
                KeyColumn {
                    input: key.input,
                    period: key.period,
                    kind,
                    codes,
                }
            })
            .collect();
        let has_gaps = matches!(columns[0].codes, Codes::Own);
        let pairs = columns.len() - 1 + usize::from(has_gaps);
        Keys {
            columns,
            pairs: (0..pairs).map(|_| Numbers::new()).collect(),
            groups: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// The number of groups.
    pub(crate) fn groups(&self) -> usize {
        match (self.pairs.last(), &self.columns[0].codes) {
            (Some(pairs), _) => pairs.len(),
            (None, Codes::Numbers(numbers, _)) => numbers.len(),
            (None, Codes::Texts(texts, _)) => texts.len(),
            (None, Codes::Own) => 0,
        }
    }

    /// The group of each row of the last batch.
    pub(crate) fn of_rows(&self) -> &[u32] {
        &self.groups
    }

    /// Finds the group of each row.
    ///
    /// # Errors
    /// If a column is not one of its kind.
    pub(crate) fn find(&mut self, batch: &Batch) -> Result<(), Malformed> {
        let (first, others) = self.columns.split_at_mut(1);
        let mut pairs = self.pairs.iter_mut();
        first[0].codes_of(batch, &mut self.groups)?;
        if matches!(first[0].codes, Codes::Own)
            && let Some(pairs) = pairs.next()
        {
            self.groups
                .iter_mut()
                .for_each(|group| *group = pairs.number(u64::from(*group)));
        }
        for (column, pairs) in others.iter_mut().zip(pairs) {
            column.codes_of(batch, &mut self.codes)?;
            for (group, code) in self.groups.iter_mut().zip(&self.codes) {
                *group = pairs.number(u64::from(*group) << 32 | u64::from(*code));
            }
        }
        Ok(())
    }

    /// Appends the keys of these groups to the first of the columns.
    pub(crate) fn save(&self, groups: Range<usize>, out: &mut [ColumnBuilder]) {
        let mut numbers: Vec<u32> = groups.map(|group| group as u32).collect();
        let mut codes = Vec::with_capacity(numbers.len());
        let mut pairs = self.pairs.iter().rev();
        let (first, others) = self.columns.split_at(1);
        for (at, column) in others.iter().enumerate().rev() {
            let Some(pairs) = pairs.next() else { break };
            codes.clear();
            for number in &mut numbers {
                let pair = pairs.value(*number);
                codes.push(pair as u32);
                *number = (pair >> 32) as u32;
            }
            column.save(&codes, &mut out[at + 1]);
        }
        if let Some(pairs) = pairs.next() {
            numbers
                .iter_mut()
                .for_each(|number| *number = pairs.value(*number) as u32);
        }
        first[0].save(&numbers, &mut out[0]);
    }

    /// Forgets all groups.
    pub(crate) fn clear(&mut self) {
        self.pairs.iter_mut().for_each(Numbers::clear);
        for column in &mut self.columns {
            match &mut column.codes {
                Codes::Own => {}
                Codes::Numbers(numbers, missing) => {
                    numbers.clear();
                    *missing = None;
                }
                Codes::Texts(texts, missing) => {
                    texts.clear();
                    *missing = None;
                }
            }
        }
    }
}

/// The code of a missing boolean.
const NO_BOOLEAN: u32 = 2;

impl KeyColumn {
    /// The code of each row.
    fn codes_of(&mut self, batch: &Batch, out: &mut Vec<u32>) -> Result<(), Malformed> {
        let (column, rows) = (&batch.columns[self.input], batch.rows);
        let present = present(column, rows)?;
        out.clear();
        match &mut self.codes {
            Codes::Own if self.kind == Kind::Boolean => {
                let reader = bool::reader(column, rows)?;
                out.extend((0..rows).map(|row| u32::from(bool::read(&reader, row))));
                if let Some(present) = present {
                    replace_missing(out, &present, NO_BOOLEAN);
                }
            }
            Codes::Own => match self.period {
                Some(period) => days(column, rows, period, |day| out.push(day.days as u32))?,
                None => {
                    let reader = Date::reader(column, rows)?;
                    out.extend((0..rows).map(|row| Date::read(&reader, row).days as u32));
                }
            },
            Codes::Texts(texts, missing) => {
                let reader = <&[u8]>::reader(column, rows)?;
                match present {
                    None => {
                        out.extend((0..rows).map(|row| texts.number(<&[u8]>::read(&reader, row))));
                    }
                    Some(present) => out.extend(present.iter().enumerate().map(
                        |(row, present)| match present {
                            true => texts.number(<&[u8]>::read(&reader, row)),
                            false => *missing.get_or_insert_with(|| texts.add_missing()),
                        },
                    )),
                }
            }
            Codes::Numbers(numbers, missing) => {
                let values = bits(column, rows, self.kind, self.period)?;
                // Values that come one after the other are often the same.
                let mut last: Option<(u64, u32)> = None;
                for (row, value) in values.into_iter().enumerate() {
                    if present.as_ref().is_some_and(|present| !present[row]) {
                        out.push(*missing.get_or_insert_with(|| numbers.add(0)));
                        continue;
                    }
                    let number = match last {
                        Some((same, number)) if same == value => number,
                        _ => numbers.number(value),
                    };
                    last = Some((value, number));
                    out.push(number);
                }
            }
        }
        Ok(())
    }

    /// Appends the values of these codes.
    fn save(&self, codes: &[u32], out: &mut ColumnBuilder) {
        match &self.codes {
            Codes::Own => {
                for code in codes {
                    match self.kind {
                        Kind::Boolean => match *code {
                            NO_BOOLEAN => None::<bool>.write(out),
                            code => (code == 1).write(out),
                        },
                        _ => Date::from_days(*code as i32).write(out),
                    }
                }
            }
            Codes::Texts(texts, missing) => {
                for code in codes {
                    match Some(*code) == *missing {
                        true => None::<&[u8]>.write(out),
                        false => texts.value(*code).write(out),
                    }
                }
            }
            Codes::Numbers(numbers, missing) => {
                for code in codes {
                    let value = numbers.value(*code);
                    match (self.kind, Some(*code) == *missing) {
                        (Kind::Date, true) => None::<Date>.write(out),
                        (_, true) => None::<i64>.write(out),
                        (Kind::Date, false) => Date::from_days(value as i32).write(out),
                        (_, false) => (value as i64).write(out),
                    }
                }
            }
        }
    }
}

fn replace_missing(codes: &mut [u32], present: &[bool], missing: u32) {
    for (code, present) in codes.iter_mut().zip(present) {
        if !present {
            *code = missing;
        }
    }
}

/// The values of a column as numbers of 64 bits.
fn bits(
    column: &Column,
    rows: usize,
    kind: Kind,
    period: Option<Period>,
) -> Result<Vec<u64>, Malformed> {
    let mut bits = Vec::with_capacity(rows);
    match (kind, period) {
        (Kind::Date, Some(period)) => {
            days(column, rows, period, |day| bits.push(day.days as u64))?;
        }
        (Kind::Date, None) => {
            let reader = Date::reader(column, rows)?;
            bits.extend((0..rows).map(|row| Date::read(&reader, row).days as u64));
        }
        (_, Some(period)) => {
            let reader = Timestamp::reader(column, rows)?;
            bits.extend(
                (0..rows).map(|row| {
                    beginning(Timestamp::read(&reader, row), period).microseconds as u64
                }),
            );
        }
        (_, None) => {
            let reader = i64::reader(column, rows)?;
            bits.extend((0..rows).map(|row| i64::read(&reader, row) as u64));
        }
    }
    Ok(bits)
}

/// Calls `with` with the first day of the period of each row's instant.
fn days(
    column: &Column,
    rows: usize,
    period: Period,
    mut with: impl FnMut(Date),
) -> Result<(), Malformed> {
    const DAY: i64 = 86_400_000_000;
    let reader = Timestamp::reader(column, rows)?;
    // Events that come one after the other are mostly of the same day.
    let mut known = (0..0, Date::from_days(0));
    for row in 0..rows {
        let at = Timestamp::read(&reader, row);
        if !known.0.contains(&at.microseconds) {
            let into_day = at.microseconds.rem_euclid(DAY);
            let begins = at.microseconds.saturating_sub(into_day);
            let ends = at.microseconds.saturating_add(DAY - into_day);
            known = (begins..ends, first_day(at.date(), period));
        }
        with(known.1);
    }
    Ok(())
}
