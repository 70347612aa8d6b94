//! Datums of recursive schemas, cut down to the wanted paths.
//!
//! The library has no recursive types. The values at a path are finite all the same: of the schema, the types along the
//! wanted paths are kept, and of each datum the bytes of these types, before the library sees it.

use super::header::{Cursor, Unread};
use super::schema::{Fault, Primitive, Schema, Type};

/// Cuts datums of a schema.
pub(super) struct Cut {
    schema: Schema,
    /// Whether values of a type take no bytes, per type.
    free: Vec<bool>,
    root: Part,
}

/// A type along the wanted paths, and the bytes that are kept of its values.
enum Part {
    /// All of a value of this type.
    All(usize),
    /// Nothing of a value of this type.
    None(usize),
    /// An empty array in place of a value of this type, in which no path leads on.
    Stub(usize),
    /// Parts of the fields, and a byte if nothing else would be left.
    Record(Vec<Part>, bool),
    Union(Vec<Part>),
    /// Part of each value.
    Map(Box<Part>),
}

/// The deepest nesting of a value that is passed over.
const MAX_LEVELS: usize = 1 << 20;

/// The name of the field of a record of which nothing else is left.
const NOTHING: &str = "_";

impl Cut {
    /// The types of `schema` along `paths`, and the cut that makes datums of them.
    ///
    /// # Errors
    /// If all of a recursive type is wanted.
    pub(super) fn new(schema: Schema, paths: &[Vec<String>]) -> Result<(Schema, Self), Fault> {
        let mut free = vec![false; schema.types.len()];
        for (at, is_free) in free.iter_mut().enumerate() {
            *is_free = takes_no_bytes(&schema, at);
        }
        let mut maker = Maker {
            schema: &schema,
            types: Vec::new(),
            trail: Vec::new(),
        };
        let paths: Vec<_> = paths.iter().map(|path| &path[..]).collect();
        let (root, part) = maker
            .along(schema.root, &paths)?
            .ok_or_else(|| Fault::Invalid("it has no records".to_owned()))?;
        let types = maker.types;
        Ok((
            Schema { types, root },
            Cut {
                schema,
                free,
                root: part,
            },
        ))
    }

    /// Appends what is kept of the datum at the front of `cursor`.
    ///
    /// # Errors
    /// If there is no such datum.
    pub(super) fn datum(&self, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Unread> {
        self.part(&self.root, cursor, out)
    }

    // Recurses as deep as a wanted path leads.
    fn part(&self, part: &Part, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Unread> {
        let before = cursor.bytes;
        let read = |cursor: &Cursor<'_>| before.len() - cursor.bytes.len();
        match part {
            Part::All(of) => {
                self.pass_over(*of, cursor)?;
                out.extend_from_slice(&before[..read(cursor)]);
            }
            Part::None(of) => self.pass_over(*of, cursor)?,
            Part::Stub(of) => {
                self.pass_over(*of, cursor)?;
                out.push(0);
            }
            Part::Record(fields, is_empty) => {
                for field in fields {
                    self.part(field, cursor, out)?;
                }
                if *is_empty {
                    out.push(0);
                }
            }
            Part::Union(branches) => {
                let at = usize::try_from(cursor.long()?).ok();
                let branch = at.and_then(|at| branches.get(at));
                let branch = branch.ok_or(Unread::Damaged("a union has no such branch"))?;
                out.extend_from_slice(&before[..read(cursor)]);
                self.part(branch, cursor, out)?;
            }
            Part::Map(value) => self.entries(value, cursor, out)?,
        }
        Ok(())
    }

    fn entries(
        &self,
        value: &Part,
        cursor: &mut Cursor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        loop {
            let entries = cursor.long()?;
            if entries < 0 {
                // The length of the block, which the cut changes.
                cursor.long()?;
            }
            push_long(out, entries.unsigned_abs());
            for _ in 0..entries.unsigned_abs() {
                let key = cursor.bytes()?;
                push_long(out, key.len() as u64);
                out.extend_from_slice(key);
                self.part(value, cursor, out)?;
            }
            if entries == 0 {
                return Ok(());
            }
        }
    }

    /// Takes a value of the type `of`, which may nest deeper than a stack.
    fn pass_over(&self, of: usize, cursor: &mut Cursor<'_>) -> Result<(), Unread> {
        let mut open = vec![Open::Value(of)];
        while let Some(next) = open.pop() {
            if open.len() > MAX_LEVELS {
                return Err(Unread::Damaged(
                    "its values nest deeper than 1,048,576 levels",
                ));
            }
            match next {
                Open::Value(of) => self.begin(of, cursor, &mut open)?,
                Open::Fields(record, at) => {
                    if let Type::Record(fields) = &self.schema.types[record]
                        && let Some((_, of)) = fields.get(at)
                    {
                        open.push(Open::Fields(record, at + 1));
                        open.push(Open::Value(*of));
                    }
                }
                Open::Items {
                    of,
                    has_keys,
                    left: 0,
                } => {
                    let left = cursor.long()?;
                    if left < 0 {
                        let length = usize::try_from(cursor.long()?);
                        cursor.take(length.map_err(|_| Unread::Damaged("a negative length"))?)?;
                    }
                    if left != 0 {
                        let is_read = left < 0 || (self.free[of] && !has_keys);
                        let left = if is_read { 0 } else { left.unsigned_abs() };
                        open.push(Open::Items { of, has_keys, left });
                    }
                }
                Open::Items { of, has_keys, left } => {
                    let left = left - 1;
                    open.push(Open::Items { of, has_keys, left });
                    if has_keys {
                        cursor.bytes()?;
                    }
                    open.push(Open::Value(of));
                }
            }
        }
        Ok(())
    }

    /// Takes a value without parts, or opens one with parts.
    fn begin(
        &self,
        of: usize,
        cursor: &mut Cursor<'_>,
        open: &mut Vec<Open>,
    ) -> Result<(), Unread> {
        let items = |of, has_keys| Open::Items {
            of,
            has_keys,
            left: 0,
        };
        match &self.schema.types[of] {
            Type::Primitive(Primitive::Null, _) => {}
            Type::Primitive(Primitive::Boolean, _) => {
                cursor.take(1)?;
            }
            Type::Primitive(Primitive::Float, _) => {
                cursor.take(4)?;
            }
            Type::Primitive(Primitive::Double, _) => {
                cursor.take(8)?;
            }
            Type::Primitive(Primitive::Int | Primitive::Long, _) | Type::Enum(_) => {
                cursor.long()?;
            }
            Type::Primitive(Primitive::Bytes | Primitive::String, _) => {
                cursor.bytes()?;
            }
            Type::Fixed(size, _) => {
                cursor.take(*size)?;
            }
            Type::Array(item) => open.push(items(*item, false)),
            Type::Map(value) => open.push(items(*value, true)),
            Type::Union(branches) => {
                let at = usize::try_from(cursor.long()?).ok();
                let branch = at.and_then(|at| branches.get(at));
                let branch = branch.ok_or(Unread::Damaged("a union has no such branch"))?;
                open.push(Open::Value(*branch));
            }
            Type::Record(_) => open.push(Open::Fields(of, 0)),
        }
        Ok(())
    }
}

/// What is left of a value that is passed over.
enum Open {
    /// A value of this type.
    Value(usize),
    /// The fields of this record from an index on.
    Fields(usize, usize),
    /// Items of an array, or values of a map: this many of the block, and further blocks.
    Items {
        of: usize,
        has_keys: bool,
        left: u64,
    },
}

// Recurses into records alone, which do not contain themselves.
fn takes_no_bytes(schema: &Schema, at: usize) -> bool {
    match &schema.types[at] {
        Type::Primitive(Primitive::Null, _) | Type::Fixed(0, _) => true,
        Type::Record(fields) => fields.iter().all(|(_, of)| takes_no_bytes(schema, *of)),
        _ => false,
    }
}

fn push_long(out: &mut Vec<u8>, value: u64) {
    let mut rest = value << 1;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Collects the types along the wanted paths.
struct Maker<'a> {
    schema: &'a Schema,
    types: Vec<Type>,
    /// The names of the path so far, for errors.
    trail: Vec<String>,
}

impl Maker<'_> {
    fn add(&mut self, of: Type) -> usize {
        self.types.push(of);
        self.types.len() - 1
    }

    /// The type `at` with what is on `paths` from there on; `None` if no path leads into it.
    fn along(&mut self, at: usize, paths: &[&[String]]) -> Result<Option<(usize, Part)>, Fault> {
        if paths.iter().any(|path| path.is_empty()) {
            return self.all(at).map(Some);
        }
        let schema = self.schema;
        Ok(match &schema.types[at] {
            Type::Record(fields) => {
                let (mut kept, mut parts) = (Vec::new(), Vec::new());
                for (name, of) in fields {
                    let within = within(paths, name);
                    self.trail.push(name.clone());
                    let part = match within.is_empty() {
                        true => None,
                        false => self.along(*of, &within)?,
                    };
                    self.trail.pop();
                    parts.push(match part {
                        Some((made, part)) => {
                            kept.push((name.clone(), made));
                            part
                        }
                        None => Part::None(*of),
                    });
                }
                let is_empty = kept.is_empty();
                if is_empty {
                    let of = self.add(Type::Primitive(Primitive::Boolean, None));
                    kept.push((NOTHING.to_owned(), of));
                }
                Some((self.add(Type::Record(kept)), Part::Record(parts, is_empty)))
            }
            Type::Union(branches) => {
                let made = branches.iter().map(|branch| self.branch(*branch, paths));
                let made = made.collect::<Result<Vec<_>, _>>()?;
                let (made, parts) = made.into_iter().unzip();
                Some((self.add(Type::Union(made)), Part::Union(parts)))
            }
            Type::Map(value) => {
                let within: Vec<_> = paths.iter().map(|path| &path[1..]).collect();
                let made = self.along(*value, &within)?;
                made.map(|(made, part)| (self.add(Type::Map(made)), Part::Map(Box::new(part))))
            }
            _ => None,
        })
    }

    /// A branch of a union in which paths lead on.
    fn branch(&mut self, at: usize, paths: &[&[String]]) -> Result<(usize, Part), Fault> {
        if let Some(made) = self.along(at, paths)? {
            return Ok(made);
        }
        if !self.schema.is_recursive(at) {
            return self.all(at);
        }
        let nothing = self.add(Type::Primitive(Primitive::Null, None));
        Ok((self.add(Type::Array(nothing)), Part::Stub(at)))
    }

    fn all(&mut self, at: usize) -> Result<(usize, Part), Fault> {
        match self.schema.is_recursive(at) {
            true => Err(self.without_end(at)),
            false => Ok((self.copied(at), Part::All(at))),
        }
    }

    fn copied(&mut self, at: usize) -> usize {
        let schema = self.schema;
        let of = match &schema.types[at] {
            Type::Array(item) => Type::Array(self.copied(*item)),
            Type::Map(value) => Type::Map(self.copied(*value)),
            Type::Union(branches) => {
                Type::Union(branches.iter().map(|branch| self.copied(*branch)).collect())
            }
            Type::Record(fields) => Type::Record(
                fields
                    .iter()
                    .map(|(name, of)| (name.clone(), self.copied(*of)))
                    .collect(),
            ),
            simple => simple.clone(),
        };
        self.add(of)
    }

    fn without_end(&self, at: usize) -> Fault {
        let column = self.trail.join(".");
        let example = self
            .finite_member(at)
            .map_or(String::new(), |name| format!(", such as `{column}.{name}`"));
        Fault::NotRead(format!(
            "its column `{column}` has a recursive type, of which no column can be made as a whole. Let the component \
             read paths that end within it{example}"
        ))
    }

    /// The name of a field that is not recursive, in the record at `at` or in a branch of the union there.
    fn finite_member(&self, at: usize) -> Option<&str> {
        match &self.schema.types[at] {
            Type::Union(branches) => branches
                .iter()
                .find_map(|branch| self.finite_member(*branch)),
            Type::Record(fields) => {
                let mut fields = fields.iter();
                let finite = fields.find(|(_, of)| !self.schema.is_recursive(*of));
                finite.map(|(name, _)| name.as_str())
            }
            _ => None,
        }
    }
}

/// The rest of the paths that lead into the member `name`.
fn within<'a>(paths: &[&'a [String]], name: &str) -> Vec<&'a [String]> {
    let paths = paths
        .iter()
        .filter(|path| path.first().is_some_and(|first| first == name));
    paths.map(|path| &path[1..]).collect()
}
