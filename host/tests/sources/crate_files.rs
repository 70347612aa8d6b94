//! The files of a crate, and which of them imports from which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::module::{Function, Module, module};

/// The path of a file's module from the root of the crate: empty for `lib.rs`.
type Name = Vec<String>;

/// The files of a crate by the module that each holds.
pub(crate) struct CrateFiles {
    files: BTreeMap<Name, Module>,
}

/// An import of one file from another, with the line on which it stands first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: Name,
    pub(crate) to: Name,
    pub(crate) line: usize,
}

impl std::fmt::Display for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [from, to] = [&self.from, &self.to].map(|name| name.join("/"));
        write!(f, "{from} imports {to} (line {})", self.line)
    }
}

/// How many re-exports may lead to one item.
const MOST_REEXPORTS: usize = 8;

impl CrateFiles {
    /// Reads all files in `root`, except those that are compiled for tests alone, and `main.rs`.
    pub(crate) fn read(root: &Path) -> Self {
        let texts = super::rust_files(root).into_iter().map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(root).unwrap().with_extension("");
            let name = relative
                .iter()
                .map(|part| part.to_string_lossy().into_owned());
            (name.collect(), text)
        });
        CrateFiles::of(texts.filter(|(name, _): &(Name, _)| *name != ["main"]))
    }

    /// The files by their paths without `.rs`.
    pub(crate) fn of(texts: impl IntoIterator<Item = (Name, String)>) -> Self {
        let mut files: BTreeMap<Name, Module> = BTreeMap::new();
        for (mut name, text) in texts {
            if name == ["lib"] || name.last().is_some_and(|last| last == "mod") {
                name.pop();
            }
            files.insert(name, module(&text));
        }
        let tests: Vec<Name> = files
            .iter()
            .flat_map(|(name, module)| {
                let children = module.test_children.iter();
                children.map(|child| [name.as_slice(), std::slice::from_ref(child)].concat())
            })
            .collect();
        files.retain(|name, _| !tests.iter().any(|test| name.starts_with(test)));
        CrateFiles { files }
    }

    /// The modules of `lib.rs`, in groups that blank lines separate.
    pub(crate) fn groups(&self) -> &[Vec<String>] {
        &self.files[&Vec::new()].children
    }

    /// The functions of all files, each with the path of its file.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (String, &Function)> {
        self.files.iter().flat_map(|(name, module)| {
            let functions = module.functions.iter();
            functions.map(move |function| (name.join("/"), function))
        })
    }

    /// All imports, one for each pair of files.
    ///
    /// What a `mod.rs` imports from its own folder is left out: it stands for the folder, whose files may use what it
    /// declares.
    pub(crate) fn imports(&self) -> Vec<Import> {
        let mut imports: BTreeMap<(Name, Name), usize> = BTreeMap::new();
        for (from, module) in &self.files {
            let used = module
                .uses
                .iter()
                .filter(|one| !one.is_reexport || module.words.contains(&one.name))
                .map(|one| (&one.within, &one.path, one.line));
            let paths = module
                .paths
                .iter()
                .map(|one| (&one.within, &one.path, one.line));
            for (within, path, line) in used.chain(paths) {
                let Some((to, item)) = self.find(from, within, path, 0) else {
                    continue;
                };
                // A module that is imported counts by the paths that begin with its name.
                if !item.is_empty() && !to.starts_with(from) {
                    let first = imports.entry((from.clone(), to)).or_insert(line);
                    *first = line.min(*first);
                }
            }
        }
        let import = |((from, to), line)| Import { from, to, line };
        imports.into_iter().map(import).collect()
    }

    /// The file that defines what `path` means in the module `within` of the file `from`, and the rest of the path
    /// there. `None` for another crate's items, and for names that are not imported.
    fn find(
        &self,
        from: &[String],
        within: &[String],
        path: &[String],
        reexports: usize,
    ) -> Option<(Name, Vec<String>)> {
        let mut here = [from, within].concat();
        let mut rest = path;
        let is_relative = !matches!(rest.first()?.as_str(), "crate" | "self" | "super");
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" => here.clear(),
                "super" => drop(here.pop()),
                "self" => {}
                _ => break,
            }
            rest = &rest[1..];
        }
        if is_relative {
            let is_module = within.is_empty() && {
                let child = [from, &rest[..1]].concat();
                self.files.contains_key(&child)
            };
            if !is_module {
                return self.follow(from, within, rest, reexports);
            }
        }
        let absolute = [here.as_slice(), rest].concat();
        let depth = (0..=absolute.len())
            .rev()
            .find(|depth| self.files.contains_key(&absolute[..*depth]))?;
        let (file, item) = absolute.split_at(depth);
        // Modules within the file come first, then the item.
        let inner = item.len() - item.len().min(rest.len());
        let (inner, item) = item.split_at(inner);
        if !item.is_empty()
            && let Some(found) = self.follow(file, inner, item, reexports)
        {
            return Some(found);
        }
        let is_known = item
            .first()
            .is_none_or(|name| self.files[file].items.contains(name))
            || !inner.is_empty();
        // A name that is neither defined nor imported there comes of a macro.
        is_known.then(|| (file.to_vec(), absolute[depth..].to_vec()))
    }

    /// Follows the `use` that declares the first name of `path` in a module of a file.
    fn follow(
        &self,
        file: &[String],
        within: &[String],
        path: &[String],
        reexports: usize,
    ) -> Option<(Name, Vec<String>)> {
        if reexports > MOST_REEXPORTS {
            return None;
        }
        let module = self.files.get(file)?;
        let (name, rest) = path.split_first()?;
        let uses = module.uses.iter().filter(|one| one.within == within);
        let (named, all): (Vec<_>, Vec<_>) = uses
            .filter(|one| one.name == *name || one.name == "*")
            .partition(|one| one.name != "*");
        let target = |mut target: Vec<String>| {
            target.extend_from_slice(rest);
            self.find(file, within, &target, reexports + 1)
        };
        if let Some(found) = named.first() {
            // `use zstd;` in a module of that name means the crate.
            let is_itself = found.path.len() == 1 && found.path[0] == *name;
            return if is_itself {
                None
            } else {
                target(found.path.clone())
            };
        }
        if module.items.contains(name) {
            return None;
        }
        all.into_iter().find_map(|one| {
            let mut path = one.path.clone();
            path.push(name.clone());
            target(path)
        })
    }

    /// The sets of files that import each other in a circle, each with the imports that make it.
    pub(crate) fn circles(imports: &[Import]) -> Vec<Vec<&Import>> {
        let mut targets: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
        for import in imports {
            targets.entry(&import.from).or_default().push(&import.to);
        }
        let reach: BTreeMap<&Name, BTreeSet<&Name>> = targets
            .keys()
            .map(|name| (*name, reachable(name, &targets)))
            .collect();
        let reaches = |a: &Name, b: &Name| reach.get(a).is_some_and(|all| all.contains(b));
        let mut circles: Vec<Vec<&Import>> = Vec::new();
        for import in imports.iter().filter(|one| reaches(&one.to, &one.from)) {
            let known = circles.iter_mut().find(|circle| {
                let first = &circle[0].from;
                reaches(first, &import.from) && reaches(&import.from, first)
            });
            match known {
                Some(circle) => circle.push(import),
                None => circles.push(vec![import]),
            }
        }
        circles
    }
}

/// All files that `from` imports, and that those import.
fn reachable<'a>(
    from: &'a Name,
    targets: &BTreeMap<&'a Name, Vec<&'a Name>>,
) -> BTreeSet<&'a Name> {
    let mut found = BTreeSet::new();
    let mut pending = vec![from];
    while let Some(name) = pending.pop() {
        for target in targets.get(name).into_iter().flatten() {
            if found.insert(*target) {
                pending.push(target);
            }
        }
    }
    found
}
