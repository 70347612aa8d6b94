//! The size in memory of values of a writer's schema, so that no value is decoded that would become far too large.
//!
//! A null of a wide record takes a byte and becomes a row of nulls, and an array of nulls may have any number of items
//! in ten bytes. If a schema allows such values, each value is weighed before it is decoded.

use super::header::{Cursor, Unread};
use super::schema::{Fault, Primitive, Schema, Type as SchemaType};

/// The most types of a schema, counted at each use: the library expands them all.
const MAX_TYPES: u64 = 1 << 16;

/// The deepest nesting of types.
const MAX_DEPTH: u32 = 128;

/// The most bytes in memory per byte of a value for which values are not weighed.
const USUAL_GAIN: u64 = 1024;

/// The most items without bytes, such as nulls, in a value: this many per byte of the value,
const FREE_ITEMS_PER_BYTE: u64 = 64;
/// plus this many.
const FREE_ITEMS: u64 = 1024;

/// The most bytes in memory, approximately, of the values that are decoded at a time.
pub(super) const VALUES_BYTES: u64 = 64 << 20;

/// A schema, with each type once.
pub(super) struct Shape {
    types: Vec<Type>,
    root: usize,
}

/// The size of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Stored bytes of the value.
    pub(super) stored_bytes: usize,
    /// Approximate bytes in memory.
    pub(super) bytes: u64,
    /// Items of arrays and maps that take no bytes.
    pub(super) free_items: u64,
}

#[derive(Clone, Debug)]
struct Type {
    form: Form,
    /// Bytes in memory of a null in place of a value.
    blank_bytes: u64,
    /// Whether values take no bytes.
    is_free: bool,
    /// The most bytes in memory per byte of a value.
    gain: u64,
    types: u64,
    depth: u32,
}

#[derive(Clone, Debug)]
enum Form {
    /// This many bytes.
    Fixed(usize),
    /// A number of 32 or 64 bits in zigzag.
    Number,
    /// A length, and that many bytes.
    Bytes,
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<usize>),
}

/// Checks that values of `stored_bytes` may have `free_items` items without bytes.
pub(super) fn check_items(free_items: u64, stored_bytes: usize) -> Result<(), String> {
    let most = FREE_ITEMS + (stored_bytes as u64).saturating_mul(FREE_ITEMS_PER_BYTE);
    match free_items > most {
        true => Err(format!(
            "{stored_bytes} bytes have {free_items} items that take no bytes, more than {most}, the limit"
        )),
        false => Ok(()),
    }
}

impl Weight {
    fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Shape {
    /// The shape of a schema, which must not be recursive.
    ///
    /// # Errors
    /// If the schema is far larger once its types are expanded.
    pub(super) fn new(schema: &Schema) -> Result<Self, Fault> {
        let mut maker = Maker {
            made: vec![None; schema.types.len()],
            schema,
            types: Vec::new(),
        };
        let root = maker.make(schema.root).map_err(Fault::Invalid)?;
        Ok(Shape {
            types: maker.types,
            root,
        })
    }

    /// The size of the value at the front of `bytes`.
    ///
    /// # Errors
    /// If `bytes` does not begin with such a value.
    pub(super) fn weigh(&self, bytes: &[u8]) -> Result<Weight, &'static str> {
        let mut weight = Weight::default();
        let mut cursor = Cursor { bytes };
        self.walk(self.root, &mut cursor, &mut weight)
            .map_err(Unread::detail)?;
        weight.stored_bytes = bytes.len() - cursor.bytes.len();
        Ok(weight)
    }

    /// The most bytes in memory per byte of a value; `None` if that is much, and values have to be weighed.
    pub(super) fn gain(&self) -> Option<u64> {
        let gain = self.types[self.root].gain;
        (gain <= USUAL_GAIN).then_some(gain.max(1))
    }

    // Recurses as deep as types nest.
    fn walk(&self, of: usize, cursor: &mut Cursor<'_>, weight: &mut Weight) -> Result<(), Unread> {
        let Type { form, .. } = &self.types[of];
        match form {
            Form::Fixed(length) => {
                cursor.take(*length)?;
                weight.add(*length as u64 + 1);
            }
            Form::Number => {
                cursor.long()?;
                weight.add(16);
            }
            Form::Bytes => {
                let length = cursor.bytes()?.len();
                weight.add(length as u64 + 16);
            }
            Form::Record(fields) => {
                weight.add(1);
                for field in fields {
                    self.walk(*field, cursor, weight)?;
                }
            }
            Form::Union(branches) => {
                let at = usize::try_from(cursor.long()?).ok();
                let branch = at.and_then(|at| branches.get(at));
                let branch = *branch.ok_or(Unread::Damaged("a union has no such branch"))?;
                weight.add(6);
                if self.types[branch].is_free {
                    let blanks = branches
                        .iter()
                        .map(|branch| self.types[*branch].blank_bytes);
                    weight.add(blanks.max().unwrap_or(0));
                } else {
                    self.walk(branch, cursor, weight)?;
                }
            }
            Form::Array(item) => {
                weight.add(8);
                self.blocks(cursor, weight, *item, false)?;
            }
            Form::Map(value) => {
                weight.add(8);
                self.blocks(cursor, weight, *value, true)?;
            }
        }
        Ok(())
    }

    fn blocks(
        &self,
        cursor: &mut Cursor<'_>,
        weight: &mut Weight,
        of: usize,
        has_keys: bool,
    ) -> Result<(), Unread> {
        loop {
            let items = cursor.long()?;
            if items == 0 {
                return Ok(());
            }
            let length = match items < 0 {
                true => Some(cursor.long()?),
                false => None,
            };
            let before = cursor.bytes.len();
            let items = items.unsigned_abs();
            if self.types[of].is_free && !has_keys {
                weight.free_items = weight.free_items.saturating_add(items);
                let bytes = self.types[of].blank_bytes.saturating_add(1);
                weight.add(items.saturating_mul(bytes));
            } else {
                for _ in 0..items {
                    if has_keys {
                        let key = cursor.bytes()?.len();
                        weight.add(key as u64 + 16);
                    }
                    self.walk(of, cursor, weight)?;
                }
            }
            let read = (before - cursor.bytes.len()) as u64;
            // A reader that skips the block by its length has to come to the same position.
            if length.is_some_and(|length| u64::try_from(length) != Ok(read)) {
                return Err(Unread::Damaged("a block of items has another length"));
            }
        }
    }
}

/// Weighs the types of a schema.
struct Maker<'a> {
    schema: &'a Schema,
    types: Vec<Type>,
    /// A value per type of the schema, once it is weighed.
    made: Vec<Option<usize>>,
}

impl Maker<'_> {
    fn add(&mut self, made: Type) -> Result<usize, String> {
        if made.types > MAX_TYPES {
            return Err(format!("written out, it has more than {MAX_TYPES} types"));
        }
        if made.depth > MAX_DEPTH {
            return Err(format!("its types nest deeper than {MAX_DEPTH}"));
        }
        self.types.push(made);
        Ok(self.types.len() - 1)
    }

    fn simple(&mut self, form: Form) -> Result<usize, String> {
        let (blank_bytes, is_free, gain) = match form {
            Form::Fixed(0) => (0, true, 0),
            Form::Fixed(length) => (length as u64 + 1, false, 2),
            _ => (16, false, 17),
        };
        self.add(Type {
            form,
            blank_bytes,
            is_free,
            gain,
            types: 1,
            depth: 1,
        })
    }

    /// Adds a type that contains other types.
    fn holding(&mut self, form: Form, inside: &[usize]) -> Result<usize, String> {
        let of = |at: &usize| &self.types[*at];
        let inside_of = || inside.iter().map(of);
        let (types, depth) = (
            inside_of().map(|held| held.types).sum::<u64>() + 1,
            inside_of().map(|held| held.depth).max().unwrap_or(0) + 1,
        );
        let gain = inside_of().map(|held| held.gain).max().unwrap_or(0);
        let blanks = || inside_of().map(|held| held.blank_bytes);
        let (blank_bytes, is_free, gain) = match &form {
            Form::Record(_) => {
                let free = inside_of().filter(|held| held.is_free);
                let free_bytes = free.map(|held| held.blank_bytes + 1).sum::<u64>();
                (
                    blanks().fold(1, u64::saturating_add),
                    inside_of().all(|held| held.is_free),
                    gain.saturating_add(free_bytes + 1),
                )
            }
            Form::Union(_) => {
                let blank = blanks().max().unwrap_or(0);
                (
                    blank.saturating_add(6),
                    false,
                    gain.saturating_add(blank).saturating_add(6),
                )
            }
            // Any number of items in no bytes.
            Form::Array(item) if of(item).is_free => (8, false, u64::MAX),
            Form::Map(value) if of(value).is_free => {
                let bytes = of(value).blank_bytes.saturating_add(17);
                (8, false, bytes)
            }
            _ => (8, false, gain.max(17)),
        };
        self.add(Type {
            form,
            blank_bytes,
            is_free,
            gain,
            types,
            depth,
        })
    }

    fn make(&mut self, at: usize) -> Result<usize, String> {
        if let Some(made) = self.made[at] {
            return Ok(made);
        }
        let of = &self.schema.types[at];
        let parts = of.parts().into_iter().map(|part| self.make(part));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let made = match of {
            SchemaType::Primitive(of, _) => self.simple(match of {
                Primitive::Null => Form::Fixed(0),
                Primitive::Boolean => Form::Fixed(1),
                Primitive::Float => Form::Fixed(4),
                Primitive::Double => Form::Fixed(8),
                Primitive::Int | Primitive::Long => Form::Number,
                Primitive::Bytes | Primitive::String => Form::Bytes,
            })?,
            SchemaType::Fixed(size, _) => self.simple(Form::Fixed(*size))?,
            SchemaType::Enum(_) => self.simple(Form::Number)?,
            SchemaType::Array(_) => self.holding(Form::Array(parts[0]), &parts)?,
            SchemaType::Map(_) => self.holding(Form::Map(parts[0]), &parts)?,
            SchemaType::Union(_) => self.holding(Form::Union(parts.clone()), &parts)?,
            SchemaType::Record(_) => self.holding(Form::Record(parts.clone()), &parts)?,
        };
        self.made[at] = Some(made);
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn made(schema: Value) -> Result<Shape, Fault> {
        Shape::new(&Schema::parse(&schema.to_string()).unwrap())
    }

    fn shape(schema: Value) -> Shape {
        made(schema).unwrap()
    }

    fn record(name: &str, fields: Value) -> Value {
        json!({"type": "record", "name": name, "namespace": "org.example", "fields": fields})
    }

    /// Arrays of arrays of nulls.
    fn nested(depth: usize) -> Value {
        (0..depth).fold(
            json!("null"),
            |items, _| json!({"type": "array", "items": items}),
        )
    }

    #[test]
    fn usual_schemas_need_no_walk_and_those_that_can_grow_do() {
        let usual = record(
            "Click",
            json!([
                {"name": "id", "type": "long"},
                {"name": "page", "type": ["null", "string"]},
                {"name": "tags", "type": {"type": "array", "items": "string"}},
                {"name": "uuid", "type": {"type": "fixed", "name": "Uuid", "size": 16}},
                {"name": "before", "type": ["null", "Uuid"]},
                {"name": "more", "type": {"type": "map", "values": ["null", "double"]}},
            ]),
        );
        assert!(shape(usual).gain().is_some());
        assert_eq!(shape(nested(1)).gain(), None);
        let wide = json!(["null", {"type": "fixed", "name": "Wide", "size": 1_000_000}]);
        assert_eq!(shape(wide).gain(), None);
    }

    #[test]
    fn what_a_value_becomes_is_told_without_going_over_items_of_no_bytes() {
        // A billion nulls in six bytes.
        let billion = [0x80, 0xa8, 0xd6, 0xb9, 0x07, 0];
        let weight = shape(nested(1)).weigh(&billion).unwrap();
        assert_eq!(weight.free_items, 1_000_000_000);
        assert_eq!(weight.stored_bytes, billion.len());
        assert!(check_items(weight.free_items, weight.stored_bytes).is_err());
        let few = shape(nested(2)).weigh(&[2, 4, 0, 0]).unwrap();
        assert_eq!((few.free_items, few.stored_bytes), (2, 4));
        assert_eq!(check_items(few.free_items, few.stored_bytes), Ok(()));
        let wide = json!(["null", {"type": "fixed", "name": "Wide", "size": 1_000_000}]);
        assert!(shape(wide).weigh(&[0]).unwrap().bytes >= 1_000_000);
    }

    #[test]
    fn a_value_that_is_damaged_is_told() {
        let schema = record(
            "R",
            json!([
                {"name": "a", "type": {"type": "array", "items": "int"}},
                {"name": "u", "type": ["null", "string"]},
            ]),
        );
        let whole = [1, 2, 7, 0, 2, 2, b'x'];
        let shape = shape(schema);
        assert_eq!(shape.weigh(&whole).unwrap().stored_bytes, whole.len());
        for cut in 0..whole.len() {
            assert_eq!(shape.weigh(&whole[..cut]), Err("it is cut off"), "{cut}");
        }
        let longer = [1, 4, 7, 0, 2, 2, b'x'];
        assert!(shape.weigh(&longer).is_err(), "a block of another length");
        let branch = [0, 4];
        assert!(shape.weigh(&branch).is_err(), "a branch that is not there");
    }

    #[test]
    fn a_schema_that_grows_by_doubling_is_refused() {
        let of = |name: &str| json!([{"name": "a", "type": name}, {"name": "b", "type": name}]);
        let doubled = |times: usize| {
            let first = json!({"name": "r0", "type": record("R0", json!([]))});
            let rest = (1..times).map(|at| {
                let fields = of(&format!("R{}", at - 1));
                json!({"name": format!("r{at}"), "type": record(&format!("R{at}"), fields)})
            });
            let fields: Vec<_> = std::iter::once(first).chain(rest).collect();
            made(record("All", fields.into())).map(|_| ())
        };
        assert_eq!(doubled(10), Ok(()));
        assert!(doubled(60).unwrap_err().to_string().contains("65536 types"));
    }

    #[test]
    fn types_that_use_each_other_in_a_long_chain_are_refused() {
        let first = json!({"name": "r0", "type": record("R0", json!([]))});
        let rest = (1..200).map(|at| {
            let fields = json!([{"name": "a", "type": format!("R{}", at - 1)}]);
            json!({"name": format!("r{at}"), "type": record(&format!("R{at}"), fields)})
        });
        let fields: Vec<_> = std::iter::once(first).chain(rest).collect();
        let error = made(record("All", fields.into())).err();
        assert_eq!(error.unwrap().to_string(), "its types nest deeper than 128");
    }
}
