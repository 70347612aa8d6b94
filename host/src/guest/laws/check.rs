//! All laws, one after another.

use super::describe::{checked, describe};
use super::equation::Equation;
use super::lab::Lab;
use super::pool::{Case, Made, Pool};
use super::report::{Counterexample, LawReport, LawResult, Verdict};
use super::screen::screen;
use super::search::search;
use super::shrink::shrink;
use super::violation::{Violation, violation};
use super::{Law, LawError, LawOptions, Random, Sample};
use crate::guest::{Component, GuestError};

/// Tests all laws on the events of `sample`, whose columns are the component's inputs. The thread has to be one for
/// [`Component::open`].
///
/// # Errors
/// If the component accepts none of the events, or cannot be opened. A broken law is no error here, but a result in the
/// report.
pub fn check(
    component: &Component,
    params: &[(String, String)],
    sample: &Sample,
    options: &LawOptions,
) -> Result<LawReport, LawError> {
    let mut lab = Lab::new(component.open(params)?, sample)?;
    let screened = screen(&mut lab, options)?;
    let whole = match screened.rows.as_slice() {
        [] => None,
        rows => Some(lab.fold_whole(rows)?),
    };
    let Some(whole) = whole.filter(|whole| !whole.keys.is_empty()) else {
        return Err(LawError::NothingToCheck {
            events: sample.len() as u64,
            source: screened.because,
        });
    };
    let accepted = screened.rows.len() - whole.rejected.len();
    let mut check = Check {
        results: Vec::new(),
        params,
        options,
        random: Random::new(0),
        lab,
    };
    let (keys, rejected) = (whole.keys.len() as u64, whole.rejected.len() as u64);
    let states = check.all(&screened.rows)?;
    Ok(LawReport {
        component: checked(check.lab.instance()),
        params: params.iter().cloned().collect(),
        made_up: sample.is_made_up(),
        events: sample.len() as u64,
        accepted: accepted as u64,
        rejected,
        left_out: screened.left_out,
        left_out_because: screened.because.map(|error| error.to_string()),
        keys,
        states,
        laws: check.results,
    })
}

/// A check under way.
struct Check<'a> {
    lab: Lab<'a>,
    params: &'a [(String, String)],
    options: &'a LawOptions,
    random: Random,
    results: Vec<LawResult>,
}

impl Check<'_> {
    /// Tests one law after another. Returns the number of states.
    fn all(&mut self, rows: &[u32]) -> Result<u64, GuestError> {
        let descriptor = self.lab.instance().descriptor().clone();
        let mut determinism = LawResult::untested(Law::Determinism);
        self.try_fold(&mut determinism, Equation::FoldAgain, &[rows]);
        // Both sides use the accumulator. If it keeps data after a drain, tests of states prove nothing.
        let pool = Pool::of(&mut self.lab, rows, self.options.cases)?;
        let cases = pool.cases(self.options.cases, &mut self.random);
        for equation in [Equation::CombineAgain, Equation::PresentAgain] {
            let applies = equation != Equation::PresentAgain || !descriptor.views.is_empty();
            if applies && determinism.counterexample.is_none() {
                self.search(&mut determinism, equation, &pool, &cases)?;
            }
        }
        self.results.push(determinism);

        for law in Law::ALL.into_iter().skip(1) {
            let mut result = LawResult::untested(law);
            if law == Law::Commutativity && !descriptor.commutative {
                result.verdict = Verdict::NotClaimed;
            } else if law == Law::Present && descriptor.views.is_empty() {
                result.verdict = Verdict::Untested("it has no views".into());
            } else if let Some(broken) = self.broken_basis(law) {
                result.verdict = Verdict::Untested(format!("it rests on {broken}"));
            } else if law == Law::Cuts {
                self.cuts(&mut result, rows);
            } else {
                let equations = Equation::OF_STATES.into_iter();
                for equation in equations.filter(|equation| equation.law() == law) {
                    if result.counterexample.is_none() {
                        self.search(&mut result, equation, &pool, &cases)?;
                    }
                }
            }
            self.results.push(result);
        }
        Ok(pool.len() as u64)
    }

    /// A broken law without which `law` cannot be tested.
    fn broken_basis(&self, law: Law) -> Option<Law> {
        let basis: &[Law] = match law {
            Law::Determinism | Law::Present => &[],
            Law::Identity | Law::Associativity | Law::Commutativity => &[Law::Determinism],
            Law::Stability => &[Law::Determinism, Law::Identity],
            Law::Cuts => &[
                Law::Determinism,
                Law::Identity,
                Law::Associativity,
                Law::Stability,
            ],
        };
        self.results
            .iter()
            .find(|result| result.verdict == Verdict::Broken && basis.contains(&result.law))
            .map(|result| result.law)
    }

    /// Cuts the sample in two at several places.
    fn cuts(&mut self, result: &mut LawResult, rows: &[u32]) {
        for cut in 1..=self.options.cuts {
            let place = (rows.len() * cut).div_ceil(self.options.cuts + 1);
            let (first, second) = rows.split_at(place.min(rows.len()));
            for equation in [Equation::Halves, Equation::Batches] {
                if result.counterexample.is_none() && !first.is_empty() && !second.is_empty() {
                    self.try_fold(result, equation, &[first, second]);
                }
            }
        }
    }

    /// Tests an equation on events.
    fn try_fold(&mut self, result: &mut LawResult, equation: Equation, operands: &[&[u32]]) {
        result.cases += 1;
        let made: Vec<_> = operands
            .iter()
            .map(|rows| Made {
                rows: rows.to_vec(),
                key: Vec::new(),
            })
            .collect();
        if violation(&mut self.lab, equation, &made).is_some() {
            let counterexample = self.smallest(equation, made);
            result.broken(1, counterexample);
        } else if result.verdict != Verdict::Broken {
            result.verdict = Verdict::Holds;
        }
    }

    /// Tests an equation on states.
    fn search(
        &mut self,
        result: &mut LawResult,
        equation: Equation,
        pool: &Pool,
        cases: &[Case],
    ) -> Result<(), GuestError> {
        let made_up = self.lab.sample.is_made_up();
        // No run presents a state from events of several keys, and a component may rely on that.
        let same_key: Vec<_> = cases.iter().filter(|case| case.same_key).copied().collect();
        let cases = match equation {
            Equation::PresentedCombined => &same_key,
            _ => cases,
        };
        let searched = search(&mut self.lab, equation, pool, cases, made_up)?;
        result.cases += searched.tried;
        result.refused += searched.refused;
        let arity = equation.operands().len();
        let weight = |case: &Case| -> usize {
            case.states[..arity]
                .iter()
                .map(|place| pool.weight(*place))
                .sum()
        };
        let smallest = searched.broken.iter().min_by_key(|case| weight(case));
        if let Some(case) = smallest {
            let made = case.states[..arity]
                .iter()
                .map(|place| pool.made(*place))
                .collect();
            let counterexample = self.smallest(equation, made);
            result.broken(searched.broken.len() as u64, counterexample);
        } else if searched.tried > 0 {
            result.verdict = Verdict::Holds;
        }
        Ok(())
    }

    /// The smallest case that can be made from a broken one.
    fn smallest(&mut self, equation: Equation, made: Vec<Made>) -> Counterexample {
        let lab = &mut self.lab;
        let made = shrink(made, self.options.shrinking, |fewer| {
            violation(lab, equation, fewer).is_some()
        });
        let violation = violation(lab, equation, &made).unwrap_or_else(|| {
            Violation::of(format!(
                "{} is {} on its own, but not among other rows",
                equation.sides().0,
                equation.sides().1
            ))
        });
        describe(lab, self.params, equation, &made, violation)
    }
}
