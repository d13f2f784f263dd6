//! `lapwing check`: are the settings right, and what do they change?

use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::{Config, DEFAULT_CONFIG, Error, Exit, Faulty, load_with, shown};
use crate::noise::profiles;
use crate::report::clean::clean;
use crate::settings::catalog::{Catalog, Entry};
use crate::settings::{Settings, Tuning};

/// Look for mistakes in the settings, and say what they change
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The settings file [default: lapwing.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Says what is configured.
///
/// # Errors
/// Every mistake in the file, or why it could not be read.
pub fn run(args: &Args, catalog: &Catalog, out: &mut dyn Write) -> Result<Exit, Error> {
    let Config { settings, file, catalog, .. } = load_with(args.config.as_deref(), catalog, Faulty::Refuse)?;
    match file {
        Some(path) => writeln!(out, "{}: no mistakes", shown(&path))?,
        None => writeln!(out, "no {DEFAULT_CONFIG} here: the defaults apply")?,
    }
    detectors(&settings, &catalog, out)?;
    for (name, what) in lines(&settings, SystemTime::now().into()) {
        writeln!(out, "{name:<11} {}", clean(&what, 200))?;
    }
    Ok(Exit::Fine)
}

/// How many are on, which are off, and what is changed about the others.
fn detectors(settings: &Settings, catalog: &Catalog, out: &mut dyn Write) -> Result<(), Error> {
    let off: Vec<&str> =
        catalog.detectors().map(|entry| entry.about.id).filter(|id| settings.off.contains(id)).collect();
    let names = if off.is_empty() { String::new() } else { format!(" ({})", off.join(", ")) };
    writeln!(out, "{:<11} {} on, {} off{names}", "detectors", catalog.detectors().count() - off.len(), off.len())?;
    for entry in &catalog.0 {
        let changes = settings.detectors.get(entry.about.id).map(|tuning| changes(tuning, entry)).unwrap_or_default();
        if !changes.is_empty() {
            writeln!(out, "  {}: {}", entry.about.id, changes.join(", "))?;
        }
    }
    Ok(())
}

/// What the settings set differently from the default.
fn changes(tuning: &Tuning, entry: &Entry) -> Vec<String> {
    let default = |name| entry.fields.iter().find(|(field, _)| field.name == name).map(|(_, default)| *default);
    let fields = tuning.fields().iter().filter_map(|(name, setting)| {
        let default = default(*name).filter(|default| default != setting)?;
        Some(format!("{name} {setting} (default {default})"))
    });
    fields.chain(tuning.max_severity.map(|severity| format!("at most {}", severity.name()))).collect()
}

/// The other sections, a line each.
fn lines(settings: &Settings, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let Settings { lateness, metrics, limits, state, .. } = settings;
    let expired = match settings.expired(now).count() {
        0 => String::new(),
        n => format!(", {n} out of date"),
    };
    let rules = |n: usize| if n == 1 { "1 rule".to_owned() } else { format!("{n} rules") };
    let mut lines = vec![
        ("rules", of_rules(settings)),
        ("lateness", format!("lambda {} min, cloudtrail {} min", lateness.lambda.0, lateness.cloudtrail.0)),
        ("accounts", format!("{} named", settings.accounts.len())),
        ("owners", rules(settings.owners.len())),
        ("overrides", rules(settings.overrides.len())),
        ("silence", format!("{} watched", settings.silences.len())),
        ("allow", format!("{}{expired}", rules(settings.allow.len()))),
        ("noise", noise(settings)),
        ("deployers", deployers(settings)),
    ];
    for (place, allow) in settings.expired(now) {
        lines.push(("", format!("allow {} has ended, and hides nothing new: {}", place + 1, allow.reason)));
    }
    for topic in &settings.sns {
        lines.push(("sns", format!("{} ({}, from {})", topic.arn, topic.format.name(), topic.min_severity.name())));
    }
    if settings.sns.is_empty() {
        lines.push(("sns", "no topic".to_owned()));
    }
    lines.push(match metrics.enabled {
        true => ("metrics", format!("on, namespace {}, by {}", metrics.namespace, metrics.by.name())),
        false => ("metrics", "off".to_owned()),
    });
    lines.push(match &state.table {
        Some(table) => ("state", format!("table {table}, shared by all instances")),
        None => ("state", "in the memory of each instance".to_owned()),
    });
    lines.push(("budget", format!("{} alerts a day of what is compared with the usual", settings.budget.per_day)));
    lines.push(("limits", format!("{} MB inflated, {} entities of a family", limits.inflated_mb, limits.entities)));
    lines
}

/// Which profiles are on, and which off.
fn noise(settings: &Settings) -> String {
    let off: Vec<&str> = settings.noise.off.iter().copied().collect();
    let names = if off.is_empty() { String::new() } else { format!(" ({})", off.join(", ")) };
    let on = profiles().all.len() - off.len();
    format!("{on} profiles on, {} off{names}; version {}", off.len(), profiles().version)
}

fn deployers(settings: &Settings) -> String {
    match settings.deployers.as_slice() {
        [] => "none named".to_owned(),
        all => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// How many there are, which are off, and what becomes of the others.
fn of_rules(settings: &Settings) -> String {
    let all: Vec<_> = settings.rules.all().collect();
    let (own, built_in) = (settings.rules.own.len(), all.len() - settings.rules.own.len());
    let off: Vec<&str> = all.iter().map(|rule| rule.about.id).filter(|id| settings.off.contains(id)).collect();
    let names = if off.is_empty() { String::new() } else { format!(" ({})", off.join(", ")) };
    let mut line = format!("{built_in} built in, {own} of your own, {} off{names}", off.len());
    for (id, stage) in &settings.rules.stages {
        line.push_str(&format!("; {id}: {}", stage.name()));
    }
    line
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::rules::listed::PACK;
    use crate::settings::tests::catalog;

    fn check(toml: &str, wanted: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lapwing.toml");
        fs::write(&path, toml).unwrap();
        let mut out = Vec::new();
        let result = run(&Args { config: Some(path.clone()) }, &catalog(), &mut out);
        let text = match result {
            Ok(exit) => format!("{}exit {}", String::from_utf8(out).unwrap(), exit as u8),
            Err(error) => format!("{error}\nexit {}", error.tell(&mut Vec::new()) as u8),
        };
        let text = text.replace(&path.display().to_string(), "FILE");
        let text = text.replace(&format!("; version {}\n", profiles().version), "; version V\n");
        assert_eq!(text.replace(&format!("{} built in", PACK.len()), "N built in"), wanted);
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        check(
            "",
            "FILE: no mistakes
detectors   3 on, 0 off
rules       N built in, 0 of your own, 0 off
lateness    lambda 5 min, cloudtrail 15 min
accounts    0 named
owners      0 rules
overrides   0 rules
silence     0 watched
allow       0 rules
noise       7 profiles on, 0 off; version V
deployers   none named
sns         no topic
metrics     on, namespace Lapwing, by detector
state       in the memory of each instance
budget      5 alerts a day of what is compared with the usual
limits      256 MB inflated, 100000 entities of a family
exit 0",
        );
    }

    #[test]
    fn what_is_changed_is_said() {
        check(
            "[detectors.root-use]
enabled = false
[detectors.denied-burst]
count = 50
window = '10m'
max_severity = 'medium'
[[owner]]
function = 'pay-*'
team = 'team-pay'
[[sns]]
arn = 'arn:aws:sns:eu-west-1:111122223333:alerts'
format = 'chat'
[[allow]]
account = '111122223333'
until = '2020-01-01'
reason = 'then'
[[allow]]
account = '111122223333'
reason = 'now'
[metrics]
enabled = false
[state]
table = 'lapwing-state'",
            "FILE: no mistakes
detectors   2 on, 1 off (root-use)
  denied-burst: count 50 (default 10), at most medium
rules       N built in, 0 of your own, 0 off
lateness    lambda 5 min, cloudtrail 15 min
accounts    0 named
owners      1 rule
overrides   0 rules
silence     0 watched
allow       2 rules, 1 out of date
noise       7 profiles on, 0 off; version V
deployers   none named
            allow 1 has ended, and hides nothing new: then
sns         arn:aws:sns:eu-west-1:111122223333:alerts (chat, from low)
metrics     off
state       table lapwing-state, shared by all instances
budget      5 alerts a day of what is compared with the usual
limits      256 MB inflated, 100000 entities of a family
exit 0",
        );
    }

    #[test]
    fn all_mistakes_are_said() {
        check(
            "[detectors.root-us]\n[limits]\nentities = 'x'\nlots = 1\n",
            "lapwing: FILE:1: detectors.root-us: there is no such detector or key
hint: did you mean `root-use`?
lapwing: FILE:3: limits.entities: \"x\" is not a whole number from 100 to 10000000
hint: write the number without quotes
lapwing: FILE:4: limits.lots: there is no such key
hint: known here: inflated_mb, entities
exit 2",
        );
    }
}
