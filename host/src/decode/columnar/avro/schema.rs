//! A writer's schema as a graph of types, and as the library reads it.
//!
//! The library gets a schema of its own: every named type is written out where it is used, under a name of its own, so
//! that names, namespaces and references play no part. It keeps the logical types of the specification. Of the
//! string `uuid`, it gets the string. A logical type that does not fit its type is left out, as the specification says.

use std::collections::HashMap;

use serde_json::{Value, json};

/// A schema. Types refer to each other by index; a type may contain itself.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) types: Vec<Type>,
    pub(super) root: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// A type without parts: its name, and its logical type.
    Primitive(Primitive, Option<Logical>),
    Fixed(usize, Option<Logical>),
    /// The symbols.
    Enum(Vec<String>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    /// Names and types of the fields.
    Record(Vec<(String, usize)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

/// A logical type by its name, with the attributes that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Logical {
    name: &'static str,
    /// Precision and scale of a decimal.
    digits: Option<(u64, u64)>,
}

/// The reason for which a schema is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not valid, or far too large.
    Invalid(String),
    /// It is valid, but cannot be read.
    NotRead(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Invalid(reason) | Fault::NotRead(reason) => f.write_str(reason),
        }
    }
}

/// The most digits of a decimal that the library reads,
const MAX_DIGITS: u64 = 76;
/// its most bytes if it is a `fixed`,
const MAX_BYTES: usize = 32;
/// and the digits of one that does not name them.
const UNNAMED_DIGITS: u64 = 38;

impl Schema {
    /// The schema with this JSON.
    ///
    /// # Errors
    /// If it is not valid.
    pub(super) fn parse(schema: &str) -> Result<Self, Fault> {
        let invalid = |error: serde_json::Error| Fault::Invalid(error.to_string());
        let schema = serde_json::from_str(schema).map_err(invalid)?;
        let mut parser = Parser::default();
        let root = parser.parse(&schema, "")?;
        let schema = Schema {
            types: parser.types,
            root,
        };
        schema.check_records()?;
        Ok(schema)
    }

    /// Whether a type contains itself, in a part of the schema that `root` reaches.
    pub(super) fn is_recursive(&self, root: usize) -> bool {
        let mut marks = vec![Mark::New; self.types.len()];
        self.has_cycle(root, &mut marks, |of| of.parts())
    }

    /// Checks that no record has a field that is, or always has, the same record: no value would end.
    fn check_records(&self) -> Result<(), Fault> {
        let mut marks = vec![Mark::New; self.types.len()];
        let fields = |of: &Type| match of {
            Type::Record(_) => of.parts(),
            _ => Vec::new(),
        };
        match (0..self.types.len()).any(|at| self.has_cycle(at, &mut marks, fields)) {
            true => Err(Fault::Invalid(
                "a record always contains itself, so that no value has an end".to_owned(),
            )),
            false => Ok(()),
        }
    }

    // Recurses as deep as the types of a schema nest, which JSON limits.
    fn has_cycle(
        &self,
        at: usize,
        marks: &mut [Mark],
        parts: impl Fn(&Type) -> Vec<usize> + Copy,
    ) -> bool {
        match marks[at] {
            Mark::Open => return true,
            Mark::Done => return false,
            Mark::New => marks[at] = Mark::Open,
        }
        let found = parts(&self.types[at])
            .into_iter()
            .any(|part| self.has_cycle(part, marks, parts));
        marks[at] = Mark::Done;
        found
    }

    /// The schema as the library reads it. It must not be recursive, and its types, written out, not too many.
    pub(super) fn to_library(&self) -> Value {
        self.written(self.root, &mut 0)
    }

    fn written(&self, at: usize, names: &mut usize) -> Value {
        match &self.types[at] {
            Type::Primitive(of, None) => json!(of.name()),
            Type::Primitive(of, Some(logical)) => logical.on(json!({"type": of.name()})),
            Type::Fixed(size, logical) => {
                let fixed = json!({"type": "fixed", "name": name(names), "size": size});
                match logical {
                    Some(logical) => logical.on(fixed),
                    None => fixed,
                }
            }
            Type::Enum(symbols) => {
                json!({"type": "enum", "name": name(names), "symbols": symbols})
            }
            Type::Array(item) => json!({"type": "array", "items": self.written(*item, names)}),
            Type::Map(value) => json!({"type": "map", "values": self.written(*value, names)}),
            Type::Union(branches) => {
                let branches = branches.iter();
                branches
                    .map(|branch| self.written(*branch, names))
                    .collect()
            }
            Type::Record(fields) => {
                let name = name(names);
                let fields = fields.iter();
                let fields: Vec<_> = fields
                    .map(|(name, of)| json!({"name": name, "type": self.written(*of, names)}))
                    .collect();
                json!({"type": "record", "name": name, "fields": fields})
            }
        }
    }
}

/// How far the search for cycles is with a type.
#[derive(Clone, Copy)]
enum Mark {
    New,
    Open,
    Done,
}

/// A name that no other type has.
fn name(names: &mut usize) -> String {
    *names += 1;
    format!("t{names}")
}

impl Type {
    /// The types of its parts.
    pub(super) fn parts(&self) -> Vec<usize> {
        match self {
            Type::Primitive(..) | Type::Fixed(..) | Type::Enum(_) => Vec::new(),
            Type::Array(part) | Type::Map(part) => vec![*part],
            Type::Union(branches) => branches.clone(),
            Type::Record(fields) => fields.iter().map(|(_, of)| *of).collect(),
        }
    }

    /// The name of its kind, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Type::Primitive(of, _) => of.name(),
            Type::Fixed(..) => "fixed",
            Type::Enum(_) => "enum",
            Type::Array(_) => "array",
            Type::Map(_) => "map",
            Type::Union(_) => "union",
            Type::Record(_) => "record",
        }
    }
}

impl Primitive {
    fn of_name(name: &str) -> Option<Self> {
        use Primitive::*;
        let all = [Null, Boolean, Int, Long, Float, Double, Bytes, String];
        all.into_iter().find(|one| one.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Primitive::Null => "null",
            Primitive::Boolean => "boolean",
            Primitive::Int => "int",
            Primitive::Long => "long",
            Primitive::Float => "float",
            Primitive::Double => "double",
            Primitive::Bytes => "bytes",
            Primitive::String => "string",
        }
    }
}

impl Logical {
    /// The logical type of a primitive type.
    fn of_primitive(of: Primitive, schema: &Value) -> Result<Option<Self>, Fault> {
        let names: &[&'static str] = match of {
            Primitive::Int => &["date", "time-millis"],
            Primitive::Long => &[
                "time-micros",
                "timestamp-millis",
                "timestamp-micros",
                "timestamp-nanos",
                "local-timestamp-millis",
                "local-timestamp-micros",
                "local-timestamp-nanos",
            ],
            Primitive::Bytes => return Logical::decimal(schema, None),
            _ => &[],
        };
        let named = schema["logicalType"].as_str();
        let name = names.iter().find(|name| Some(**name) == named);
        Ok(name.map(|name| Logical { name, digits: None }))
    }

    /// The logical type of values of `size` bytes.
    fn of_fixed(size: usize, schema: &Value) -> Result<Option<Self>, Fault> {
        let name = match (schema["logicalType"].as_str(), size) {
            (Some("uuid"), 16) => "uuid",
            (Some("duration"), 12) => "duration",
            _ => return Logical::decimal(schema, Some(size)),
        };
        Ok(Some(Logical { name, digits: None }))
    }

    fn decimal(schema: &Value, size: Option<usize>) -> Result<Option<Self>, Fault> {
        if schema["logicalType"] != "decimal" {
            return Ok(None);
        }
        let precision = match &schema["precision"] {
            // Some writers leave it out.
            Value::Null if size.is_none() => Some(UNNAMED_DIGITS),
            precision => precision.as_u64(),
        };
        let scale = match &schema["scale"] {
            Value::Null => Some(0),
            scale => scale.as_u64(),
        };
        // Digits that fit in the bits of all bytes but the sign.
        let most = size.map(|size| (8.0 * size as f64 - 1.0) * std::f64::consts::LOG10_2);
        let (Some(precision @ 1..), Some(scale)) = (precision, scale) else {
            return Ok(None);
        };
        if scale > precision || most.is_some_and(|most| precision as f64 > most) {
            return Ok(None);
        }
        if precision > MAX_DIGITS || size.is_some_and(|size| size > MAX_BYTES) {
            return Err(Fault::NotRead(format!(
                "it has a decimal of {precision} digits, and decimals are read up to {MAX_DIGITS} digits and \
                 {MAX_BYTES} bytes"
            )));
        }
        Ok(Some(Logical {
            name: "decimal",
            digits: Some((precision, scale)),
        }))
    }

    /// The JSON of a type with the logical type.
    fn on(&self, mut of: Value) -> Value {
        of["logicalType"] = json!(self.name);
        if let Some((precision, scale)) = self.digits {
            of["precision"] = json!(precision);
            of["scale"] = json!(scale);
        }
        of
    }
}

/// Builds the types of a schema from its JSON.
#[derive(Default)]
struct Parser {
    types: Vec<Type>,
    /// By full names.
    named: HashMap<String, usize>,
}

impl Parser {
    fn add(&mut self, of: Type) -> usize {
        self.types.push(of);
        self.types.len() - 1
    }

    fn parse(&mut self, schema: &Value, namespace: &str) -> Result<usize, Fault> {
        let invalid = |reason: &str| Err(Fault::Invalid(reason.to_owned()));
        match schema {
            Value::String(name) => self.by_name(name, schema, namespace),
            Value::Array(branches) => {
                let branches = branches.iter();
                let made = branches.map(|branch| self.parse(branch, namespace));
                let made = made.collect::<Result<_, _>>()?;
                Ok(self.add(Type::Union(made)))
            }
            Value::Object(members) => match members.get("type") {
                Some(Value::String(kind)) => self.of_kind(kind, schema, namespace),
                Some(inside) => self.parse(inside, namespace),
                None => invalid("a type does not say what it is"),
            },
            _ => invalid("a type is neither a name nor an object nor a union"),
        }
    }

    fn by_name(&mut self, name: &str, schema: &Value, namespace: &str) -> Result<usize, Fault> {
        if let Some(of) = Primitive::of_name(name) {
            let logical = Logical::of_primitive(of, schema)?;
            return Ok(self.add(Type::Primitive(of, logical)));
        }
        let known = self.named.get(&full_name(name, namespace));
        let known = known.or_else(|| self.named.get(name)).copied();
        known.ok_or_else(|| {
            Fault::Invalid(format!(
                "the type `{name}` is not defined before it is used"
            ))
        })
    }

    fn of_kind(&mut self, kind: &str, schema: &Value, namespace: &str) -> Result<usize, Fault> {
        let lacks = |what: &str| Fault::Invalid(format!("a type of kind `{kind}` lacks `{what}`"));
        let part = |what: &str| schema.get(what).ok_or_else(|| lacks(what));
        let name = schema["name"].as_str().unwrap_or_default();
        let own = schema["namespace"].as_str();
        let full = full_name(name, own.unwrap_or(namespace));
        match kind {
            "array" => {
                let item = self.parse(part("items")?, namespace)?;
                Ok(self.add(Type::Array(item)))
            }
            "map" => {
                let value = self.parse(part("values")?, namespace)?;
                Ok(self.add(Type::Map(value)))
            }
            "record" | "error" => {
                let inside = full.rsplit_once('.').map_or("", |(namespace, _)| namespace);
                // Fields may refer to the record, before it is complete.
                let at = self.add(Type::Record(Vec::new()));
                self.named.insert(full.clone(), at);
                let mut made = Vec::new();
                for field in part("fields")?.as_array().ok_or_else(|| lacks("fields"))? {
                    let of = field.get("type").ok_or_else(|| lacks("type"))?;
                    let name = field["name"].as_str().ok_or_else(|| lacks("name"))?;
                    made.push((name.to_owned(), self.parse(of, inside)?));
                }
                self.types[at] = Type::Record(made);
                Ok(at)
            }
            "enum" => {
                let symbols = part("symbols")?.as_array().into_iter().flatten();
                let symbols = symbols.map(|symbol| symbol.as_str().map(str::to_owned));
                let symbols: Option<Vec<_>> = symbols.collect();
                let symbols = symbols.ok_or_else(|| lacks("symbols"))?;
                let at = self.add(Type::Enum(symbols));
                self.named.insert(full, at);
                Ok(at)
            }
            "fixed" => {
                let size = part("size")?
                    .as_u64()
                    .and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or_else(|| lacks("size"))?;
                let logical = Logical::of_fixed(size, schema)?;
                let at = self.add(Type::Fixed(size, logical));
                self.named.insert(full, at);
                Ok(at)
            }
            kind => self.by_name(kind, schema, namespace),
        }
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    match namespace {
        "" => name.to_owned(),
        _ if name.contains('.') => name.to_owned(),
        namespace => format!("{namespace}.{name}"),
    }
}
