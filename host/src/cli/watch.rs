//! Display of progress while a command runs.

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

/// The interval at which counters are read.
const TICK: Duration = Duration::from_millis(200);

/// The interval of progress lines if there is no bar. Shorter work prints no line.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// The interval of JSON lines.
const EVENT_INTERVAL: Duration = Duration::from_secs(1);

/// The number of steps of a bar.
const BAR_STEPS: u64 = 1000;

/// The way in which progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// A progress bar on a terminal.
    Bar,
    /// A line on standard error every few seconds.
    Lines,
    /// A JSON line on standard output every second.
    Events,
    /// No progress.
    Nothing,
}

impl Display {
    /// Chooses by the flags, the environment, and whether standard error is a terminal.
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

/// The stages that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All of them.
    All,
    /// Only that of compiling.
    Compiling,
}

/// Runs `work` and shows its progress.
pub(crate) async fn watching<T>(
    display: Display,
    bars: &MultiProgress,
    progress: &Arc<Progress>,
    shown: Shown,
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
                let reading = meter.read(progress, now);
                if shown == Shown::All || reading.stage == Stage::Compile {
                    screen.show(&reading, now);
                }
            }
        }
    };
    let last = (shown == Shown::All).then(|| meter.read(progress, Instant::now()));
    screen.close(last.as_ref());
    result
}

/// The place where progress is shown, and the time when it last was.
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
        // Two lines, since the figures do not fit next to a bar on a narrow terminal.
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
                if now.duration_since(self.began) >= LINE_INTERVAL
                    && due(self.line_interval(reading, now)) =>
            {
                eprintln!("{}", reading.line());
                self.shown = Some((now, reading.stage));
            }
            Display::Events if due(EVENT_INTERVAL) => {
                // Progress that cannot be written is ignored; for the document at the end it is an error.
                let _ = out(&format!(
                    "{}\n",
                    json!({ "event": "progress", "progress": reading })
                ));
                self.shown = Some((now, reading.stage));
            }
            _ => {}
        }
    }

    /// The time between two lines. A wait may last for hours: its lines come less and less often.
    fn line_interval(&self, reading: &Reading, now: Instant) -> Duration {
        match reading.waiting {
            Some(_) => LINE_INTERVAL.max(now.duration_since(self.began) / 20),
            None => LINE_INTERVAL,
        }
    }

    /// Removes the bar; after progress lines, prints a last one with the final state, if there is one.
    fn close(&mut self, last: Option<&Reading>) {
        if let Some(reading) = last
            && self.display == Display::Lines
            && self.shown.is_some()
        {
            eprintln!("{}", reading.line());
        }
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}
