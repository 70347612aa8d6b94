//! The way from the columns of an object to the values at a path.
//!
//! A path leads through structs, through maps by their keys, and through unions: there, each row has the value of the
//! branch that it holds. The values at a path through a union form a union again, of the values in each branch.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, MapArray, NullArray, RecordBatch, UInt32Array, UnionArray,
    new_null_array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, UnionFields, UnionMode};
use arrow_select::nullif::nullif;
use arrow_select::take::take;

use super::form::Form;

/// The values of an object's rows.
#[derive(Clone, Copy)]
pub(in crate::decode) enum Top<'a> {
    /// Records with these columns.
    Columns(&'a Fields),
    /// The only column has the values themselves: a path begins within them.
    Value(&'a Field),
}

/// The values at a path: the way to them, their type and their form.
pub(super) struct Found {
    way: Way,
    pub(super) data_type: DataType,
    pub(super) form: Form,
}

enum Way {
    /// The values themselves, of any type but a union.
    Here,
    /// The member of a struct at this index.
    Member(usize, Box<Way>),
    /// The values with this key in maps; the first one, where a map has several.
    Key(String, Box<Way>),
    /// The values in each branch of a union, and the branches of the union that they form.
    Branches(Vec<Branch>, UnionFields),
}

/// The values of a branch.
enum Branch {
    At(Way),
    /// Records without the path, or nulls.
    Missing,
    /// Values in which no path leads on.
    Blocked,
}

impl Found {
    /// The values at `path` in the rows of `top`; `None` if there are none. Of several columns with one name, the first
    /// counts.
    pub(super) fn at(top: Top<'_>, path: &[String]) -> Option<Found> {
        match top {
            Top::Value(field) => Found::within(field, path).map(|found| found.below(0)),
            Top::Columns(fields) => Found::member(fields, path),
        }
    }

    fn member(fields: &Fields, path: &[String]) -> Option<Found> {
        let (name, rest) = path.split_first()?;
        let (at, field) = fields.find(name)?;
        Found::within(field, rest).map(|found| found.below(at))
    }

    fn below(self, at: usize) -> Found {
        Found {
            way: Way::Member(at, Box::new(self.way)),
            ..self
        }
    }

    fn within(field: &Field, path: &[String]) -> Option<Found> {
        match (field.data_type(), path.split_first()) {
            (DataType::Union(branches, _), _) => Found::branches(branches, path),
            (_, None) => Some(Found {
                way: Way::Here,
                data_type: field.data_type().clone(),
                form: Form::of(field),
            }),
            (DataType::Struct(members), _) => Found::member(members, path),
            (DataType::Map(entries, _), Some((name, rest))) => {
                let DataType::Struct(entry) = entries.data_type() else {
                    return None;
                };
                let found = Found::within(entry.get(1)?, rest)?;
                Some(Found {
                    way: Way::Key(name.clone(), Box::new(found.way)),
                    ..found
                })
            }
            _ => None,
        }
    }

    fn branches(fields: &UnionFields, path: &[String]) -> Option<Found> {
        let (mut branches, mut forms, mut types) = (Vec::new(), Vec::new(), Vec::new());
        let mut is_there = false;
        for (_, field) in fields.iter() {
            let leads_on = matches!(field.data_type(), DataType::Struct(_) | DataType::Map(..));
            let (branch, form, data_type) = match Found::within(field, path) {
                Some(found) if *field.data_type() != DataType::Null => {
                    is_there = true;
                    (Branch::At(found.way), found.form, found.data_type)
                }
                _ if leads_on || *field.data_type() == DataType::Null => {
                    (Branch::Missing, Form::Plain, DataType::Null)
                }
                _ => (Branch::Blocked, Form::Blocked, field.data_type().clone()),
            };
            branches.push(branch);
            forms.push(form);
            types.push(data_type);
        }
        // Rows without a union, in a record that is null, are nulls of a branch of their own.
        types.push(DataType::Null);
        forms.push(Form::Plain);
        let fields = types.into_iter().enumerate();
        let fields = fields.map(|(at, of)| Field::new(at.to_string(), of, true));
        let fields = UnionFields::from_fields(fields.collect::<Vec<_>>());
        is_there.then(|| Found {
            way: Way::Branches(branches, fields.clone()),
            data_type: DataType::Union(fields, UnionMode::Dense),
            form: Form::nested(forms),
        })
    }

    /// The number of names of the path up to the first map, that one included; `None` without a map.
    pub(super) fn names_to_map(&self) -> Option<usize> {
        let (mut way, mut names) = (&self.way, 0);
        loop {
            match way {
                Way::Member(_, below) => (way, names) = (below, names + 1),
                Way::Key(..) => return Some(names),
                Way::Here | Way::Branches(..) => return None,
            }
        }
    }

    /// The values, a row each.
    ///
    /// # Errors
    /// If the values are too large to be copied.
    pub(super) fn values(&self, batch: &RecordBatch) -> Result<ArrayRef, ArrowError> {
        match &self.way {
            Way::Member(at, below) => below.lead(batch.column(*at), None),
            _ => Ok(new_null_array(&self.data_type, batch.num_rows())),
        }
    }
}

impl Way {
    /// The values at the end of the way, of which those that are not `valid` are null.
    fn lead(&self, values: &ArrayRef, valid: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
        match self {
            Way::Here => match valid.filter(|valid| valid.null_count() > 0) {
                Some(valid) => nullif(values, &BooleanArray::new(!valid.inner(), None)),
                None => Ok(values.clone()),
            },
            Way::Member(at, below) => {
                let valid = NullBuffer::union(valid.as_ref(), values.nulls());
                below.lead(values.as_struct().column(*at), valid)
            }
            Way::Key(name, below) => {
                let valid = NullBuffer::union(valid.as_ref(), values.nulls());
                let (values, valid) = of_key(values.as_map(), name, valid.as_ref())?;
                below.lead(&values, Some(valid))
            }
            Way::Branches(branches, fields) => {
                of_branches(values.as_union(), branches, fields, valid.as_ref())
            }
        }
    }
}

/// The value with the key `name` of each map, and whether there is one.
fn of_key(
    maps: &MapArray,
    name: &str,
    valid: Option<&NullBuffer>,
) -> Result<(ArrayRef, NullBuffer), ArrowError> {
    let keys = maps.keys().as_string_opt::<i32>();
    let at = |row: usize| {
        let (from, until) = (maps.value_offsets()[row], maps.value_offsets()[row + 1]);
        let is_valid = valid.is_none_or(|valid| valid.is_valid(row));
        let keys = keys.filter(|_| is_valid)?;
        (from..until).find(|at| keys.value(*at as usize) == name)
    };
    let places: Vec<Option<i32>> = (0..maps.len()).map(at).collect();
    let found = BooleanBuffer::collect_bool(places.len(), |row| places[row].is_some());
    let values = match maps.values().is_empty() {
        true => new_null_array(maps.values().data_type(), maps.len()),
        false => {
            let places = places.iter().map(|place| place.unwrap_or_default() as u32);
            take(maps.values(), &UInt32Array::from_iter_values(places), None)?
        }
    };
    Ok((values, NullBuffer::new(found)))
}

fn of_branches(
    union: &UnionArray,
    branches: &[Branch],
    fields: &UnionFields,
    valid: Option<&NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let mut children = Vec::with_capacity(branches.len() + 1);
    for (at, branch) in branches.iter().enumerate() {
        // Unions of Avro have fewer branches than an `i8` counts.
        let values = union.child(at as i8);
        children.push(match branch {
            Branch::At(way) => way.lead(values, None)?,
            Branch::Missing => Arc::new(NullArray::new(values.len())),
            Branch::Blocked => values.clone(),
        });
    }
    children.push(Arc::new(NullArray::new(1)));
    let is_valid = |row: usize| valid.is_none_or(|valid| valid.is_valid(row));
    let types = (0..union.len()).map(|row| match is_valid(row) {
        true => union.type_id(row),
        false => branches.len() as i8,
    });
    let offsets = (0..union.len()).map(|row| match is_valid(row) {
        true => union.value_offset(row) as i32,
        false => 0,
    });
    let (types, offsets) = (types.collect(), offsets.collect());
    let array = UnionArray::try_new(fields.clone(), types, Some(offsets), children)?;
    Ok(Arc::new(array))
}
