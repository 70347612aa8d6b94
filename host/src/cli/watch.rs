//! Shows progress while a command works.

use std::future::Future;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backfold::progress::{Progress, Stage};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::arguments::Globals;
use super::output::{Format, out};
use super::progress::{Meter, Reading};

/// How often the counters are read.
const TICK: Duration = Duration::from_millis(200);

/// How often a line is written where there is no bar. Work that takes less is over without one.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// How often a JSON line is written.
const EVENT_INTERVAL: Duration = Duration::from_secs(1);

/// Into how many steps a bar is cut.
const BAR_STEPS: u64 = 1000;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// A bar that is redrawn, on a terminal.
    Bar,
    /// A line on standard error every few seconds.
    Lines,
    /// A JSON line on standard output every second.
    Events,
    /// Not at all.
    Nothing,
}

impl Display {
    /// What fits the flags, the environment and where standard error goes.
    pub(crate) fn choose(globals: &Globals) -> Self {
        let ci =
            std::env::var("CI").is_ok_and(|value| !["", "0", "false"].contains(&value.as_str()));
        if globals.output == Format::Jsonl {
            Display::Events
        } else if globals.no_progress || globals.quiet {
            Display::Nothing
        } else if std::io::stderr().is_terminal() && !ci {
            Display::Bar
        } else {
            Display::Lines
        }
    }
}

/// Runs `work` and shows how far it is until it is over.
pub(crate) async fn watching<T>(
    display: Display,
    bars: &MultiProgress,
    progress: &Arc<Progress>,
    work: impl Future<Output = T>,
) -> T {
    let began = Instant::now();
    let mut screen = Screen::new(display, bars, began);
    let mut meter = Meter::new(began);
    let mut ticks = tokio::time::interval(TICK);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            _ = ticks.tick() => {
                let now = Instant::now();
                screen.show(&meter.read(progress, now), now);
            }
        }
    };
    screen.close(&meter.read(progress, Instant::now()));
    result
}

/// Where progress is shown, and when it last was.
struct Screen<'a> {
    display: Display,
    bars: &'a MultiProgress,
    bar: ProgressBar,
    began: Instant,
    shown: Option<(Instant, Stage)>,
}

impl<'a> Screen<'a> {
    fn new(display: Display, bars: &'a MultiProgress, began: Instant) -> Self {
        let bar = match display {
            Display::Bar => bars.add(ProgressBar::new(BAR_STEPS)),
            _ => ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
        };
        // Two lines: figures of a run do not fit beside a bar on a narrow terminal.
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} [{bar:30}] {prefix}\n  {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        Screen {
            display,
            bars,
            bar,
            began,
            shown: None,
        }
    }

    fn show(&mut self, reading: &Reading, now: Instant) {
        let due = |interval| match self.shown {
            None => true,
            Some((at, stage)) => stage != reading.stage || now.duration_since(at) >= interval,
        };
        match self.display {
            Display::Bar => {
                self.bar
                    .set_position((reading.part.unwrap_or(0.0) * BAR_STEPS as f64) as u64);
                self.bar.set_prefix(reading.headline());
                self.bar.set_message(reading.figures());
                self.bar.tick();
            }
            Display::Lines
                if now.duration_since(self.began) >= LINE_INTERVAL && due(LINE_INTERVAL) =>
            {
                eprintln!("{}", reading.line());
                self.shown = Some((now, reading.stage));
            }
            Display::Events if due(EVENT_INTERVAL) => {
                // Progress that nobody can read is not worth failing for; the document at the end is.
                let _ = out(&format!(
                    "{}\n",
                    json!({ "event": "progress", "progress": reading })
                ));
                self.shown = Some((now, reading.stage));
            }
            _ => {}
        }
    }

    /// Takes the bar away; where lines were written, ends them with one that says how it stands.
    fn close(&mut self, reading: &Reading) {
        if self.display == Display::Lines && self.shown.is_some() {
            eprintln!("{}", reading.line());
        }
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}
