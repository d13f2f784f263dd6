//! What is said of a rule where it is listed: all that is known of it without its conditions. The build script writes
//! the cards of the built-in rules into the program.

use lapwing_detectors::correlation::Plan;
use lapwing_detectors::detector::Nature;
use lapwing_detectors::entity::Family;
use lapwing_detectors::event::Source;
use lapwing_detectors::rule::Need;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use rsigma_parser::{CorrelationRule, Level, LogSource, SigmaRule};

use super::keys::{Pair, keys};
use super::needs::needs;
use super::plan::Planned;
use super::section::Section;

/// What is said of a rule.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) slug: String,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) innocent: String,
    pub(crate) attack: Vec<String>,
    pub(crate) next: Vec<String>,
    pub(crate) source: Source,
    pub(crate) severity: Severity,
    pub(crate) stage: Stage,
    pub(crate) keys: Vec<Pair>,
    pub(crate) needs: Vec<Need>,
    pub(crate) family: Family,
    /// Of a correlation.
    pub(crate) plan: Option<Plan>,
}

/// What rules and correlations say of themselves in the same way.
struct Said<'s> {
    id: &'s Option<String>,
    title: &'s str,
    description: &'s Option<String>,
    falsepositives: &'s [String],
    tags: &'s [String],
    level: Option<Level>,
}

impl Card {
    /// What its findings come to: of what waits for the digest of the day, all of that day is one alert.
    pub(crate) fn nature(&self) -> Nature {
        let daily = self.stage != Stage::Alert && self.plan.is_none();
        if daily { Nature::Fault } else { Nature::Deed }
    }

    /// The card of a rule; nothing of one about logs that are not read here.
    pub(crate) fn of(slug: &str, rule: &SigmaRule, section: Option<&Section>) -> Option<Card> {
        let SigmaRule { id, title, description, falsepositives, tags, level, .. } = rule;
        let source = source_of(&rule.logsource)?;
        let said = Said { id, title, description, falsepositives, tags, level: *level };
        let calls = source == Source::CloudTrail;
        Some(Card {
            keys: if calls { keys(rule) } else { Vec::new() },
            needs: if calls { needs(rule) } else { Vec::new() },
            // Whose deeds they are: the principal's, and of a log line the function's.
            family: if calls { Family::Principal } else { Family::Function },
            ..Card::say(slug, &said, (section, source))
        })
    }

    /// The card of a correlation of these rules.
    pub(crate) fn of_correlation(
        slug: &str,
        written: &CorrelationRule,
        (rules, planned): (&[SigmaRule], &Planned),
        section: Option<&Section>,
    ) -> Option<Card> {
        let CorrelationRule { id, title, description, falsepositives, tags, level, .. } = written;
        let source = source_of(&rules.first()?.logsource)?;
        let said = Said { id, title, description, falsepositives, tags, level: *level };
        let each: Vec<Vec<Pair>> = rules.iter().map(keys).collect();
        let open = source == Source::Lambda || each.iter().any(Vec::is_empty);
        let mut keys = if open { Vec::new() } else { each.concat() };
        keys.sort();
        keys.dedup();
        let shared = |all: Vec<Need>, one: Vec<Need>| all.into_iter().filter(|need| one.contains(need)).collect();
        let needs = if source == Source::Lambda { None } else { rules.iter().map(needs).reduce(shared) };
        let (needs, family, plan) = (needs.unwrap_or_default(), planned.family, Some(planned.plan));
        Some(Card { keys, needs, family, plan, ..Card::say(slug, &said, (section, source)) })
    }

    fn say(slug: &str, rule: &Said<'_>, (section, source): (Option<&Section>, Source)) -> Card {
        let what = rule.description.as_deref().unwrap_or(rule.title);
        let said = |said: fn(&Section) -> &str, without: &str| section.map_or(without, said).trim().to_owned();
        Card {
            slug: slug.to_owned(),
            id: rule.id.clone().unwrap_or_default(),
            title: rule.title.to_owned(),
            what: what.trim().to_owned(),
            why: said(|s| &s.why, what),
            innocent: said(|s| &s.innocent, rule.falsepositives.first().map_or("", String::as_str)),
            attack: techniques(rule.tags),
            next: section.map(steps).unwrap_or_default(),
            source,
            severity: severity_of(rule.level),
            stage: section.map_or(Stage::Alert, |section| section.stage),
            keys: Vec::new(),
            needs: Vec::new(),
            family: Family::Principal,
            plan: None,
        }
    }
}

/// The log that a rule is about, where it is one that is read here.
pub(crate) fn source_of(source: &LogSource) -> Option<Source> {
    match (source.product.as_deref(), source.service.as_deref()) {
        (Some("aws"), Some("cloudtrail")) => Some(Source::CloudTrail),
        (Some("aws"), Some("lambda")) => Some(Source::Lambda),
        _ => None,
    }
}

/// The techniques among the tags: `attack.t1098.001` is T1098.001.
pub(crate) fn techniques(tags: &[String]) -> Vec<String> {
    let ids = tags.iter().filter_map(|tag| tag.to_lowercase().strip_prefix("attack.t").map(|id| format!("T{id}")));
    ids.filter(|id| id[1..].starts_with(|digit: char| digit.is_ascii_digit())).collect()
}

/// The first five minutes, as an alert lists them.
fn steps(section: &Section) -> Vec<String> {
    let next = &section.next;
    let step = |lead: &str, text: &str| format!("{lead}{}", text.trim());
    [("", &next.decide), ("look: ", &next.query), ("ask: ", &next.ask), ("contain: ", &next.contain)]
        .into_iter()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(lead, text)| step(lead, text))
        .collect()
}

fn severity_of(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Informational) => Severity::Info,
        Some(Level::Low) => Severity::Low,
        Some(Level::Medium) | None => Severity::Medium,
        Some(Level::High) => Severity::High,
        Some(Level::Critical) => Severity::Critical,
    }
}
