//! The judge of gauges: does what reports measure break the range that it has kept so far, and by enough to speak of?

use crate::cell::Cell;
use crate::detector::{Folding, Verdict};
use crate::entity::Family;
use crate::event::{Event, Line, What};
use crate::gauged::{span_of, time_of_day};
use crate::measure::Measure;
use crate::meter::{BLOCK, BLOCKS, Meter, Sketch, last_of};
use crate::observe::Observations;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::stats::gauge::{Feature, Gauge};
use crate::time::HOUR;
use crate::window::{Around, Window};

/// A first look knows the usual as it was some hours ago: it asks for this part of the rise only.
const GLANCE: f64 = 0.5;

/// When a gauge is far over its usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaugeSettings {
    /// Fewer readings than this in the span of the meter are never a finding.
    pub min_reports: u32,
    /// How many times the usual.
    pub ratio: f64,
    /// How far it must break its own range, 0 to 1.
    pub novelty: f64,
}

impl GaugeSettings {
    /// Walks through the fields.
    pub fn visit(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        let doc = "invocations that were measured below which it never speaks";
        visit.field(field("min_reports", doc, 3.0, 1e6), Value::Count(&mut self.min_reports));
        let doc = "how many times the usual is a finding";
        visit.field(field("ratio", doc, 1.0, 1e3), Value::Ratio(&mut self.ratio));
        let doc = "how far it must break its own range: 0.5 is a fifth of that range, 0.9 nearly twice";
        visit.field(field("novelty", doc, 0.0, 0.99), Value::Ratio(&mut self.novelty));
    }

    /// What is far over its usual in the readings that end with the window's minute.
    pub(crate) fn judge(&self, window: &Window<'_>, meter: Meter, least: f64) -> Option<Broken> {
        let sketch = window.sketch(meter, span_of(meter));
        let p95 = p95_of(&sketch, meter, self.min_reports)?;
        let day = time_of_day(window.minute);
        let ask = |gauge: &Gauge| (gauge.judge(p95, day), gauge.usual(day), gauge.is_flat());
        let (score, usual, flat) = window.ask_gauge(meter, ask)?;
        let far = p95 >= (self.ratio * usual).max(usual + least);
        let worst = score.worst.filter(|_| !flat);
        (far && (flat || score.score >= self.novelty)).then(|| Broken { reports: sketch.count(), p95, usual, worst })
    }

    /// The minutes of the hour in which a meter may be far over its usual, a bit for each.
    pub(crate) fn minutes(&self, around: Around<'_>, meter: Meter, least: f64) -> u64 {
        let stands = around.profile.and_then(|profile| profile.gauged()?.stands(meter));
        // What is usual is the same for the whole hour.
        let day = time_of_day(around.hour.first());
        // What was learnt after the hour, when it is judged again because something came late, says nothing about it.
        let stand = stands.map(|stands| stands.newest()).filter(|stand| stand.at <= around.hour);
        let usual = stand.map(|stand| stand.model.usual(day));
        let high = usual.map_or(least, |usual| usual + GLANCE * ((self.ratio - 1.0) * usual).max(least));
        minutes(around, (meter, high), |sketch| p95_of(sketch, meter, self.min_reports).is_some_and(|p95| p95 >= high))
    }
}

/// A gauge that is far over its usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken {
    pub(crate) reports: u64,
    /// What 95 % of the readings do not exceed.
    pub(crate) p95: f64,
    pub(crate) usual: f64,
    /// The feature that broke its range most, and by how many ranges; nothing where there was one value only.
    worst: Option<(Feature, f64)>,
}

impl Broken {
    /// `usual for 14:00 UTC: 1.1 s; it breaks the range of its value by 2.0 times that range; a gauge alone is low`
    pub(crate) fn why(&self, window: &Window<'_>, show: fn(f64) -> String) -> String {
        let broken = match self.worst {
            Some((feature, ranges)) => {
                format!("it breaks the range of {} by {ranges:.1} times that range", name_of(feature))
            }
            None => "it has not had another value".to_owned(),
        };
        let (p95, usual, when) = (show(self.p95), show(self.usual), window.minute.start().format("%H:%M UTC"));
        format!("95 % of {} up to {p95}, usual for {when}: {usual}; {broken}; a gauge alone is low", self.reports)
    }

    /// The verdict on it, where one reading is one of `unit`.
    pub(crate) fn verdict(&self, window: &Window<'_>, meter: Meter, said: Saying) -> Verdict {
        Verdict {
            expected: Some(self.usual),
            why: self.why(window, said.show),
            ..verdict(window, (self.p95, span_of(meter)), said.unit, said.headline)
        }
    }
}

/// How a gauge is spoken of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saying {
    pub(crate) unit: &'static str,
    pub(crate) headline: &'static str,
    pub(crate) show: fn(f64) -> String,
}

/// A low verdict on what was read in a span.
pub(crate) fn verdict(
    window: &Window<'_>,
    (seen, span): (f64, Minutes),
    unit: &'static str,
    headline: impl Into<String>,
) -> Verdict {
    Verdict {
        severity: Severity::Low,
        seen: seen.round() as u64,
        at_least: false,
        expected: None,
        threshold: None,
        surprise: None,
        window: span,
        folding: Folding::Largest,
        unit: unit.into(),
        headline: headline.into(),
        why: String::new(),
        examples: window.examples(Measure::Invocations, span).cloned().collect(),
    }
}

/// Keeps what the report of an invocation measured.
pub(crate) fn observe<'e>(event: &Event<'e>, seen: &mut Observations<'e>) {
    let What::Log(log) = event.what else { return };
    let Line::Report(report) = log.line else { return };
    seen.read(&report, log.failure.map(|failure| failure.kind));
    if report.init_ms.is_some() {
        seen.count(Family::Function, Measure::ColdStarts);
    }
}

/// The last minutes of the hour's blocks with readings of a meter of which `may` something be said, a bit for each: it is
/// asked about the readings of the meter's span, if any of the hours is `high` at all.
pub(crate) fn minutes(around: Around<'_>, (meter, high): (Meter, f64), may: impl Fn(&Sketch) -> bool) -> u64 {
    let least = if high > 0.0 { meter.step(high) } else { 0 };
    let is_high = |cell: &Cell| cell.readings(meter, 0, BLOCKS - 1).any(|reading| reading.step >= least);
    if !is_high(around.here) && !around.before.is_some_and(is_high) {
        return 0;
    }
    let blocks = around.here.blocks(meter);
    let bits = (0..BLOCKS).filter(|block| blocks >> block & 1 == 1).map(last_of);
    bits.filter(|last| may(&sketch(around, meter, *last))).fold(0, |bits, last| bits | 1 << last)
}

/// The readings of a meter's span that ends with a minute of the hour, the last of a block.
fn sketch(around: Around<'_>, meter: Meter, last: u8) -> Sketch {
    let end = (i32::from(last) + 1) / BLOCK;
    let begin = end - span_of(meter).0 as i32 / BLOCK;
    let of = |cell: &Cell, from: i32, to: i32| -> Vec<(u16, u64)> {
        cell.readings(meter, from as u8, to as u8).map(|reading| (reading.step, reading.all())).collect()
    };
    let blocks = HOUR / BLOCK;
    let earlier = around.before.filter(|_| begin < 0).map(|cell| of(cell, blocks + begin, blocks - 1));
    earlier.into_iter().flatten().chain(of(around.here, begin.max(0), end - 1)).collect()
}

fn p95_of(sketch: &Sketch, meter: Meter, least: u32) -> Option<f64> {
    sketch.p95().filter(|_| sketch.count() >= u64::from(least)).map(|step| meter.value(step))
}

fn name_of(feature: Feature) -> &'static str {
    match feature {
        Feature::Value => "its value",
        Feature::Seasonal => "its value at that time of day",
        Feature::Drift => "its mean over 48 readings",
        Feature::LongDrift => "its mean over 144 readings",
        Feature::Trend => "its trend",
        Feature::Order | Feature::Rhythm => "its order",
        Feature::Restless => "its changes",
    }
}

/// `420 ms`, `8.2 s`, `12 min`.
pub(crate) fn time(ms: f64) -> String {
    match ms {
        ..1_000.0 => format!("{ms:.0} ms"),
        ..120_000.0 => format!("{:.1} s", ms / 1_000.0),
        _ => format!("{:.0} min", ms / 60_000.0),
    }
}

/// `97 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{share:.0} %")
}
