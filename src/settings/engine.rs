//! From settings to the detectors that are on.

use lapwing_detectors::catalog::silence::{self, Silence};
use lapwing_detectors::catalog::{CATALOG, Make};
use lapwing_detectors::detector::{Detector, Engine, Variant, Watch};
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;

use super::deployers::misused;
use super::{Override, Settings, Tuning};
use crate::rules::listed::Listed;

/// The detector whose condition is about other sections than its own.
const MISUSED: &str = "deployer-misused";

impl Settings {
    /// The detectors and rules that are on, as these settings want them.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine_from(Stage::Observe)
    }

    /// The same without what is below a stage.
    #[must_use]
    pub fn engine_from(&self, least: Stage) -> Engine {
        let watches = self.watches().into_iter().filter(|watch| watch.stage >= least);
        let mut engine = Engine::new(watches.collect(), self.lateness);
        engine.budget = self.budget;
        engine.gauge = self.gauges;
        engine
    }

    fn watches(&self) -> Vec<Watch> {
        let on = CATALOG.iter().filter(|make| !self.off.contains(make().about().id));
        let rules = self.rules.all().filter(|rule| !self.off.contains(rule.about.id));
        on.map(|make| self.watch(&|| self.made(*make))).chain(rules.map(|rule| self.watch_rule(rule))).collect()
    }

    /// A rule has no settings of its own but how grave its alerts may be, and what becomes of them.
    fn watch_rule(&self, rule: &'static Listed) -> Watch {
        let id = rule.about.id;
        let cap = self.detectors.get(id).and_then(|base| base.max_severity).unwrap_or(Severity::Critical);
        let variant = |over: &Override| {
            let cap = over.detectors.get(id)?.max_severity.unwrap_or(cap);
            let who = over.who.clone();
            Some(Variant { applies: Box::new(move |subject| who.matches(subject)), detector: None, cap })
        };
        let variants = self.overrides.iter().filter_map(variant).collect();
        Watch { detector: rule.detector(), cap, stage: self.rules.stage(rule), variants }
    }

    /// A detector as it is before anything is tuned. What is to be watched for silence belongs to it.
    fn made(&self, make: Make) -> Box<dyn Detector> {
        let detector = make();
        match detector.about().id {
            silence::ID => Box::new(Silence { watched: self.silences.clone(), ..Silence::default() }),
            _ => detector,
        }
    }

    fn watch(&self, make: &dyn Fn() -> Box<dyn Detector>) -> Watch {
        let id = make().about().id;
        let base = self.detectors.get(id).cloned().unwrap_or_default();
        let cap = base.max_severity.unwrap_or(Severity::Critical);
        let variant = |rule: &Override| {
            let tuning = rule.detectors.get(id)?;
            let who = rule.who.clone();
            Some(Variant {
                applies: Box::new(move |subject| who.matches(subject)),
                detector: (id != MISUSED).then(|| tuned(make, &[&base, tuning])),
                cap: tuning.max_severity.unwrap_or(cap),
            })
        };
        let variants = self.overrides.iter().filter_map(variant).collect();
        let detector: Box<dyn Detector> = match id {
            MISUSED => Box::new(misused(&self.deployers)),
            _ => tuned(make, &[&base]),
        };
        let stage = detector.stage();
        Watch { detector, cap, stage, variants }
    }
}

/// A detector with these changes, of which a later one goes before an earlier one.
fn tuned(make: &dyn Fn() -> Box<dyn Detector>, tunings: &[&Tuning]) -> Box<dyn Detector> {
    let mut detector = make();
    for tuning in tunings {
        detector.settings(&mut tuning.apply());
    }
    detector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::catalog::{Catalog, Entry};
    use crate::settings::tests::subject;

    /// For a subject, `FIELD = VALUE` of each named detector's first field, and its cap.
    fn check(settings: &Settings, (account, principal): (&str, &str), wanted: &[(&str, &str, Severity)]) {
        let subject = subject(account, principal, "");
        let mut watches = settings.watches();
        for (id, first, cap) in wanted {
            let watch = watches.iter_mut().find(|watch| watch.detector.about().id == *id).unwrap();
            assert_eq!(watch.of(&subject).1, *cap, "{id} of {account} {principal}");
            let variant = watch.variants.iter_mut().find(|variant| (variant.applies)(&subject));
            let detector = variant.and_then(|variant| variant.detector.as_mut()).unwrap_or(&mut watch.detector);
            let entry = Entry::new(detector.about(), |visit| detector.settings(visit));
            let shown = entry.fields.first().map(|(field, value)| format!("{} = {value}", field.name));
            assert_eq!(shown.unwrap_or_default(), *first, "{id} of {account} {principal}");
        }
    }

    #[test]
    fn overrides_lie_over_detectors() {
        let file = "[detectors.denied-burst]
            count = 20
            max_severity = 'high'
            [[override]]
            account = '111122223333'
            principal = 'role/etl-*'
            denied-burst = { count = 50 }
            [[override]]
            account = '111122223333'
            max_severity = 'low'
            denied-burst = { max_severity = 'medium' }";
        let settings = Settings::read("x", file, &Catalog::built_in()).unwrap();
        for (who, wanted) in [
            (("111122223333", "role/etl-nightly"), [("count = 50", Severity::High), ("", Severity::Low)]),
            (("111122223333", "user/ann"), [("count = 20", Severity::Medium), ("", Severity::Low)]),
            (("444455556666", "user/ann"), [("count = 20", Severity::High), ("", Severity::Critical)]),
        ] {
            let [burst, root] = wanted;
            let never_muted = ("trail-tampering", "", Severity::Critical);
            check(&settings, who, &[("denied-burst", burst.0, burst.1), ("root-use", root.0, root.1), never_muted]);
        }
    }

    #[test]
    fn what_is_off_is_not_there() {
        let all: Vec<_> = Settings::default().engine().detectors().map(|about| about.id).collect();
        assert_eq!(all, Catalog::built_in().ids());
        let file = "[detectors.root-use]\nenabled = false\n[lateness]\nlambda = '1h'";
        let settings = Settings::read("x", file, &Catalog::built_in()).unwrap();
        let engine = settings.engine();
        let on: Vec<_> = engine.detectors().map(|about| about.id).collect();
        assert_eq!(on, all.into_iter().filter(|id| *id != "root-use").collect::<Vec<_>>());
        assert_eq!(engine.lateness, settings.lateness);
    }
}
