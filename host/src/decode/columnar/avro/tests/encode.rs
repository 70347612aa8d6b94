//! Avro datums of values that are written as JSON, for tests.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

/// `value` by `schema`, after the ID of it. The value of a union is an object of one member, which names the branch,
/// or null; bytes are base64.
pub(in crate::decode::columnar) fn message(id: u32, schema: &Value, value: &Value) -> Vec<u8> {
    let mut out = vec![0];
    out.extend(id.to_be_bytes());
    out.extend(datum(schema, value));
    out
}

/// The same without the ID.
pub(super) fn datum(schema: &Value, value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.learn(schema);
    encoder.write(schema, value);
    encoder.out
}

/// A number in zigzag.
pub(super) fn number(value: i64) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.long(value);
    encoder.out
}

/// An object of one block.
pub(super) fn container(schema: &Value, records: i64, block: &[u8]) -> Vec<u8> {
    container_by("null", schema, records, block)
}

/// An object of one block, compressed as `codec` says.
pub(super) fn container_by(codec: &str, schema: &Value, records: i64, block: &[u8]) -> Vec<u8> {
    let text = |text: &str| [number(text.len() as i64), text.as_bytes().to_vec()].concat();
    [
        b"Obj\x01".to_vec(),
        number(2),
        text("avro.schema"),
        text(&schema.to_string()),
        text("avro.codec"),
        text(codec),
        number(0),
        vec![7; 16],
        number(records),
        number(block.len() as i64),
        block.to_vec(),
        vec![7; 16],
    ]
    .concat()
}

/// An object of these values.
pub(in crate::decode::columnar) fn object_of(schema: &Value, values: &[Value]) -> Vec<u8> {
    let block: Vec<_> = values.iter().map(|value| datum(schema, value)).collect();
    container(schema, values.len() as i64, &block.concat())
}

#[derive(Default)]
struct Encoder<'a> {
    named: HashMap<&'a str, &'a Value>,
    out: Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// Finds the types that have names.
    fn learn(&mut self, schema: &'a Value) {
        if let Some(name) = schema["name"].as_str() {
            self.named.insert(name, schema);
        }
        let inside = ["items", "values", "type"].map(|key| &schema[key]);
        let fields = schema["fields"].as_array().into_iter().flatten();
        let branches = schema.as_array().into_iter().flatten();
        let below = fields.map(|field| &field["type"]).chain(branches);
        for schema in below.chain(inside.into_iter().filter(|inside| !inside.is_string())) {
            if !schema.is_null() {
                self.learn(schema);
            }
        }
    }

    fn long(&mut self, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest >= 0x80 {
            self.out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.out.push(rest as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.long(bytes.len() as i64);
        self.out.extend_from_slice(bytes);
    }

    fn write(&mut self, schema: &'a Value, value: &Value) {
        if let Some(branches) = schema.as_array() {
            return self.branch(branches, value);
        }
        let name = schema.as_str().or_else(|| schema["type"].as_str());
        match name.unwrap() {
            "null" => {}
            "boolean" => self.out.push(value.as_bool().unwrap().into()),
            "int" | "long" => self.long(value.as_i64().unwrap()),
            "float" => {
                let float = value.as_f64().unwrap() as f32;
                self.out.extend(float.to_le_bytes());
            }
            "double" => self.out.extend(value.as_f64().unwrap().to_le_bytes()),
            "string" => self.bytes(value.as_str().unwrap().as_bytes()),
            "bytes" => self.bytes(&BASE64.decode(value.as_str().unwrap()).unwrap()),
            "fixed" => self
                .out
                .extend(BASE64.decode(value.as_str().unwrap()).unwrap()),
            "enum" => {
                let symbols = schema["symbols"].as_array().unwrap();
                let at = symbols.iter().position(|symbol| symbol == value);
                self.long(at.unwrap() as i64);
            }
            "array" => {
                let items = value.as_array().unwrap();
                if !items.is_empty() {
                    self.long(items.len() as i64);
                    items
                        .iter()
                        .for_each(|item| self.write(&schema["items"], item));
                }
                self.long(0);
            }
            "map" => {
                let entries = value.as_object().unwrap();
                if !entries.is_empty() {
                    self.long(entries.len() as i64);
                    for (key, value) in entries {
                        self.bytes(key.as_bytes());
                        self.write(&schema["values"], value);
                    }
                }
                self.long(0);
            }
            "record" => {
                for field in schema["fields"].as_array().unwrap() {
                    let name = field["name"].as_str().unwrap();
                    self.write(&field["type"], &value[name]);
                }
            }
            name => {
                let short = name.rsplit('.').next().unwrap();
                self.write(self.named[short], value);
            }
        }
    }

    fn branch(&mut self, branches: &'a [Value], value: &Value) {
        let (name, value) = match value.as_object() {
            Some(one) => one.iter().next().unwrap(),
            None => (&"null".to_owned(), value),
        };
        let of = |branch: &Value| {
            let names = [
                branch.as_str(),
                branch["name"].as_str(),
                branch["type"].as_str(),
            ];
            names.contains(&Some(name.as_str()))
        };
        let at = branches.iter().position(of).unwrap();
        self.long(at as i64);
        self.write(&branches[at], value);
    }
}
