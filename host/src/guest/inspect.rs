//! The kind, the imports and the exports of a `.wasm`, read from its outermost sections before it is compiled.

use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload};

use super::Language;

/// The imports, the exports, the size and the language of a component.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outside {
    /// The imports, in order, without the types of the contract.
    pub(super) imports: Vec<String>,
    /// The names of the exports.
    pub(super) exports: Vec<String>,
    /// The bytes of the code of all its modules.
    pub(super) code_bytes: u64,
    /// The language that it is written in.
    pub(super) language: Language,
}

/// Bytes that are no component.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoComponent {
    /// What they are instead.
    pub(super) what: String,
    /// The language, if they are a core module.
    pub(super) core_module_of: Option<Language>,
}

impl From<&str> for NoComponent {
    fn from(what: &str) -> Self {
        NoComponent {
            what: what.to_owned(),
            core_module_of: None,
        }
    }
}

/// The exports that a component must have.
const WORLD: [&str; 2] = [
    "backfold:pipeline/pipeline@0.1.0",
    "backfold:pipeline/monoid@0.1.0",
];

/// The interfaces of the contract that hold only types. A component imports them for these types.
const TYPES: [&str; 2] = [
    "backfold:pipeline/columns@0.1.0",
    "backfold:pipeline/schema@0.1.0",
];

/// The parts of WASI that a component may import, because the host gives no access through them.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

impl Outside {
    /// Reads a `.wasm`.
    pub(super) fn of(wasm: &[u8]) -> Result<Outside, NoComponent> {
        if !wasm.starts_with(b"\0asm") {
            return Err(match wasm {
                [] => "it is empty".into(),
                _ if wasm.trim_ascii_start().starts_with(b"(") => {
                    "it is WebAssembly as text".into()
                }
                _ => "it does not begin as WebAssembly does".into(),
            });
        }
        let mut is_core_module = false;
        let outside = Outside::read(wasm, &mut is_core_module);
        if is_core_module {
            return Err(NoComponent {
                what: "it is a core module".into(),
                core_module_of: Some(outside.map(|outside| outside.language).unwrap_or_default()),
            });
        }
        outside.map_err(|error| NoComponent::from(error.to_string().as_str()))
    }

    fn read(wasm: &[u8], is_core_module: &mut bool) -> wasmparser::Result<Outside> {
        let mut outside = Outside::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => *is_core_module = true,
                Payload::CustomSection(section)
                    if ["producers", "name"].contains(&section.name()) =>
                {
                    outside.language = outside.language.or_of(section.data());
                }
                Payload::ExportSection(section) if depth > 0 => {
                    let exports = &wasm[section.range()];
                    outside.language = outside.language.or_of(exports);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CodeSectionStart { size, .. } => outside.code_bytes += u64::from(size),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import?;
                        let is_types = matches!(import.ty, ComponentTypeRef::Instance(_))
                            && TYPES.contains(&import.name.name);
                        if !is_types {
                            outside.imports.push(import.name.name.to_owned());
                        }
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        outside.exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(outside)
    }

    /// The imports that no component may have.
    pub(super) fn forbidden(&self) -> Vec<String> {
        self.imports
            .iter()
            .filter(|name| !is_harmless(name))
            .cloned()
            .collect()
    }

    /// The exports of the contract that are missing.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        WORLD
            .into_iter()
            .filter(|name| !self.exports.iter().any(|export| export == name))
            .collect()
    }
}

fn is_harmless(import: &str) -> bool {
    import
        .strip_prefix("wasi:")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(package, rest)| WASI.contains(&package) && rest.contains("@0.2."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(wat: &str) -> Result<Outside, NoComponent> {
        Outside::of(&wat::parse_str(wat).unwrap())
    }

    #[test]
    fn the_language_is_that_of_the_modules_within() {
        let wat = r#"(component
            (core module (@producers (language "Rust" "1.96") (processed-by "rustc" "1.96")))
            (core module $libpython3.14.so)
            (core module (@producers (processed-by "clang" "22"))))"#;
        assert_eq!(outside(wat).unwrap().language, Language::Python);
        let wat = r#"(component
            (core module (memory (export "componentize_qjs_runtime.wasm:memory") 1)))"#;
        assert_eq!(outside(wat).unwrap().language, Language::QuickJs);
        let wat =
            r#"(module (@producers (language "Go" "1.26") (processed-by "Go cmd/compile" "1")))"#;
        let go = outside(wat).unwrap_err();
        assert_eq!(go.core_module_of, Some(Language::Go));
        assert_eq!(outside("(component)").unwrap().language, Language::Other);
    }

    #[test]
    fn only_the_outermost_imports_and_exports_count() {
        let wat = r#"(component
            (import "wasi:cli/stdout@0.2.6" (instance))
            (import "backfold:pipeline/columns@0.1.0" (instance))
            (component (import "evil:inner/thing" (func)))
            (core module (import "env" "f" (func)))
            (import "wasi:http/types@0.2.6" (instance))
            (instance $i)
            (export "backfold:pipeline/monoid@0.1.0" (instance $i)))"#;
        let outside = outside(wat).unwrap();
        assert_eq!(
            outside.imports,
            ["wasi:cli/stdout@0.2.6", "wasi:http/types@0.2.6"]
        );
        assert_eq!(outside.forbidden(), ["wasi:http/types@0.2.6"]);
        assert_eq!(outside.missing(), ["backfold:pipeline/pipeline@0.1.0"]);
    }

    #[test]
    fn a_function_under_the_name_of_our_types_is_no_type() {
        let outside =
            outside(r#"(component (import "backfold:pipeline/columns@0.1.0" (func)))"#).unwrap();
        assert_eq!(outside.forbidden(), ["backfold:pipeline/columns@0.1.0"]);
    }

    #[test]
    fn other_files_are_recognized() {
        assert_eq!(Outside::of(b"").unwrap_err().what, "it is empty");
        assert_eq!(
            Outside::of(b"\x7fELF").unwrap_err().what,
            "it does not begin as WebAssembly does"
        );
        assert_eq!(
            Outside::of(b"\n (component)").unwrap_err().what,
            "it is WebAssembly as text"
        );
        let module = outside("(module)").unwrap_err();
        assert_eq!(module.what, "it is a core module");
        assert!(Outside::of(b"\0asm\x0d\0\x01\0\x07").is_err());
    }

    #[test]
    fn wasi_0_3_and_look_alikes_are_not_harmless() {
        for import in [
            "wasi:cli/stdout@0.3.0",
            "wasi:http/types@0.2.0",
            "wasi:clix/a@0.2.0",
            "env",
            "wasi:io/x",
        ] {
            assert!(!is_harmless(import), "{import}");
        }
        assert!(is_harmless("wasi:io/streams@0.2.12"));
    }
}
