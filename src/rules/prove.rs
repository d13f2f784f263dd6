//! The examples of a rule, run: it finds the loud ones, passes over the quiet ones, and each quiet one is quiet for
//! the reason that it shows and no other.

use rsigma_eval::compile_rule;
use rsigma_parser::SigmaRule;
use serde_json::Value;

use super::condition::{Drop, without};
use super::example::{changed, loud, quiet, read};
use super::fields::Seen;
use super::parse::Rule;
use super::ready::Ready;
use super::section::{Section, Twin};

/// How the examples of a rule went.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Loud examples.
    pub loud: usize,
    /// Quiet examples.
    pub quiet: usize,
    /// What went wrong.
    pub wrong: Vec<String>,
}

/// Runs the examples of a rule.
#[must_use]
pub fn prove(rule: &Rule) -> Proof {
    let mut proof = Proof::default();
    let Some(section) = &rule.section else { return proof };
    proof.loud = section.loud.len();
    proof.quiet = section.quiet.len();
    for (kind, n) in [("loud", proof.loud), ("quiet", proof.quiet)] {
        if n == 0 {
            proof.wrong.push(format!("it has no {kind} example"));
        }
    }
    for number in 1..=section.loud.len() {
        let found = loud(section, number).and_then(|example| finds(rule, &rule.ready, example));
        match found {
            Ok(true) => {}
            Ok(false) => proof.wrong.push(format!("loud {number}: it is not found")),
            Err(what) => proof.wrong.push(format!("loud {number}: {what}")),
        }
    }
    for (number, twin) in (1..).zip(&section.quiet) {
        if let Err(what) = prove_twin(rule, section, twin) {
            let changed = changed(twin).unwrap_or("nothing");
            proof.wrong.push(format!("quiet {number} ({changed}): {what}"));
        }
    }
    proof
}

fn prove_twin(rule: &Rule, section: &Section, twin: &Twin) -> Result<(), String> {
    let example = quiet(section, twin)?;
    if finds(rule, &rule.ready, &example)? {
        return Err("it is found".to_owned());
    }
    let drop = dropped(&rule.written, twin)?;
    let looser = without(&rule.written, &drop).ok_or(
        "no condition looks at it: say under `without` which one keeps it quiet, as SELECTION or SELECTION.FIELD",
    )?;
    if looser.detection.conditions.is_empty() {
        return Ok(());
    }
    let compiled = compile_rule(&looser).map_err(|error| error.to_string())?;
    if finds(rule, &Ready::of(&compiled), &example)? {
        Ok(())
    } else {
        Err("it stays quiet without that condition too, so something else keeps it quiet".to_owned())
    }
}

/// What a quiet example says keeps it quiet.
pub(super) fn dropped(rule: &SigmaRule, twin: &Twin) -> Result<Drop, String> {
    Ok(match twin.without.as_deref() {
        None => Drop::Member(changed(twin).unwrap_or_default().to_owned()),
        Some(name) if rule.detection.named.contains_key(name) => Drop::Selection(name.to_owned()),
        Some(name) => match name.split_once('.') {
            Some((selection, field)) => Drop::Item(selection.to_owned(), field.to_owned()),
            None => return Err(format!("`without` names `{name}`, and there is no such selection")),
        },
    })
}

fn finds(rule: &Rule, ready: &Ready, example: &Value) -> Result<bool, String> {
    let mut found = false;
    read(rule.source, example, &mut |event| found = found || ready.holds(&Seen(event)))?;
    Ok(found)
}
