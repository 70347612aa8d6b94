//! The selection of an archive's objects by patterns of their keys: the settings `include` and `exclude`.

use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

/// A pattern of keys, which applies to the key below the prefix or the folder of the archive.
///
/// `*` and `?` match within a name, `**` matches across folders, `{a,b}` one of several, `[0-9]` a character. A pattern
/// without `/` applies to the name of the object alone, in whichever folder; one that ends in `/` to all objects below
/// that folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyPattern {
    written: String,
}

impl TryFrom<String> for KeyPattern {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written.is_empty() || written.starts_with('/') {
            return Err(format!(
                "`{written}` matches no key: a pattern is relative to the folder or the prefix of the archive"
            ));
        }
        let pattern = KeyPattern { written };
        match pattern.glob() {
            Ok(_) => Ok(pattern),
            Err(error) => Err(format!(
                "`{}` is not a pattern: {}",
                pattern.written,
                error.kind()
            )),
        }
    }
}

impl From<KeyPattern> for String {
    fn from(pattern: KeyPattern) -> Self {
        pattern.written
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl KeyPattern {
    fn glob(&self) -> Result<globset::Glob, globset::Error> {
        let written = &self.written;
        let full = match written.strip_suffix('/') {
            Some(_) => format!("{written}**"),
            None if written.contains('/') => written.clone(),
            None => format!("**/{written}"),
        };
        GlobBuilder::new(&full).literal_separator(true).build()
    }
}

/// The objects that are read, by their keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    /// `None` if each object is included.
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
}

impl Selection {
    pub(super) fn new(include: &[KeyPattern], exclude: &[KeyPattern]) -> Self {
        Selection {
            include: set(include),
            exclude: set(exclude),
        }
    }

    /// Whether the object of this key, without the prefix of the archive, is read.
    pub(super) fn wants(&self, key: &str) -> bool {
        self.include.as_ref().is_none_or(|set| set.is_match(key))
            && !self.exclude.as_ref().is_some_and(|set| set.is_match(key))
    }
}

/// The patterns as one set; `None` if there are none.
fn set(patterns: &[KeyPattern]) -> Option<GlobSet> {
    if patterns.is_empty() {
        return None;
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        // A pattern is checked when it is made.
        set.add(pattern.glob().expect("a valid pattern"));
    }
    Some(set.build().expect("valid patterns make a set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(written: &[&str]) -> Vec<KeyPattern> {
        let patterns = written
            .iter()
            .map(|one| KeyPattern::try_from((*one).to_owned()));
        patterns.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn patterns_apply_to_names_keys_and_folders() {
        let wants = |include: &[&str], exclude: &[&str], key| {
            Selection::new(&patterns(include), &patterns(exclude)).wants(key)
        };
        assert!(wants(&[], &[], "a/b.json"));
        assert!(wants(&["*.json"], &[], "a/b.json") && wants(&["*.json"], &[], "b.json"));
        assert!(!wants(&["*.json"], &[], "a/b.json.gz"));
        assert!(wants(&["a/*.json"], &[], "a/b.json") && !wants(&["a/*.json"], &[], "a/c/b.json"));
        assert!(wants(&["a/**/*.{json,gz}"], &[], "a/c/b.gz"));
        assert!(
            !wants(&[], &["errors/"], "errors/2026/x") && wants(&[], &["errors/"], "data/errors/x")
        );
        assert!(!wants(
            &["*.json"],
            &["manifest.json", "README.md"],
            "a/manifest.json"
        ));
        assert!(!wants(&[], &["**/tmp/**"], "a/tmp/b"));
    }

    #[test]
    fn patterns_that_can_match_nothing_are_refused() {
        let refused = ["", "/a/*.json", "a[", "{a"].map(|one| {
            let refused = KeyPattern::try_from(one.to_owned());
            refused.expect_err(one) + "\n"
        });
        insta::assert_snapshot!(refused.concat(), @r"
        `` matches no key: a pattern is relative to the folder or the prefix of the archive
        `/a/*.json` matches no key: a pattern is relative to the folder or the prefix of the archive
        `a[` is not a pattern: unclosed character class; missing ']'
        `{a` is not a pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
        ");
    }
}
