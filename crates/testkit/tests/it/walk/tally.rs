//! What was done on a walk, and what came of it.

use core::fmt::Debug;
use std::collections::BTreeMap;

/// The steps of a walk, or of several.
pub(crate) struct Tally {
    seed: u64,
    steps: Vec<String>,
    outcomes: BTreeMap<String, usize>,
}

impl Tally {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, steps: Vec::new(), outcomes: BTreeMap::new() }
    }

    /// A step begins.
    pub(crate) fn begin(&mut self, step: &impl Debug) {
        self.steps.push(format!("{step:?}"));
    }

    /// The step has ended so.
    pub(crate) fn end(&mut self, outcome: &str) {
        let Some(last) = self.steps.last_mut() else { return };
        let kind = last.split('(').next().unwrap_or_default();
        *self.outcomes.entry(format!("{kind} {outcome}")).or_default() += 1;
        last.push(' ');
        last.push_str(outcome);
    }

    /// The whole walk, for whoever looks for a defect.
    pub(crate) fn walked(&self) -> String {
        let steps = (1..).zip(&self.steps).map(|(number, step): (usize, _)| format!("{number}: {step}"));
        format!("seed {}\n{}", self.seed, steps.collect::<Vec<_>>().join("\n"))
    }

    /// Takes in another walk.
    pub(crate) fn add(&mut self, other: &Self) {
        for (outcome, times) in &other.outcomes {
            *self.outcomes.entry(outcome.clone()).or_default() += times;
        }
    }

    /// How often a kind of step came to this.
    pub(crate) fn times(&self, outcome: &str) -> usize {
        self.outcomes.get(outcome).copied().unwrap_or_default()
    }

    pub(crate) fn outcomes(&self) -> String {
        self.outcomes.iter().map(|(outcome, times)| format!("{times:>7} {outcome}")).collect::<Vec<_>>().join("\n")
    }
}
