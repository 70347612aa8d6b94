//! Puts the types that other schemas define into a schema, each where the schema first names it.
//!
//! All names become full names: a definition has its name and its namespace in two fields, a mention has both in one
//! string. A reader that uses the schema then need not know how names are completed.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// The most bytes that a schema may have with all that it refers to.
const MOST_BYTES: usize = 4 << 20;

/// How deep types may nest, each within another: the functions here recurse, and no reader takes more.
const MOST_DEPTH: usize = 128;

/// `schema` with those of `definitions` that it names; they are schemas themselves.
///
/// # Errors
/// In words, the problem of one of the schemas.
pub(super) fn inlined<'a>(
    schema: &str,
    definitions: impl IntoIterator<Item = &'a String>,
) -> Result<String, String> {
    let schema: Value = parsed(schema)?;
    let mut inlining = Inlining::default();
    for definition in definitions {
        let definition = parsed(definition)?;
        for definition in branches(definition) {
            if let Some(name) = full_name(&definition, "") {
                inlining.elsewhere.insert(name.joined(), definition);
            }
        }
    }
    let whole = inlining.whole(schema, "")?.to_string();
    match whole.len() > MOST_BYTES {
        true => Err(TOO_LARGE.to_owned()),
        false => Ok(whole),
    }
}

const TOO_LARGE: &str = "its schema has more than 4 MiB with what it refers to";

fn parsed(schema: &str) -> Result<Value, String> {
    // A schema that is a mere name may come without quotes.
    let named = || is_primitive(schema).then(|| Value::from(schema));
    serde_json::from_str(schema)
        .or_else(|error| named().ok_or_else(|| format!("its schema is no JSON: {error}")))
}

/// The branches of a union, or a schema that is no union alone.
fn branches(schema: Value) -> Vec<Value> {
    match schema {
        Value::Array(branches) => branches,
        one => vec![one],
    }
}

fn is_primitive(name: &str) -> bool {
    [
        "null", "boolean", "int", "long", "float", "double", "bytes", "string",
    ]
    .contains(&name)
}

/// A name, and its namespace, which may be empty.
#[derive(Clone, Debug)]
struct Name {
    namespace: String,
    simple: String,
}

impl Name {
    fn of(name: &str, namespace: &str) -> Self {
        let (namespace, simple) = name.rsplit_once('.').unwrap_or((namespace, name));
        Name {
            namespace: namespace.to_owned(),
            simple: simple.to_owned(),
        }
    }

    fn joined(&self) -> String {
        match self.namespace.as_str() {
            "" => self.simple.clone(),
            namespace => format!("{namespace}.{}", self.simple),
        }
    }
}

/// The full name of a definition within the namespace `enclosing`; `None` of a schema that defines no name.
fn full_name(schema: &Value, enclosing: &str) -> Option<Name> {
    let kind = schema.get("type")?.as_str()?;
    if !["record", "error", "enum", "fixed"].contains(&kind) {
        return None;
    }
    let namespace = schema.get("namespace").and_then(Value::as_str);
    let name = schema.get("name")?.as_str()?;
    Some(Name::of(name, namespace.unwrap_or(enclosing)))
}

#[derive(Default)]
struct Inlining {
    /// The definitions of other schemas, by their full names.
    elsewhere: HashMap<String, Value>,
    /// The full names that the schema defines so far.
    defined: HashSet<String>,
    /// About how many bytes were put in.
    put_in_bytes: usize,
    /// How many types enclose the one at hand.
    depth: usize,
}

impl Inlining {
    fn whole(&mut self, schema: Value, namespace: &str) -> Result<Value, String> {
        if self.depth == MOST_DEPTH {
            let problem = format!("its schema nests deeper than {MOST_DEPTH} types");
            return Err(problem);
        }
        self.depth += 1;
        let whole = self.whole_within(schema, namespace);
        self.depth -= 1;
        whole
    }

    fn whole_within(&mut self, schema: Value, namespace: &str) -> Result<Value, String> {
        match schema {
            Value::String(name) if is_primitive(&name) => Ok(Value::String(name)),
            Value::String(name) => self.mention(&name, namespace),
            Value::Array(branches) => {
                let branches = branches.into_iter();
                let branches = branches.map(|branch| self.whole(branch, namespace));
                branches.collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Object(object) => self.object(object, namespace),
            other => Err(format!("its schema has `{other}` in the place of a type")),
        }
    }

    fn mention(&mut self, name: &str, namespace: &str) -> Result<Value, String> {
        let mut joined = Name::of(name, namespace).joined();
        let is_known = self.defined.contains(&joined) || self.elsewhere.contains_key(&joined);
        if !is_known && !name.contains('.') {
            // Some writers look outside of all namespaces then.
            joined = name.to_owned();
        }
        if self.defined.contains(&joined) {
            return Ok(Value::String(joined));
        }
        let Some(definition) = self.elsewhere.get(&joined).cloned() else {
            return Err(format!(
                "its schema names `{joined}` and does not define it"
            ));
        };
        self.put_in_bytes += definition.to_string().len();
        if self.put_in_bytes > MOST_BYTES {
            return Err(TOO_LARGE.to_owned());
        }
        // It is not within the namespace where it is named.
        self.whole(definition, "")
    }

    fn object(&mut self, mut object: Map<String, Value>, namespace: &str) -> Result<Value, String> {
        let schema = Value::Object(object);
        let name = full_name(&schema, namespace);
        let Value::Object(taken) = schema else {
            return Ok(schema);
        };
        object = taken;
        if let Some(name) = name {
            self.defined.insert(name.joined());
            object.insert("name".to_owned(), name.simple.into());
            // An empty one keeps the enclosing one away.
            object.insert("namespace".to_owned(), name.namespace.as_str().into());
            if let Some(Value::Array(fields)) = object.get_mut("fields") {
                for field in fields {
                    self.member(field.as_object_mut(), "type", &name.namespace)?;
                }
            }
            return Ok(Value::Object(object));
        }
        let kind = object.get("type").and_then(Value::as_str);
        let inside = match kind {
            Some("array") => "items",
            Some("map") => "values",
            _ => "type",
        };
        self.member(Some(&mut object), inside, namespace)?;
        let is_wrapper = object.len() == 1 && inside == "type" && !object["type"].is_string();
        match object.remove("type") {
            Some(inner) if is_wrapper => Ok(inner),
            Some(inner) => {
                object.insert("type".to_owned(), inner);
                Ok(Value::Object(object))
            }
            None => Err("its schema has an object without a type".to_owned()),
        }
    }

    /// Completes the type that stands at `key` of `object`.
    fn member(
        &mut self,
        object: Option<&mut Map<String, Value>>,
        key: &str,
        namespace: &str,
    ) -> Result<(), String> {
        if let Some(schema) = object.and_then(|object| object.get_mut(key)) {
            *schema = self.whole(schema.take(), namespace)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(schema: Value, definitions: &[Value]) -> Result<Value, String> {
        let definitions: Vec<_> = definitions.iter().map(Value::to_string).collect();
        let whole = inlined(&schema.to_string(), &definitions)?;
        Ok(serde_json::from_str(&whole).unwrap())
    }

    #[test]
    fn what_others_define_is_put_where_it_is_first_named() {
        let place = json!({"type": "record", "name": "geo.Place", "fields": [
            {"name": "city", "type": "City"},
        ]});
        let city = json!({"type": "enum", "name": "City", "namespace": "geo", "symbols": ["A"]});
        let trip = json!({"type": "record", "name": "Trip", "namespace": "org", "fields": [
            {"name": "from", "type": ["null", "geo.Place"]},
            {"name": "to", "type": {"type": "array", "items": "geo.Place"}},
            {"name": "via", "type": {"type": "map", "values": {"type": "geo.City"}}},
            {"name": "next", "type": ["null", "Trip"]},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        ]});
        let city_put_in =
            json!({"type": "enum", "name": "City", "namespace": "geo", "symbols": ["A"]});
        let place_put_in = json!({"type": "record", "name": "Place", "namespace": "geo", "fields": [
            {"name": "city", "type": city_put_in},
        ]});
        let expected = json!({"type": "record", "name": "Trip", "namespace": "org", "fields": [
            {"name": "from", "type": ["null", place_put_in]},
            {"name": "to", "type": {"type": "array", "items": "geo.Place"}},
            {"name": "via", "type": {"type": "map", "values": {"type": "geo.City"}}},
            {"name": "next", "type": ["null", "org.Trip"]},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        ]});
        assert_eq!(of(trip, &[place, city]), Ok(expected));
    }

    #[test]
    fn a_name_without_a_namespace_may_be_one_outside_of_all() {
        let plain = json!({"type": "fixed", "name": "Hash", "size": 2});
        let schema =
            json!({"type": "record", "name": "a.R", "fields": [{"name": "h", "type": "Hash"}]});
        let whole = of(schema, &[plain]).unwrap();
        let field = &whole["fields"][0]["type"];
        assert_eq!(field["namespace"], "");
        assert_eq!(field["name"], "Hash");
    }

    #[test]
    fn definitions_within_one_another_without_end_are_refused() {
        let chain = |length: usize| {
            let record = |i: usize| {
                let field = match i + 1 {
                    end if end == length => json!("int"),
                    next => json!(format!("R{next}")),
                };
                json!({"type": "record", "name": format!("R{i}"), "fields": [{"name": "f", "type": field}]})
            };
            let definitions: Vec<_> = (1..length).map(record).collect();
            of(record(0), &[Value::Array(definitions)])
        };
        assert!(chain(20).is_ok());
        let said = chain(20_000).unwrap_err();
        assert_eq!(said, "its schema nests deeper than 128 types");
    }

    #[test]
    fn a_name_without_a_definition_and_a_text_that_is_no_schema_are_reported() {
        let reason = |schema: Value| of(schema, &[]).unwrap_err();
        let field = |schema: Value| {
            reason(
                json!({"type": "record", "name": "R", "fields": [{"name": "f", "type": schema}]}),
            )
        };
        assert_eq!(
            field(json!("org.Gone")),
            "its schema names `org.Gone` and does not define it"
        );
        assert_eq!(field(json!(7)), "its schema has `7` in the place of a type");
        assert_eq!(field(json!({})), "its schema has an object without a type");
        let error = inlined("{", []).unwrap_err();
        assert!(error.starts_with("its schema is no JSON"), "{error}");
        assert_eq!(inlined("long", []), Ok("\"long\"".to_owned()));
    }
}
