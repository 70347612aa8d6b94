//! The kind, the imports and the exports of a `.wasm`, read from its outermost sections before it is compiled.

use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload};

/// The imports and exports of a component.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outside {
    /// The imports, in order, without the types of the contract.
    pub(super) imports: Vec<String>,
    /// The names of the exports.
    pub(super) exports: Vec<String>,
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
    /// Reads a `.wasm`. The error says what the bytes are instead of a component.
    pub(super) fn of(wasm: &[u8]) -> Result<Outside, String> {
        if !wasm.starts_with(b"\0asm") {
            return Err(match wasm {
                [] => "it is empty".into(),
                _ if wasm.trim_ascii_start().starts_with(b"(") => {
                    "it is WebAssembly as text".into()
                }
                _ => "it does not begin as WebAssembly does".into(),
            });
        }
        let mut outside = Outside::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(|error| error.to_string())? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    return Err("it is a core module".into());
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(|error| error.to_string())?;
                        let is_types = matches!(import.ty, ComponentTypeRef::Instance(_))
                            && TYPES.contains(&import.name.name);
                        if !is_types {
                            outside.imports.push(import.name.name.to_owned());
                        }
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        outside.exports.push(
                            export
                                .map_err(|error| error.to_string())?
                                .name
                                .name
                                .to_owned(),
                        );
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

    fn outside(wat: &str) -> Result<Outside, String> {
        Outside::of(&wat::parse_str(wat).unwrap())
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
        assert_eq!(Outside::of(b"").unwrap_err(), "it is empty");
        assert_eq!(
            Outside::of(b"\x7fELF").unwrap_err(),
            "it does not begin as WebAssembly does"
        );
        assert_eq!(
            Outside::of(b"\n (component)").unwrap_err(),
            "it is WebAssembly as text"
        );
        assert_eq!(outside("(module)").unwrap_err(), "it is a core module");
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
