//! What is said of a rule where it is listed: all that is known of it without its conditions. The build script writes
//! the cards of the built-in rules into the program.

use lapwing_detectors::event::Source;
use lapwing_detectors::rule::Need;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;
use rsigma_parser::{Level, LogSource, SigmaRule};

use super::keys::{Pair, keys};
use super::needs::needs;
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
}

impl Card {
    /// The card of a rule; nothing of one about logs that are not read here.
    pub(crate) fn of(slug: &str, rule: &SigmaRule, section: Option<&Section>) -> Option<Card> {
        let what = rule.description.as_deref().unwrap_or(&rule.title);
        let said = |said: fn(&Section) -> &str, without: &str| section.map_or(without, said).trim().to_owned();
        let source = source_of(&rule.logsource)?;
        Some(Card {
            slug: slug.to_owned(),
            id: rule.id.clone().unwrap_or_default(),
            title: rule.title.clone(),
            what: what.trim().to_owned(),
            why: said(|s| &s.why, what),
            innocent: said(|s| &s.innocent, rule.falsepositives.first().map_or("", String::as_str)),
            attack: techniques(&rule.tags),
            next: section.map(steps).unwrap_or_default(),
            source,
            severity: severity_of(rule.level),
            stage: section.map_or(Stage::Alert, |section| section.stage),
            keys: if source == Source::CloudTrail { keys(rule) } else { Vec::new() },
            needs: if source == Source::CloudTrail { needs(rule) } else { Vec::new() },
        })
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
