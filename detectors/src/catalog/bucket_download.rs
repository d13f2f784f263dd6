//! Far more is downloaded from a bucket than usual.

use std::sync::Arc;

use crate::detector::{About, Detector, Folding, Nature, Ranking, Timing, Trigger, Verdict};
use crate::entity::Family;
use crate::event::{Event, What};
use crate::measure::Measure;
use crate::observe::Observations;
use crate::request::number_of;
use crate::rule::Key;
use crate::settings::{Field, Minutes, Value, Visit};
use crate::severity::Severity;
use crate::stage::Stage;
use crate::window::{REACH, Window};

static ABOUT: About = About {
    id: "bucket-download",
    title: "Much downloaded from a bucket",
    what: "A principal downloads at least 10 GB from a bucket within an hour, and three times as much as in any of the last 24 hours in \
           which it downloaded from there. Ten times as much, or the first time, is medium. It needs S3 data events; objects below 128 KB are not counted.",
    why: "Who steals data takes a copy of it, and takes all of it.",
    innocent: "A nightly job that reads the same bucket every night.",
    attack: &["T1530"],
    next: &[
        "does this principal read whole buckets as its work: a backup, an export, a training run?",
        "where did it download to: an address of yours, or a VPC endpoint?",
        "which objects were they, and who else could read them?",
    ],
    families: &[Family::Download],
    trigger: Trigger::Measures(&[Measure::Kilobytes]),
    nature: Nature::Deed,
    timing: Timing::Monotone,
    never_muted: false,
    ranking: Ranking::Unnamed,
};

/// Downloads of fewer kilobytes are not counted: most objects are small, and a copy of a bucket is not made of them alone.
const SMALL: u64 = 128;
/// Kilobytes in a gigabyte.
const GIGABYTE: u64 = 1_000_000;
/// The calls that hand out objects.
const KEYS: &[Key] = &[Key { service: "s3", name: "GetObject" }, Key { service: "s3", name: "SelectObjectContent" }];

/// The settings.
#[derive(Clone, Copy, Debug)]
pub struct BucketDownload {
    /// Gigabytes within an hour.
    pub gigabytes: u32,
    /// How many times the most of an hour so far.
    pub ratio: f64,
    /// How many times that is medium.
    pub ratio_medium: f64,
}

impl Default for BucketDownload {
    fn default() -> BucketDownload {
        BucketDownload { gigabytes: 10, ratio: 3.0, ratio_medium: 10.0 }
    }
}

impl Detector for BucketDownload {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn settings(&mut self, visit: &mut dyn Visit) {
        let field = |name, doc, min, max| Field { name, doc, min, max };
        visit.field(field("gigabytes", "gigabytes within an hour", 1.0, 1e6), Value::Count(&mut self.gigabytes));
        let doc = "how many times the most of any of its last 24 active hours";
        visit.field(field("ratio", doc, 1.0, 1e4), Value::Ratio(&mut self.ratio));
        let doc = "how many times that is medium";
        visit.field(field("ratio_medium", doc, 1.0, 1e4), Value::Ratio(&mut self.ratio_medium));
    }

    fn keys(&self) -> &[Key] {
        KEYS
    }

    fn stage(&self) -> Stage {
        Stage::Digest
    }

    fn floor(&self) -> u64 {
        u64::from(self.gigabytes) * GIGABYTE
    }

    fn observe<'e>(&self, event: &Event<'e>, seen: &mut Observations<'e>) {
        let What::Call(call) = event.what else { return };
        let kilobytes = number_of(call.extra, "bytesTransferredOut") / 1000;
        if call.error.is_none() && kilobytes >= SMALL {
            seen.amount(Family::Download, Measure::Kilobytes, kilobytes);
        }
    }

    fn judge(&self, window: &Window<'_>) -> Option<Verdict> {
        let seen = window.sum(Measure::Kilobytes, REACH);
        if seen < self.floor() {
            return None;
        }
        let most = window.baseline(Measure::Kilobytes).map(|(_, n)| n).max();
        let times = most.map(|most| seen as f64 / f64::from(most.max(1)));
        if times.is_some_and(|times| times < self.ratio) {
            return None;
        }
        let grave = times.is_none_or(|times| times >= self.ratio_medium);
        let usual = match times {
            Some(times) => format!("{times:.0} times the most of an hour before"),
            None => "for the first time".to_owned(),
        };
        let bucket = window.entity.bucket();
        Some(Verdict {
            severity: if grave { Severity::Medium } else { Severity::Low },
            seen: seen / GIGABYTE,
            at_least: false,
            expected: most.map(|most| f64::from(most) / GIGABYTE as f64),
            threshold: Some(f64::from(self.gigabytes)),
            surprise: None,
            window: Minutes(REACH.0),
            folding: Folding::Largest,
            unit: "GB downloaded".into(),
            headline: format!("{{seen}} GB downloaded from the bucket {bucket} within an hour, {usual}"),
            why: format!("{} GB are the least that is told; {usual}", self.gigabytes),
            examples: window.examples(Measure::Kilobytes, REACH).map(Arc::clone).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;

    const CUSTOMERS: &str = r#"s3:GetObject who=role/etl request={"bucketName":"customers"}"#;

    #[test]
    fn a_whole_bucket() {
        check(
            &BucketDownload::default(),
            &format!(r#"09:00 {CUSTOMERS} extra={{"bytesTransferredOut":2500000000.0}} x5"#),
            "09:00 medium role/etl: 12 GB downloaded from the bucket customers within an hour, for the first time",
        );
    }

    #[test]
    fn three_times_the_usual() {
        check(
            &BucketDownload::default(),
            &format!(
                r#"01:00-06:00/60m {CUSTOMERS} extra={{"bytesTransferredOut":2500000000}}
                   09:00 {CUSTOMERS} extra={{"bytesTransferredOut":2500000000}} x5"#
            ),
            "09:00 low role/etl: 12 GB downloaded from the bucket customers within an hour, 5 times the most of an hour before",
        );
    }

    #[test]
    fn a_job_that_does_it_every_hour_and_small_objects() {
        let script = format!(
            r#"01:00-09:00/60m {CUSTOMERS} extra={{"bytesTransferredOut":2300000000}} x4
               09:30 s3:GetObject who=role/web request={{"bucketName":"pictures"}} extra={{"bytesTransferredOut":100000}} x50
               09:30 {CUSTOMERS} denied extra={{"bytesTransferredOut":90000000000}}"#
        );
        check(&BucketDownload::default(), &script, "");
    }
}
