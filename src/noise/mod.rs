//! Noise: findings that say nothing to anybody. What becomes of each finding, and a count of all that is not said:
//! nothing is hidden in silence.
//!
//! It is decided where findings are judged, from the principal, once, and from the callers of each finding's events.
//! State knows nothing of it, so a changed setting holds for the past as well.

mod doubles;
mod profiles;
mod tally;
mod weight;

use lapwing_detectors::alert::{Caller, Subject};
use lapwing_detectors::detector::Folding;
use lapwing_detectors::judge::{Finding, Judged, Known};
use lapwing_detectors::profile::Profile as Usual;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use lapwing_detectors::time::{Hour, Minute};

pub use self::profiles::{Kind, Profile, Profiles, Reach, Reading, profiles};
pub use self::tally::{Count, Reason, Tally};
use crate::settings::{Case, From, Settings};

/// Nothing graver is ever hidden, whatever a profile says.
const MOST_HIDDEN: Severity = Severity::Medium;
/// So many hours ago at least somebody did what is a habit: on another day, be it earlier in that.
const BEFORE: i32 = 20;

/// What became of the findings about one entity.
#[derive(Debug, Default)]
struct Settled {
    /// What is left to be said.
    said: Vec<Finding>,
    /// What is not, and why.
    hidden: Vec<(Reason, Finding)>,
}

/// What becomes of a finding.
enum Fate {
    Said,
    Lowered(Reason),
    Hidden(Reason),
}

/// Decides what becomes of what was found about an entity; returns what is not said, and why.
#[must_use]
pub fn settle(settings: &Settings, known: &Known, judged: &mut Judged) -> Vec<(Reason, Finding)> {
    if judged.findings.is_empty() {
        return Vec::new();
    }
    let about = About::of(settings, known);
    let mut settled = Settled::default();
    for mut finding in std::mem::take(&mut judged.findings) {
        match about.fate(&finding) {
            Fate::Hidden(reason) => settled.hidden.push((reason, finding)),
            Fate::Lowered(reason) => {
                lower(&mut finding, reason);
                settled.said.push(finding);
            }
            Fate::Said => {
                about.weigh(&mut finding);
                settled.said.push(finding);
            }
        }
    }
    doubles::fold(&mut settled);
    judged.findings = settled.said;
    settled.hidden
}

/// What the finding says becomes low, not only its alert: in an alert with graver minutes those stand.
fn lower(finding: &mut Finding, reason: Reason) {
    let was = finding.verdict.severity.name();
    finding.verdict.severity = Severity::Low;
    finding.verdict.why.push_str(&format!("; {was} without {reason}"));
    if matches!(reason, Reason::Profile(_)) {
        finding.stage = finding.stage.min(Stage::Digest);
    }
}

/// Whom findings are about: what may hide them is looked up once.
struct About<'a> {
    settings: &'a Settings,
    known: &'a Known,
    subject: Subject,
    deployers: Vec<usize>,
}

impl<'a> About<'a> {
    fn of(settings: &'a Settings, known: &'a Known) -> About<'a> {
        let (entity, mut deployers) = (&known.entity, Vec::new());
        if let Some(principal) = entity.principal() {
            let all = settings.deployers.iter().enumerate();
            let theirs = all.filter(|(_, deployer)| deployer.is(entity.account(), principal));
            deployers.extend(theirs.map(|(place, _)| place));
        }
        About { settings, known, subject: entity.subject(), deployers }
    }

    fn fate(&self, finding: &Finding) -> Fate {
        if finding.about.never_muted {
            return Fate::Said;
        }
        if let Some(place) = self.allowed(finding) {
            return Fate::Hidden(Reason::Allow(place));
        }
        let Some(kind) = profiles().kind_of(finding.about.id) else { return Fate::Said };
        let (severity, callers) = (finding.verdict.severity, Callers(finding));
        // A deed is only known where all of its events are.
        let whole = !(finding.verdict.at_least && finding.verdict.folding == Folding::Sum);
        let agrees = |place: &&usize| {
            let deployer = &self.settings.deployers[**place];
            whole && callers.all(|caller| deployer.agrees(&From::of(caller)))
        };
        if let Some(place) = self.deployers.iter().find(agrees) {
            let reason = Reason::Deployer(*place);
            match kind {
                Kind::Changes if severity <= MOST_HIDDEN => return Fate::Hidden(reason),
                Kind::Changes | Kind::Grave if severity > Severity::Low => return Fate::Lowered(reason),
                Kind::Changes | Kind::Grave => return Fate::Said,
                _ => {}
            }
        }
        self.by_profile(finding, kind, whole)
    }

    fn by_profile(&self, finding: &Finding, kind: Kind, whole: bool) -> Fate {
        let severity = finding.verdict.severity;
        let Some(name) = self.known.entity.principal() else { return Fate::Said };
        for profile in &profiles().all {
            let (hides, lowers) = (profile.hides(kind, severity), profile.lowers(kind, severity));
            let theirs = || profile.fitting(name).any(|who| who.agrees(finding, whole));
            let on = (hides || lowers) && self.settings.noise.is_on(profile.name());
            let unlike = profile.reads && !self.only_reads(finding.minute) || profile.habits && !self.is_habit(finding);
            if !on || !theirs() || unlike {
                continue;
            }
            let reason = Reason::Profile(profile.name());
            return if hides && severity <= MOST_HIDDEN { Fate::Hidden(reason) } else { Fate::Lowered(reason) };
        }
        Fate::Said
    }

    /// Did the principal do all of it on the day before, or earlier, as well? What is done for the first time, and again
    /// the same evening, is no habit.
    fn is_habit(&self, finding: &Finding) -> bool {
        let Some(familiar) = self.known.profile.as_deref().and_then(Usual::familiar) else { return false };
        let before = Hour(finding.minute.hour().0 - BEFORE);
        let examples = &finding.verdict.examples;
        !examples.is_empty() && examples.iter().all(|example| familiar.did(example, before))
    }

    /// What is grave weighs more where its account is a live one, and less where things are tried out.
    fn weigh(&self, finding: &mut Finding) {
        if finding.about.never_muted || profiles().kind_of(finding.about.id) != Some(Kind::Grave) {
            return;
        }
        let Some(account) = self.settings.accounts.get(self.subject.account.as_str()) else { return };
        let was = finding.verdict.severity;
        if let Some(severity) = weight::weighed(&account.env, was) {
            finding.verdict.severity = severity;
            finding.verdict.why.push_str(&format!("; {} in other accounts than {}", was.name(), account.env));
        }
    }

    /// The entry of the allow-list that hides a finding.
    fn allowed(&self, finding: &Finding) -> Option<usize> {
        if self.settings.allow.is_empty() {
            return None;
        }
        let callers = finding.verdict.examples.iter().map(|example| example.caller.address.as_ref());
        let mut addresses: Vec<&str> = callers.filter(|address: &&str| !address.is_empty()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let case = Case { subject: &self.subject, addresses: &addresses, at: finding.minute.start() };
        self.settings.hidden_by(finding.about.id, &case)
    }

    /// Did the principal only read in the hour of that minute and the one before, as far as its cells tell?
    fn only_reads(&self, minute: Minute) -> bool {
        let hour = minute.hour();
        let cells = self.known.cells.iter().filter(|(at, _)| *at == hour || *at == hour.before());
        let mut called = cells.flat_map(|(_, cell)| cell.contributors());
        called.all(|part| profiles().reading.is_read(&part.name))
    }
}

/// Those who made the events that a finding rests on.
struct Callers<'f>(&'f Finding);

impl Callers<'_> {
    /// Is there somebody, and does it hold for everybody? One stranger among friends is what an alert is for.
    fn all(&self, holds: impl Fn(&Caller) -> bool) -> bool {
        let examples = &self.0.verdict.examples;
        !examples.is_empty() && examples.iter().all(|example| holds(&example.caller))
    }
}

#[cfg(test)]
mod tests;
