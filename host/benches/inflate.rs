//! How fast gzip is inflated in blocks, by each library that was compiled in: megabytes of text per second of CPU
//! time, the median of several rounds in which the libraries take turns.
//!
//! ```text
//! taskset -c 0 cargo bench -p backfold --bench inflate --features gzip-isal,gzip-zlib-ng
//! ```

mod cpu;

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;

use backfold::decode::measure;
use bytes::Bytes;
use cpu::cpu_seconds;
use flate2::Compression;
use flate2::write::GzEncoder;

const OBJECTS: usize = 16;
const EVENTS: usize = 30_000;
const ROUNDS: usize = 7;
const LEVEL: u32 = 6;
/// The pieces in which the source of files delivers an object.
const PIECE_BYTES: usize = 256 << 10;
const PAGES: f64 = 70_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut random = Random(1);
    let mut text_bytes = 0;
    let mut stored_bytes = 0;
    let mut objects = Vec::new();
    for _ in 0..OBJECTS {
        let text = clicks(&mut random)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        encoder.write_all(text.as_bytes())?;
        let stored = encoder.finish()?;
        text_bytes += text.len();
        stored_bytes += stored.len();
        let pieces: Vec<Bytes> = stored
            .chunks(PIECE_BYTES)
            .map(Bytes::copy_from_slice)
            .collect();
        objects.push(pieces);
    }
    println!(
        "{OBJECTS} objects, {:.0} MB, as stored {:.0} MB",
        text_bytes as f64 / 1e6,
        stored_bytes as f64 / 1e6
    );

    let libraries: Vec<&str> = measure::libraries().collect();
    let mut rates = vec![Vec::new(); libraries.len()];
    for _ in 0..ROUNDS {
        for (library, rates) in libraries.iter().zip(&mut rates) {
            let mut seen = 0;
            let before = cpu_seconds();
            for pieces in &objects {
                measure::inflate(library, pieces, |block| seen += black_box(block).len())?;
            }
            rates.push(text_bytes as f64 / 1e6 / (cpu_seconds() - before));
            assert_eq!(seen, text_bytes, "all of the text came out");
        }
    }
    for (library, mut rates) in libraries.iter().zip(rates) {
        rates.sort_by(f64::total_cmp);
        println!(
            "{library:10} {:5.0} MB/s ({:.0} to {:.0})",
            rates[ROUNDS / 2],
            rates[0],
            rates[ROUNDS - 1]
        );
    }
    Ok(())
}

/// Lines of about 400 bytes, 13 fields each: pages by Zipf's law, the time rising, the rest as logs have it.
fn clicks(random: &mut Random) -> Result<String, std::fmt::Error> {
    const COUNTRIES: [&str; 6] = ["DE", "US", "FR", "JP", "BR", "IN"];
    const AGENTS: [&str; 4] = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile",
        "curl/8.14.1",
    ];
    let mut text = String::new();
    let mut second = 0.0;
    for _ in 0..EVENTS {
        second += random.below(3.0);
        let page = PAGES.powf(random.below(1.0)) as u64;
        let referrer = PAGES.powf(random.below(1.0)) as u64;
        writeln!(
            text,
            r#"{{"event_id":"{:016x}{:016x}","at":"2026-03-{:02}T{:02}:{:02}:{:06.3}Z","user_id":{},"session":"{:016x}","page":"/docs/install-{page}","referrer":"https://example.com/docs/install-{referrer}","country":"{}","agent":"{}","duration_ms":{},"status":{},"bytes":{},"viewport":{{"w":{},"h":{}}},"experiment":null}}"#,
            random.next(),
            random.next(),
            1 + second as u64 / 86_400,
            second as u64 / 3600 % 24,
            second as u64 / 60 % 60,
            second % 60.0,
            random.below(2e6) as u64,
            random.next(),
            random.of(&COUNTRIES),
            random.of(&AGENTS),
            random.below(30_000.0) as u64,
            random.of(&["200", "200", "200", "304", "404"]),
            random.below(90_000.0) as u64,
            random.of(&["1920", "1440", "390"]),
            random.of(&["1080", "900", "844"]),
        )?;
    }
    Ok(text)
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: f64) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 * limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as f64) as usize]
    }
}
