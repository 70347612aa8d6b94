//! Components of the right world with nothing in them, and what goes wrong while one is instantiated.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

use super::*;

/// A component whose functions are all `unreachable`, with more in the text of its core module, and in its own.
fn hollow(in_module: &str, in_component: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/pipeline.wit");
    let contract = std::fs::read_to_string(wit).unwrap();
    let package = resolve.push_str("pipeline.wit", &contract).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mangling = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let module = dummy_module(&resolve, world, mangling);
    let text = wasmprinter::print_bytes(module).unwrap();
    let (text, end) = text.rsplit_once(')').unwrap();
    let mut module = wat::parse_str(format!("{text}{in_module}){end}")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let component = ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap();
    let text = wasmprinter::print_bytes(component).unwrap();
    let (text, end) = text.rsplit_once(')').unwrap();
    wat::parse_str(format!("{text}{in_component}){end}")).unwrap()
}

fn fate(wasm: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), wasm).unwrap();
    let limits = Limits {
        instances: 100,
        table_elements: 1_000,
        ..tight()
    };
    let opened = Component::load(file.path(), &limits, None)
        .and_then(|component| component.open(&[]).map(|_| ()));
    let error = opened.unwrap_err();
    format!("{} {error}", error.code())
}

#[test]
fn a_component_with_much_code_is_compiled_without_inlining() {
    let inlining = |code_bytes: usize| {
        let nops = "nop ".repeat(code_bytes / 16);
        let functions = format!("(func {nops})").repeat(16);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), hollow(&functions, "")).unwrap();
        let component = Component::load(file.path(), &tight(), None).unwrap();
        component.engine().get_compiler_inlining()
    };
    assert_eq!(inlining(1 << 18), wasmtime::Inlining::Yes);
    assert_eq!(inlining(1 << 21), wasmtime::Inlining::No);
}

#[test]
fn what_goes_wrong_before_the_first_call_is_reported() {
    let loops = "(func $s (loop $l br $l)) (start $s)";
    let traps = "(func $s unreachable) (start $s)";
    let grows = "(table $t 1 funcref)
        (func $s (drop (table.grow $t (ref.null func) (i32.const 100000)))) (start $s)";
    let recurses = "(func $s call $s) (start $s)";
    let table = "(table 100000 funcref)";
    let memory = "(memory 1000)";
    let instances = format!(
        "(core module $m) {}",
        "(core instance (instantiate $m))".repeat(200)
    );
    let cases = [
        ("nothing", "", ""),
        ("start loops", loops, ""),
        ("start traps", traps, ""),
        ("start recurses", recurses, ""),
        ("start grows a table", grows, ""),
        ("large table", table, ""),
        ("large memory", memory, ""),
        ("200 instances", "", &instances),
    ];
    let mut fates = String::new();
    for (name, in_module, in_component) in cases {
        fates += &format!("{name}: {}\n", fate(&hollow(in_module, in_component)));
    }
    insta::assert_snapshot!(fates);
}
