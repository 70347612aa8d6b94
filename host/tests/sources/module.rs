//! What one file declares, uses and names.

use std::collections::HashSet;

use super::tokens::{Token, after_bracket, tokens};

/// One name that a `use` declares.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    /// The modules within the file that the `use` stands in.
    pub(crate) within: Vec<String>,
    pub(crate) path: Vec<String>,
    /// The name that it declares; `*` for all names of a module.
    pub(crate) name: String,
    /// Whether it is a `pub use`, of any visibility.
    pub(crate) is_reexport: bool,
    pub(crate) line: usize,
}

/// A path of two or more segments outside of a `use`.
#[derive(Debug)]
pub(crate) struct PathUse {
    pub(crate) within: Vec<String>,
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// A function that has a body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// From the line of its `fn` to that of its last brace.
    pub(crate) lines: usize,
}

/// A file, without what is compiled for tests alone.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) uses: Vec<Use>,
    pub(crate) paths: Vec<PathUse>,
    pub(crate) functions: Vec<Function>,
    /// The names of its items, and those of the modules within it.
    pub(crate) items: HashSet<String>,
    /// All words outside of `use`, except after a dot: a re-exported name among them is used here as well.
    pub(crate) words: HashSet<String>,
    /// Modules in files of their own, in groups that blank lines separate.
    pub(crate) children: Vec<Vec<String>>,
    /// Modules in files of their own that are compiled for tests alone.
    pub(crate) test_children: Vec<String>,
}

/// Reads a file.
pub(crate) fn module(text: &str) -> Module {
    let mut reader = Reader {
        tokens: &tokens(text),
        text,
        module: Module::default(),
        within: Vec::new(),
        last_child_line: 0,
    };
    reader.items(0, reader.tokens.len());
    reader.module
}

const ITEMS: [&str; 8] = [
    "fn", "struct", "enum", "trait", "type", "const", "static", "union",
];

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    text: &'a str,
    module: Module,
    within: Vec<String>,
    last_child_line: usize,
}

impl Reader<'_> {
    fn text_at(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn items(&mut self, from: usize, to: usize) {
        let mut at = from;
        while at < to {
            at = self.item(at);
        }
    }

    /// Reads what stands at `at`; gives the place after it.
    fn item(&mut self, at: usize) -> usize {
        let next = self.text_at(at + 1).to_owned();
        match self.text_at(at) {
            "#" if is_test(&self.tokens[at..]) => self.test_item(at),
            // `use<'a>` is a bound.
            "use" if next != "<" => self.use_item(at),
            "mod" if self.text_at(at + 2) == "{" => {
                let end = after_bracket(self.tokens, at + 2);
                self.module.items.insert(next.clone());
                self.within.push(next);
                self.items(at + 3, end - 1);
                self.within.pop();
                end
            }
            "mod" if self.text_at(at + 2) == ";" => {
                self.child(next, self.tokens[at].line);
                at + 3
            }
            "macro_rules" => {
                self.module.items.insert(self.text_at(at + 2).to_owned());
                at + 3
            }
            word if ITEMS.contains(&word) && self.tokens[at + 1].is_word() => {
                if word == "fn" {
                    self.function(at);
                }
                self.module.items.insert(next.clone());
                self.module.words.insert(next);
                at + 2
            }
            _ if self.tokens[at].is_word() => self.path(at),
            _ => at + 1,
        }
    }

    /// Measures the function whose `fn` stands at `at`, if it has a body.
    fn function(&mut self, at: usize) {
        let line = self.tokens[at].line;
        let mut place = at;
        while place < self.tokens.len() {
            match self.text_at(place) {
                ";" => return,
                "(" | "[" => place = after_bracket(self.tokens, place),
                "{" => break,
                _ => place += 1,
            }
        }
        let last = self.tokens[after_bracket(self.tokens, place) - 1].line;
        self.module.functions.push(Function {
            name: self.text_at(at + 1).to_owned(),
            line,
            lines: last + 1 - line,
        });
    }

    fn child(&mut self, name: String, line: usize) {
        let skipped = self
            .text
            .lines()
            .skip(self.last_child_line)
            .take(line.saturating_sub(self.last_child_line + 1));
        let is_apart = skipped.into_iter().any(|line| line.trim().is_empty());
        if is_apart || self.module.children.is_empty() {
            self.module.children.push(Vec::new());
        }
        self.last_child_line = line;
        if let Some(group) = self.module.children.last_mut() {
            group.push(name);
        }
    }

    /// Passes over an item that is compiled for tests alone.
    fn test_item(&mut self, mut at: usize) -> usize {
        while self.text_at(at) == "#" {
            at = after_bracket(self.tokens, at + 1);
        }
        let from = at;
        let mut is_of_use = false;
        while at < self.tokens.len() {
            is_of_use |= self.text_at(at) == "use";
            match self.text_at(at) {
                "mod" if self.text_at(at + 2) == ";" => {
                    let name = self.text_at(at + 1).to_owned();
                    self.module.test_children.push(name);
                    return at + 3;
                }
                ";" => return at + 1,
                // A field, a variant or an argument.
                "," if at > from && !is_of_use => return at + 1,
                "}" | ")" => return at,
                "{" if !is_of_use => return after_bracket(self.tokens, at),
                "(" | "[" | "{" => at = after_bracket(self.tokens, at),
                _ => at += 1,
            }
        }
        at
    }

    fn use_item(&mut self, at: usize) -> usize {
        let is_reexport = matches!(self.text_at(at.wrapping_sub(1)), "pub" | ")");
        let mut place = at + 1;
        if self.text_at(place) == "::" {
            // A path of another crate.
            while !matches!(self.text_at(place), ";" | "") {
                place += 1;
            }
            return place + 1;
        }
        let line = self.tokens[at].line;
        let mut found = Vec::new();
        place = self.use_tree(place, &[], &mut found);
        for (path, name) in found {
            self.module.uses.push(Use {
                within: self.within.clone(),
                path,
                name,
                is_reexport,
                line,
            });
        }
        place + 1
    }

    /// Reads a tree of a `use`; gives the place after it.
    fn use_tree(
        &self,
        mut at: usize,
        prefix: &[String],
        found: &mut Vec<(Vec<String>, String)>,
    ) -> usize {
        let mut path = prefix.to_vec();
        loop {
            match self.text_at(at) {
                "{" => {
                    at += 1;
                    while !matches!(self.text_at(at), "}" | "") {
                        at = self.use_tree(at, &path, found);
                        at += usize::from(self.text_at(at) == ",");
                    }
                    return at + 1;
                }
                "*" => {
                    found.push((path, "*".into()));
                    return at + 1;
                }
                "::" => at += 1,
                "as" => {
                    found.push((path, self.text_at(at + 1).into()));
                    return at + 2;
                }
                "," | ";" | "}" | "" => {
                    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                        path.pop();
                    }
                    let name = path.last().cloned().unwrap_or_default();
                    found.push((path, name));
                    return at;
                }
                word => {
                    path.push(word.to_owned());
                    at += 1;
                }
            }
        }
    }

    /// Reads a path, or a single word; gives the place after it.
    fn path(&mut self, at: usize) -> usize {
        let mut path = vec![self.text_at(at).to_owned()];
        let mut place = at + 1;
        while self.text_at(place) == "::" && self.tokens.get(place + 1).is_some_and(Token::is_word)
        {
            path.push(self.text_at(place + 1).to_owned());
            place += 2;
        }
        match self.text_at(at.wrapping_sub(1)) {
            "." | "::" => {}
            _ => {
                self.module.words.insert(path[0].clone());
                if path.len() > 1 {
                    self.module.paths.push(PathUse {
                        within: self.within.clone(),
                        path,
                        line: self.tokens[at].line,
                    });
                }
            }
        }
        place
    }
}

/// Whether `#[cfg(test)]` stands there.
fn is_test(tokens: &[Token<'_>]) -> bool {
    let wanted = ["#", "[", "cfg", "(", "test", ")", "]"];
    tokens.len() >= wanted.len()
        && tokens
            .iter()
            .zip(wanted)
            .all(|(token, wanted)| token.text == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_read_name_by_name() {
        let module = module("pub(crate) use a::{b, c::{self, d as e}, f::*};\nuse g;");
        let read: Vec<_> = module
            .uses
            .iter()
            .map(|one| format!("{} {} {}", one.path.join("::"), one.name, one.is_reexport))
            .collect();
        assert_eq!(
            read,
            [
                "a::b b true",
                "a::c c true",
                "a::c::d e true",
                "a::f * true",
                "g g false"
            ]
        );
    }

    #[test]
    fn tests_are_passed_over() {
        let module = module(
            "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nuse a::{b};\n#[cfg(test)]\nfn c() { d::e() }\n\
             struct S { #[cfg(test)] f: g::H, i: j::K }\nmod l;\n\nmod m;",
        );
        assert_eq!(module.test_children, ["tests"]);
        assert!(module.uses.is_empty());
        let paths: Vec<_> = module.paths.iter().map(|one| one.path.join("::")).collect();
        assert_eq!(paths, ["j::K"]);
        assert_eq!(module.children, [["l"], ["m"]]);
    }

    #[test]
    fn a_function_ends_with_its_brace() {
        let source = "trait T { fn a(); }\nfn b(x: [u8; 2])\nwhere X: Y,\n{\n  {}\n}\n#[cfg(test)]\nfn c() {}";
        let functions = module(source).functions;
        assert_eq!(functions.len(), 1);
        assert_eq!((functions[0].line, functions[0].lines), (2, 5));
    }
}
