//! `backfold check`: tests whether a component follows the laws that a rebuild needs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use backfold::guest::Cache;
use backfold::guest::laws::{Counterexample, Event, LawReport, LawResult, Verdict};
use backfold::job::{Job, Overrides};
use backfold::replay::{self, CheckOptions};
use backfold::row_json::Row;

use super::answer::Answer;
use super::arguments::ParamArguments;
use super::context::Context;
use super::human::{count, counted, plain};
use super::paint::Paint;
use super::table::{Fields, WIDTH, cut};

/// Test whether a component follows the laws that a rebuild needs
///
/// The laws are: identity, associativity, commutativity (if the component claims it), the same output for the same
/// input, states that do not depend on how the events are divided, and a view for every state. They are tested with
/// events of a job's input, or with generated ones. If a law does not hold, the smallest case that was found is shown
/// and stored in a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold check clicks.wasm                               test with generated events
  backfold check clicks.wasm --job job.toml                test with events of the job's input
  backfold check clicks.wasm --again counterexample.json   run one case again

Exit code 3 means that a law does not hold.")]
pub(crate) struct Check {
    /// The component's `.wasm` file
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,

    /// Use events from the input of this job, and its parameters and limits; no table is changed
    #[arg(long, value_name = "JOB")]
    job: Option<PathBuf>,

    /// The number of events to test with
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sample: u32,

    /// The seed for generated events
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "job")]
    seed: u64,

    /// The file for a case in which a law does not hold
    #[arg(long, value_name = "FILE", default_value = "counterexample.json")]
    save: PathBuf,

    /// Run the case in this file again, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["job", "sample", "seed", "save"])]
    again: Option<PathBuf>,

    #[command(flatten)]
    params: ParamArguments,
}

impl Check {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let params = self.params.collect();
        if let Some(file) = &self.again {
            let (cache, progress) = (Cache::of_user(), &context.progress);
            let found =
                replay::check_again(&self.component, &params, file, cache.as_ref(), progress);
            return again(context.watch_compiling(found).await?, context.paint);
        }
        let overrides = Overrides {
            params: params.clone(),
            ..Overrides::default()
        };
        let job = self
            .job
            .map(|job| Job::load(&job, &overrides))
            .transpose()?;
        let options = CheckOptions {
            component: self.component,
            job,
            params,
            sample: self.sample as usize,
            seed: self.seed,
            save: self.save,
            cache: Cache::of_user(),
            progress: context.progress.clone(),
        };
        let report = replay::check(&options, context.cancel.clone());
        let report = context.watch_compiling(report).await?;
        let text = describe(&report, &options.component, &options.save, context.paint);
        let answer = Answer::new(text, &report)?;
        Ok(match report.refusal(Some(&options.save)) {
            Some(error) => answer.refused(&backfold::Error::from(error).into()),
            None => answer,
        })
    }
}

/// The result of a case that was run again.
fn again(found: Option<Counterexample>, paint: Paint) -> Result<Answer> {
    let Some(found) = found else {
        let text = format!("{}: the law holds for this case\n", paint.green("holds"));
        return Answer::new(text, &found);
    };
    let answer = Answer::new(case(&found, paint), &found)?;
    Ok(answer.refused(&backfold::Error::from(found.refusal(None)).into()))
}

fn describe(report: &LawReport, component: &Path, saved: &Path, paint: Paint) -> String {
    let mut fields = Fields::default();
    let checked = &report.component;
    fields.add(
        "component",
        format!(
            "{} {}",
            paint.bold(plain(&checked.name)),
            plain(&checked.version)
        ),
    );
    let source = match report.made_up {
        true => "generated",
        false => "of the job's input",
    };
    fields.add(
        "events",
        format!(
            "{} {source}: {} accepted, {} rejected by the component",
            count(report.events),
            count(report.accepted),
            count(report.rejected)
        ),
    );
    if let Some(because) = &report.left_out_because {
        let left_out = format!("{} on which the component fails: ", count(report.left_out));
        fields.add("left out", paint.red(left_out) + &plain(because));
    }
    fields.add(
        "states",
        format!(
            "{} of {}",
            count(report.states),
            counted(report.keys, "key")
        ),
    );
    let mut text = fields.render(paint) + "\n";
    for result in &report.laws {
        text.push_str(&law(result, paint));
    }
    if let Some(counterexample) = report.counterexample() {
        let again = format!(
            "backfold check {} --again {}",
            component.display(),
            saved.display()
        );
        text.push_str(&format!(
            "\n{}\nstored in {}; `{}` runs it again\n",
            case(counterexample, paint),
            plain(&saved.display().to_string()),
            paint.cyan(plain(&again))
        ));
    }
    text
}

/// The result for a law, on one line.
fn law(result: &LawResult, paint: Paint) -> String {
    let (mark, said) = match &result.verdict {
        Verdict::Holds => (paint.green("✓"), cases(result)),
        Verdict::Broken => (
            paint.red("✗"),
            format!("broken in {} of {}", count(result.broken), cases(result)),
        ),
        Verdict::NotClaimed => (paint.dim("-"), "not claimed".into()),
        Verdict::Untested(why) => (paint.dim("-"), format!("not tested: {why}")),
    };
    let law = result.law;
    format!("{mark} {:<13}  {:<36}  {said}\n", law.name(), law.says())
}

fn cases(result: &LawResult) -> String {
    let mut text = counted(result.cases, "case");
    if result.refused > 0 {
        text.push_str(&format!(", {} refused", count(result.refused)));
    }
    text
}

/// A case in which a law does not hold.
fn case(found: &Counterexample, paint: Paint) -> String {
    let mut text = format!(
        "{} does not hold: {}\n",
        paint.red(found.law.name()),
        plain(&found.what)
    );
    let mut line = |name: &str, what: &str, said: String| {
        let said = cut(&said, WIDTH - 18).into_owned();
        text.push_str(&format!("  {name:<6}  {what:<6}  {said}\n"));
    };
    for operand in &found.operands {
        let mut name = operand.name.as_str();
        let parts = [("key", &operand.key), ("state", &operand.state)];
        for (what, row) in parts {
            if let Some(row) = row {
                line(name, what, row_text(row));
                name = "";
            }
        }
        const SHOWN: usize = 8;
        for event in operand.events.iter().take(SHOWN) {
            line(name, "event", event_text(event));
            name = "";
        }
        if operand.events.len() > SHOWN {
            line("", "", format!("and {} more", operand.events.len() - SHOWN));
        }
    }
    if let Some(key) = &found.key {
        line("at", "key", row_text(key));
    }
    for (name, side) in [("left", &found.left), ("right", &found.right)] {
        if let Some(side) = side {
            line(name, "", row_text(side));
        }
    }
    if let Some(error) = &found.error {
        line("error", "", plain(error).into_owned());
    }
    text
}

/// `views=1 total_ms=50`
fn row_text(row: &Row) -> String {
    let pairs: Vec<_> = row
        .iter()
        .map(|(name, value)| format!("{}={value}", plain(name)))
        .collect();
    plain(&pairs.join(" ")).into_owned()
}

fn event_text(event: &Event) -> String {
    let columns = row_text(&event.columns);
    match &event.position {
        Some(position) => format!("{columns}  ({})", plain(&position.to_string())),
        None => columns,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_shows_what_was_tested_and_what_was_not() {
        let report = LawReport {
            component: serde_json::from_value(
                json!({"name": "clicks", "version": "0.1.0", "digest": "3fa0"}),
            )
            .unwrap(),
            params: Default::default(),
            made_up: true,
            events: 10_000,
            accepted: 8_000,
            rejected: 1_998,
            left_out: 2,
            left_out_because: Some("the component trapped in `fold`: \u{1b}[2J".into()),
            keys: 1,
            states: 512,
            laws: vec![
                result("determinism", Verdict::Holds, None),
                result("associativity", Verdict::Broken, Some(counterexample())),
                result("commutativity", Verdict::NotClaimed, None),
                result(
                    "cuts",
                    Verdict::Untested("it rests on associativity".into()),
                    None,
                ),
            ],
        };
        let text = describe(
            &report,
            Path::new("clicks.wasm"),
            Path::new("case.json"),
            Paint::none(),
        );
        insta::assert_snapshot!(text, @r#"
        component  clicks 0.1.0
        events     10,000 generated: 8,000 accepted, 1,998 rejected by the component
        left out   2 on which the component fails: the component trapped in `fold`: \u{1b}[2J
        states     512 of 1 key

        ✓ determinism    the same events give the same states  4,096 cases, 3 refused
        ✗ associativity  (a · b) · c = a · (b · c)             broken in 1 of 4,096 cases, 3 refused
        - commutativity  a · b = b · a                         not claimed
        - cuts           cutting the events changes nothing    not tested: it rests on associativity

        associativity does not hold: combine(combine(a, b), c) is not combine(a, combine(b, c))
          a       key     page="/a"
                  state   total=1
                  event   amount=1 page="/a"  (part-1.jsonl record 7)
          b       key     page="/a"
                  state   total=2
                  event   amount=2 page="/a"  (part-1.jsonl record 7)
          c       key     page="/a"
                  state   total=4
                  event   amount=4 page="/a"  (part-1.jsonl record 7)
          left            total=2
          right           total=3

        stored in case.json; `backfold check clicks.wasm --again case.json` runs it again
        "#);
    }

    fn result(law: &str, verdict: Verdict, counterexample: Option<Counterexample>) -> LawResult {
        LawResult {
            law: serde_json::from_value(json!(law)).unwrap(),
            verdict,
            cases: 4_096,
            broken: u64::from(counterexample.is_some()),
            refused: 3,
            counterexample,
        }
    }

    fn counterexample() -> Counterexample {
        let operand = |name: &str, total: i64| {
            json!({
                "name": name,
                "key": { "page": "/a" },
                "state": { "total": total },
                "events": [{
                    "position": { "source": "part-1.jsonl", "offset": 7 },
                    "columns": { "page": "/a", "amount": total },
                }],
            })
        };
        serde_json::from_value(json!({
            "backfold": "0.1.0",
            "component": { "name": "clicks", "version": "0.1.0", "digest": "3fa0" },
            "params": {},
            "law": "associativity",
            "equation": "associative",
            "what": "combine(combine(a, b), c) is not combine(a, combine(b, c))",
            "operands": [operand("a", 1), operand("b", 2), operand("c", 4)],
            "left": { "total": 2 },
            "right": { "total": 3 },
        }))
        .unwrap()
    }
}
