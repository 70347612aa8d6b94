//! From a core module to a component, in this process.
//!
//! The world is that of `wit/pipeline.wit`. Calls of WASI preview 1 are answered within the component by an adapter that
//! imports nothing, so that what a language's runtime asks for at its start needs no host.

use anyhow::Context;
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The contract.
pub(super) const CONTRACT: &str = include_str!("../../../wit/pipeline.wit");

/// The world of a pipeline in the contract.
pub(super) const WORLD: &str = "replayable";

/// The adapter.
const SEALED: &str = include_str!("../../../guest-sdk/sealed.wat");

/// The module whose functions the adapter has.
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// The sections in which bindings tell their world.
const TOLD: &str = "component-type";

/// Makes a component of a core module.
///
/// # Errors
/// A sentence on what the module lacks, or has too much.
pub(super) fn component(module: &[u8]) -> Result<Vec<u8>, String> {
    encoded(module).map_err(|error| {
        let causes = error.chain().map(ToString::to_string);
        causes.collect::<Vec<_>>().join(": ")
    })
}

fn encoded(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut module = module.to_vec();
    if !tells_its_world(&module)? {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("pipeline.wit", CONTRACT)?;
        let world = resolve.select_world(&[package], Some(WORLD))?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    }
    let adapter = wat::parse_str(SEALED).context("the adapter is not valid")?;
    ComponentEncoder::default()
        .module(&module)?
        .adapter(PREVIEW1, &adapter)?
        .validate(true)
        .encode()
}

/// Whether the bindings of the module have told its world, as those of Rust do.
fn tells_its_world(module: &[u8]) -> anyhow::Result<bool> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && section.name().starts_with(TOLD)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use wit_component::dummy_module;
    use wit_parser::{LiftLowerAbi, ManglingAndAbi};

    use super::*;

    /// A module with all functions of the contract, and with these imports.
    fn module(imports: &[&str]) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("pipeline.wit", CONTRACT).unwrap();
        let world = resolve.select_world(&[package], Some(WORLD)).unwrap();
        let mangling = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
        let text = wasmprinter::print_bytes(dummy_module(&resolve, world, mangling)).unwrap();
        // Imports come first, and move the numbers of the functions that are exported.
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| moved(line, imports.len()))
            .collect();
        lines.splice(
            1..1,
            imports.iter().map(|import| format!("(import {import})")),
        );
        wat::parse_str(lines.join("\n")).unwrap()
    }

    /// A line of a module, with the number of the function that it exports moved.
    fn moved(line: &str, by: usize) -> String {
        let Some((head, number)) = line.trim_end_matches(')').rsplit_once("(func ") else {
            return line.to_owned();
        };
        match number.parse::<usize>() {
            Ok(number) if head.trim_start().starts_with("(export") => {
                format!("{head}(func {}))", number + by)
            }
            _ => line.to_owned(),
        }
    }

    #[test]
    fn calls_of_wasi_are_answered_within_the_component() {
        let module = module(&[
            r#""wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32))"#,
            r#""wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32))"#,
        ]);
        let text = wasmprinter::print_bytes(component(&module).unwrap()).unwrap();
        let imports: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("  (import"))
            .collect();
        // Those of the contract's types.
        assert!(
            imports
                .iter()
                .all(|import| import.contains("backfold:pipeline/")),
            "{imports:?}"
        );
    }

    #[test]
    fn a_module_without_the_functions_is_refused_with_the_one_that_is_missing() {
        let module = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
        let error = component(&module).unwrap_err();
        assert!(
            error.contains("backfold:pipeline/pipeline@0.1.0"),
            "{error}"
        );
    }

    #[test]
    fn a_module_with_another_import_is_refused_with_its_name() {
        let module = module(&[r#""env" "gettimeofday" (func (param i32) (result i32))"#]);
        let error = component(&module).unwrap_err();
        assert!(
            error.contains("env") && error.contains("gettimeofday"),
            "{error}"
        );
        let module = self::module(&[r#""wasi_snapshot_preview1" "path_open" (func)"#]);
        let error = component(&module).unwrap_err();
        assert!(error.contains("path_open"), "{error}");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(component(b"text").is_err());
    }
}
