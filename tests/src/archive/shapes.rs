//! The same clicks in the JSON of other writers.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::value::RawValue;

use super::Archive;
use crate::rng::Rng;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As [`Event::write_json`](super::Event::write_json) does.
    AsIs,
    /// One directly after the other, without line feeds.
    Concatenated,
    /// A space after each comma and colon, as Python writes it.
    Spaces,
    /// Each slash as `\/`.
    Escapes,
    /// Text beyond ASCII in two members.
    NonAscii,
    /// With an array of up to five strings.
    Arrays,
    /// Of six kinds, each with other members in another order.
    SixShapes,
    /// Each of five members is missing from 30 of 100.
    Optional,
    /// Members in another order in each.
    Shuffled,
    /// One of 100 is cut off.
    Broken,
}

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 10] = [
        Shape::AsIs,
        Shape::Concatenated,
        Shape::Spaces,
        Shape::Escapes,
        Shape::NonAscii,
        Shape::Arrays,
        Shape::SixShapes,
        Shape::Optional,
        Shape::Shuffled,
        Shape::Broken,
    ];

    /// Its name in tables of results.
    pub fn name(self) -> &'static str {
        match self {
            Shape::AsIs => "as it is",
            Shape::Concatenated => "without line feeds",
            Shape::Spaces => "spaces after separators",
            Shape::Escapes => "every slash escaped",
            Shape::NonAscii => "text beyond ASCII",
            Shape::Arrays => "with an array",
            Shape::SixShapes => "six shapes mixed",
            Shape::Optional => "five optional members",
            Shape::Shuffled => "members shuffled",
            Shape::Broken => "1 % cut off",
        }
    }
}

/// Members that may be missing.
const OPTIONAL: [&str; 5] = ["ab_bucket", "bot", "device", "geo", "referrer"];

/// Texts that are not ASCII, in scripts of two, three and four bytes a character.
const TEXTS: [&str; 4] = ["Ελληνικά", "русский язык", "日本語の文字列", "🏔🏔🏔"];

impl Archive {
    /// The content of an object, its records written as `shape` says.
    ///
    /// # Errors
    /// If a record cannot be read back, which is a mistake of this module.
    pub fn content_in(&self, shape: Shape, object: u64) -> Result<Vec<u8>> {
        let content = self.content(object);
        if shape == Shape::AsIs {
            return Ok(content);
        }
        let mut rng = Rng::new(self.spec.seed, 4, object);
        let mut out = Vec::with_capacity(content.len() * 5 / 4);
        for line in content
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let start = out.len();
            let record = std::str::from_utf8(line)?;
            match shape {
                Shape::AsIs | Shape::Concatenated | Shape::Broken => out.extend_from_slice(line),
                Shape::Escapes => out.extend_from_slice(record.replace('/', "\\/").as_bytes()),
                _ => {
                    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(record)?;
                    let members = members
                        .iter()
                        .map(|(name, value)| (*name, value.get().to_owned()));
                    write(shape, members.collect(), &mut rng, &mut out);
                }
            }
            if shape == Shape::Broken && rng.below(100) == 0 {
                out.truncate(start + 1 + rng.below(line.len() as u64 - 1) as usize);
            }
            if shape != Shape::Concatenated {
                out.push(b'\n');
            }
        }
        Ok(out)
    }
}

fn write(shape: Shape, mut members: Vec<(&str, String)>, rng: &mut Rng, out: &mut Vec<u8>) {
    match shape {
        Shape::Arrays => {
            let tags: Vec<_> = (0..rng.below(6))
                .map(|tag| format!("\"tag {tag}\""))
                .collect();
            members.push(("tags", format!("[{}]", tags.join(","))));
        }
        Shape::NonAscii => {
            members.push(("language", format!("\"{}\"", rng.pick(&TEXTS))));
            members.push((
                "title",
                format!("\"{} {}\"", rng.pick(&TEXTS), rng.pick(&TEXTS)),
            ));
        }
        Shape::SixShapes => {
            let kind = rng.below(6) as usize;
            members.rotate_left(kind);
            members.truncate(13 - kind / 2);
            // All shapes have the columns that are folded.
            members.push(("kind", kind.to_string()));
        }
        Shape::Optional => {
            members.retain(|(name, _)| !OPTIONAL.contains(name) || rng.below(100) >= 30);
        }
        Shape::Shuffled => {
            for at in (1..members.len()).rev() {
                members.swap(at, rng.below(at as u64 + 1) as usize);
            }
        }
        _ => {}
    }
    let (comma, colon) = match shape {
        Shape::Spaces => (", ", ": "),
        _ => (",", ":"),
    };
    let inside = |value: String| match shape {
        Shape::Spaces => value.replace(",\"", ", \"").replace("\":", "\": "),
        _ => value,
    };
    let members = members
        .into_iter()
        .map(|(name, value)| format!("\"{name}\"{colon}{}", inside(value)));
    let members: Vec<_> = members.collect();
    out.extend_from_slice(format!("{{{}}}", members.join(comma)).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ArchiveSpec;

    #[test]
    fn every_shape_is_json_but_the_one_that_is_cut_off() {
        let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
        let records = archive.content(0).split(|byte| *byte == b'\n').count() - 1;
        for shape in Shape::ALL {
            let content = archive.content_in(shape, 0).unwrap();
            let values = serde_json::Deserializer::from_slice(&content);
            let values = values.into_iter::<serde_json::Value>();
            let whole = values.take_while(|value| value.is_ok()).count();
            assert_eq!(
                whole == records,
                shape != Shape::Broken,
                "{shape:?}: {whole}"
            );
        }
    }
}
