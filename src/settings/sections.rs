//! The sections of the settings file, and reading it as a whole.

use lapwing_detectors::day::Budget;
use lapwing_detectors::profile::Lateness;
use lapwing_detectors::settings::Minutes;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stats::gauge::GaugeModel;

use super::Settings;
use super::catalog::Catalog;
use super::deployers::Deployer;
use super::mistake::{Mistakes, Wrong};
use super::silence;
use super::toml::{Document, Found, Section};
use super::tuning::{Tuning, detector_table, refuse_muting, without_quotes};
use super::values::{Named, account, minutes, named, namespace, table, text, topic, written};
use super::who::{Allow, Override, OwnerRule};

/// The longest lateness; a cell lives 7 days, and most of that must be left for late data.
const MAX_LATENESS: Minutes = Minutes(24 * 60);

/// A duration that a lateness may be.
pub(super) fn lateness(text: &str) -> Result<Minutes, Wrong> {
    match minutes(text)? {
        minutes if (Minutes(1)..=MAX_LATENESS).contains(&minutes) => Ok(minutes),
        _ => Err(Wrong::new(format!("a duration from \"1m\" to \"{}\"", written(MAX_LATENESS)))),
    }
}

fn read_lateness(section: &Section<'_>, into: &mut Lateness) {
    into.lambda = section.read("lambda", lateness).unwrap_or(into.lambda);
    into.cloudtrail = section.read("cloudtrail", lateness).unwrap_or(into.cloudtrail);
    section.finish();
}

impl Named for GaugeModel {
    const NAMES: &'static [(&'static str, GaugeModel)] = &[("core3", GaugeModel::Core3), ("full8", GaugeModel::Full8)];
    const WHAT: &'static str = "a model of gauges";
}

fn read_gauges(section: &Section<'_>, into: &mut GaugeModel) {
    *into = section.read("model", named).unwrap_or(*into);
    section.finish();
}

/// What an account is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its name for people; may be empty.
    pub name: String,
    /// `prod`, `staging`, …; may be empty.
    pub env: String,
}

/// How an alert is written for a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For mail.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For Amazon Q Developer in chat applications.
    Chat,
}

impl Format {
    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Chat => "chat",
        }
    }
}

impl Named for Format {
    const NAMES: &'static [(&'static str, Format)] =
        &[("text", Format::Text), ("json", Format::Json), ("chat", Format::Chat)];
    const WHAT: &'static str = "a format";
}

/// An SNS topic that alerts are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// How an alert is written for it.
    pub format: Format,
    /// The least severity that is sent; low unless set.
    pub min_severity: Severity,
}

impl Topic {
    /// A topic of which only the address is known.
    #[must_use]
    pub fn new(arn: String) -> Topic {
        Topic { arn, format: Format::default(), min_severity: Severity::Low }
    }

    fn read(section: &Section<'_>, earlier: &[Topic]) -> Option<Topic> {
        let arn = section.demand("arn", topic);
        let format = section.read("format", named).unwrap_or_default();
        let min_severity = section.read("min_severity", named).unwrap_or(Severity::Low);
        if let Some(arn) = arn.as_ref().filter(|arn| earlier.iter().any(|t| t.arn == **arn)) {
            section.refuse(format!("{arn} is there twice"), Some("a topic has one format"));
        }
        section.finish();
        arn.map(|arn| Topic { arn, format, min_severity })
    }
}

/// What findings are counted by. Never by both: each pair would be a metric of its own, and is billed as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsBy {
    /// One metric for each detector.
    #[default]
    Detector,
    /// One metric for each severity.
    Severity,
}

impl MetricsBy {
    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MetricsBy::Detector => "detector",
            MetricsBy::Severity => "severity",
        }
    }
}

impl Named for MetricsBy {
    const NAMES: &'static [(&'static str, MetricsBy)] =
        &[("detector", MetricsBy::Detector), ("severity", MetricsBy::Severity)];
    const WHAT: &'static str = "what findings can be counted by";
}

/// What is counted in CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Is anything counted? On unless set.
    pub enabled: bool,
    /// The namespace; `Lapwing` unless set.
    pub namespace: String,
    /// What findings are counted by.
    pub by: MetricsBy,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics { enabled: true, namespace: "Lapwing".to_owned(), by: MetricsBy::default() }
    }
}

impl Metrics {
    fn read(&mut self, section: &Section<'_>) {
        self.enabled = section.flag("enabled").unwrap_or(self.enabled);
        self.by = section.read("by", named).unwrap_or(self.by);
        if let Some(namespace) = section.read("namespace", namespace) {
            self.namespace = namespace;
        }
        section.finish();
    }
}

/// Where the Lambda function keeps what it knows. A replay always keeps it in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The DynamoDB table that all instances share, in the function's own account and Region. Without one each instance
    /// keeps what it learnt in its own memory.
    pub table: Option<String>,
}

impl State {
    fn read(&mut self, section: &Section<'_>) {
        self.table = section.read("table", table);
        section.finish();
    }
}

/// Bounds on what is read and kept: what lies beyond is counted and named, never lost in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most megabytes that one file or payload may inflate to; 256 unless set.
    pub inflated_mb: u32,
    /// The most entities of one family that state is kept about; 100,000 unless set.
    pub entities: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { inflated_mb: 256, entities: 100_000 }
    }
}

impl Limits {
    /// The smallest and largest value of each.
    pub const INFLATED_MB: (u32, u32) = (1, 4096);
    /// As [`Limits::INFLATED_MB`].
    pub const ENTITIES: (u32, u32) = (100, 10_000_000);

    fn read(&mut self, section: &Section<'_>) {
        self.inflated_mb = read_limit(section, "inflated_mb", Limits::INFLATED_MB).unwrap_or(self.inflated_mb);
        self.entities = read_limit(section, "entities", Limits::ENTITIES).unwrap_or(self.entities);
        section.finish();
    }
}

/// The most alerts a day: more is no budget.
const MOST_ALERTS: u32 = 1_000;

fn read_budget(section: &Section<'_>, into: &mut Budget) {
    into.per_day = read_limit(section, "alerts_per_day", (0, MOST_ALERTS)).unwrap_or(into.per_day);
    section.finish();
}

fn read_limit(section: &Section<'_>, key: &'static str, (min, max): (u32, u32)) -> Option<u32> {
    let found = section.find(key)?;
    match found.whole() {
        Some(n) if (min..=max).contains(&n) => Some(n),
        _ => found.wrong(without_quotes(&found, Wrong::new(format!("a whole number from {min} to {max}")))),
    }
}

impl Settings {
    /// Reads the text of a settings file, which messages call `place`.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn read(place: &str, text: &str, catalog: &Catalog) -> Result<Settings, Mistakes> {
        let document = Document::new(text);
        let table = document.parse();
        let settings = Settings::read_root(&Section::root(&document, &table), catalog);
        drop(table);
        document.finish(place)?;
        Ok(settings)
    }

    fn read_root(root: &Section<'_>, catalog: &Catalog) -> Settings {
        let mut settings = Settings::default();
        if let Some(section) = root.section("detectors") {
            for found in section.others() {
                settings.read_detector(&found, catalog);
            }
        }
        if let Some(section) = root.section("rules") {
            settings.rules.read(&section, catalog, &mut settings.off);
        }
        settings.rules.own = catalog.own_rules();
        if let Some(section) = root.section("lateness") {
            read_lateness(&section, &mut settings.lateness);
        }
        if let Some(section) = root.section("gauges") {
            read_gauges(&section, &mut settings.gauges);
        }
        if let Some(section) = root.section("accounts") {
            settings.read_accounts(&section);
        }
        for section in root.sections("owner") {
            let rule = OwnerRule::read(&section, &settings.owners);
            settings.owners.extend(rule);
        }
        for section in root.sections("override") {
            let rule = Override::read(&section, catalog, &settings.overrides);
            settings.overrides.extend(rule);
        }
        for section in root.sections("allow") {
            let allow = Allow::read(&section, catalog, &settings.allow);
            settings.allow.extend(allow);
        }
        if let Some(section) = root.section("noise") {
            settings.noise.read(&section);
        }
        for section in root.sections("deployer") {
            let deployer = Deployer::read(&section, &settings.deployers);
            settings.deployers.extend(deployer);
        }
        for section in root.sections("silence") {
            let watched = silence::read(&section, &settings.silences);
            settings.silences.extend(watched);
        }
        for section in root.sections("sns") {
            let topic = Topic::read(&section, &settings.sns);
            settings.sns.extend(topic);
        }
        if let Some(section) = root.section("metrics") {
            settings.metrics.read(&section);
        }
        if let Some(section) = root.section("state") {
            settings.state.read(&section);
        }
        if let Some(section) = root.section("budget") {
            read_budget(&section, &mut settings.budget);
        }
        if let Some(section) = root.section("limits") {
            settings.limits.read(&section);
        }
        root.finish();
        settings
    }

    fn read_detector(&mut self, found: &Found<'_>, catalog: &Catalog) {
        let Some((entry, section)) = detector_table(found, catalog, &catalog.ids()) else { return };
        let id = entry.about.id;
        let enabled =
            if entry.about.never_muted { refuse_muting(&section, "enabled") } else { section.flag("enabled") };
        if enabled == Some(false) {
            self.off.insert(id);
        }
        self.detectors.insert(id, Tuning::read(&section, entry));
    }

    fn read_accounts(&mut self, section: &Section<'_>) {
        for found in section.others() {
            if account(&found.key).is_err() {
                found.refuse("the key is not an account id of 12 digits".to_owned(), None);
            }
            let Some(section) = found.section() else { continue };
            let name = section.read("name", text).unwrap_or_default();
            let env = section.read("env", text).unwrap_or_default();
            section.finish();
            self.accounts.insert(found.key.clone(), Account { name, env });
        }
    }
}
