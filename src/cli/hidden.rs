//! What a replay found and did not say: how much, why, and, where it is asked for, each of it.

use lapwing_detectors::alert::Alert;

use crate::noise::{Count, Reason, profiles};
use crate::replay::Replay;
use crate::report::clean::clean;
use crate::settings::Settings;

/// The longest name or reason that is shown, in characters.
const LIMIT: usize = 80;

/// The lines of the summary under its own: a line for each reason, those that hid most first.
pub(super) fn reasons(replay: &Replay, settings: &Settings) -> Vec<(String, u64, String)> {
    let mut all: Vec<_> = replay.hidden().0.iter().collect();
    all.sort_by(|a, b| b.1.findings.cmp(&a.1.findings).then_with(|| a.0.cmp(b.0)));
    let line = |(reason, count): (&Reason, &Count)| {
        let what = format!("{}; they had seen {}", why(*reason, settings), count.seen);
        (reason.to_string(), count.findings, what)
    };
    all.into_iter().map(line).collect()
}

/// Every hidden alert, a line each.
pub(super) fn alerts(replay: &Replay) -> Vec<String> {
    let line = |(reason, alert): (Reason, Alert)| {
        let (at, findings) = (alert.window.start.format("%Y-%m-%d %H:%M"), alert.folded);
        let plural = if findings == 1 { "" } else { "s" };
        format!(
            "  {at}  {}  {}  {}: {}  ({findings} finding{plural}; {reason})",
            alert.severity.name(),
            alert.detector,
            clean(alert.subject.name(), LIMIT),
            clean(&alert.headline, 2 * LIMIT),
        )
    };
    replay.hidden_alerts().into_iter().map(line).collect()
}

fn why(reason: Reason, settings: &Settings) -> String {
    match reason {
        Reason::Profile(name) => {
            let profile = profiles().all.iter().find(|profile| profile.name() == name);
            profile.map(|profile| profile.title.clone()).unwrap_or_default()
        }
        Reason::Deployer(place) => {
            let role = settings.deployers.get(place).map(ToString::to_string).unwrap_or_default();
            format!("changes of {}", clean(&role, LIMIT))
        }
        Reason::Allow(place) => {
            let text = settings.allow.get(place).map(|allow| allow.reason.as_str()).unwrap_or_default();
            clean(text, LIMIT).into_owned()
        }
        Reason::Graver => "another alert about the same events is as grave, and names them".to_owned(),
    }
}
