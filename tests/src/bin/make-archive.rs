//! Writes a click archive that is the same on every machine.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use backfold_tests::archive::{Archive, ArchiveSpec};
use clap::Parser;

/// Writes a click archive that is the same on every machine
#[derive(Parser)]
struct Arguments {
    /// The folder to write it to
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    spec: ArchiveSpec,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let written = Archive::new(&arguments.spec)?.write(&arguments.out)?;
    println!(
        "{} events in {} objects, {:.1} MB ({:.1} MB as JSON), in {:.1} s",
        written.events,
        written.objects,
        written.stored_bytes as f64 / 1e6,
        written.bytes as f64 / 1e6,
        began.elapsed().as_secs_f64(),
    );
    Ok(())
}
