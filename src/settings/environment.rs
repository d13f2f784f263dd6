//! The environment of the Lambda function, laid over the settings file: what differs between two deployments of one
//! bundle.

use lapwing_detectors::severity::Severity;

use super::Settings;
use super::mistake::{Mistake, Mistakes, Wrong, did_you_mean, quote};
use super::sections::{Format, Topic, lateness};
use super::values::{named, namespace, switch, table, topic};

/// What our variables begin with. One that begins so and is not known is a mistake.
const PREFIX: &str = "LAPWING_";

/// The variable that names the settings file, for whoever opens it.
pub const CONFIG: &str = "LAPWING_CONFIG";

/// Every variable, with what it sets.
pub const VARIABLES: &[(&str, &str)] = &[
    (CONFIG, "the settings file; `lapwing.toml` beside the binary unless set"),
    ("LAPWING_TOPIC_ARN", "a topic to send alerts to, beside those of the file"),
    ("LAPWING_TOPIC_FORMAT", "how alerts are written for that topic: text, json or chat"),
    ("LAPWING_TOPIC_MIN_SEVERITY", "the least severity that is sent to that topic"),
    ("LAPWING_TABLE", "the DynamoDB table that all instances keep their state in"),
    ("LAPWING_METRICS", "true or false: are metrics sent?"),
    ("LAPWING_METRICS_BY", "what findings are counted by: detector or severity"),
    ("LAPWING_NAMESPACE", "the namespace of the metrics"),
    ("LAPWING_LATENESS_LAMBDA", "how late Lambda logs may be: \"5m\""),
    ("LAPWING_LATENESS_CLOUDTRAIL", "how late CloudTrail may be: \"15m\""),
];

impl Settings {
    /// These settings with the environment laid over them. Variables of others are passed over; an empty one counts
    /// as not there, because templates pass a parameter that nobody filled in so.
    ///
    /// # Errors
    /// Every mistake in our variables.
    pub fn with_environment(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Settings, Mistakes> {
        let mut reader = Reader::default();
        let mut ours: Vec<(String, String)> =
            variables.into_iter().filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect();
        ours.sort();
        let mut sns = Sns::default();
        for (name, value) in &ours {
            self.set(&mut reader, &mut sns, (name, value));
        }
        self.set_topic(&mut reader, sns);
        if reader.mistakes.is_empty() {
            return Ok(self);
        }
        Err(Mistakes { place: "environment".to_owned(), found: reader.mistakes })
    }

    fn set(&mut self, reader: &mut Reader, sns: &mut Sns, (name, value): (&str, &str)) {
        let mut late = |into: &mut _| reader.read((name, value), lateness, into);
        match name {
            CONFIG => {}
            "LAPWING_LATENESS_LAMBDA" => late(&mut self.lateness.lambda),
            "LAPWING_LATENESS_CLOUDTRAIL" => late(&mut self.lateness.cloudtrail),
            "LAPWING_METRICS" => reader.read((name, value), switch, &mut self.metrics.enabled),
            "LAPWING_METRICS_BY" => reader.read((name, value), named, &mut self.metrics.by),
            "LAPWING_NAMESPACE" => reader.read((name, value), namespace, &mut self.metrics.namespace),
            "LAPWING_TABLE" => reader.read((name, value), |name| table(name).map(Some), &mut self.state.table),
            "LAPWING_TOPIC_ARN" => {
                sns.named = true;
                reader.read((name, value), |arn| topic(arn).map(Some), &mut sns.arn);
            }
            "LAPWING_TOPIC_FORMAT" => reader.read((name, value), |f| named(f).map(Some), &mut sns.format),
            "LAPWING_TOPIC_MIN_SEVERITY" => reader.read((name, value), |s| named(s).map(Some), &mut sns.min_severity),
            _ => {
                let known: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
                reader.note(name, "there is no such variable".to_owned(), did_you_mean(name, &known));
            }
        }
    }

    /// The topic of the environment: a new one, or changes to one of the file.
    fn set_topic(&mut self, reader: &mut Reader, sns: Sns) {
        let Some(arn) = sns.arn else {
            if !sns.named && (sns.format.is_some() || sns.min_severity.is_some()) {
                let what = "it is missing, but the format or severity of its topic is set";
                reader.note("LAPWING_TOPIC_ARN", what.to_owned(), None);
            }
            return;
        };
        let place = self.sns.iter().position(|t| t.arn == arn).unwrap_or_else(|| {
            self.sns.push(Topic::new(arn));
            self.sns.len() - 1
        });
        let topic = &mut self.sns[place];
        topic.format = sns.format.unwrap_or(topic.format);
        topic.min_severity = sns.min_severity.unwrap_or(topic.min_severity);
    }
}

/// The topic of the environment, as far as it is known.
#[derive(Default)]
struct Sns {
    /// Is the variable there, be its value right or wrong?
    named: bool,
    arn: Option<String>,
    format: Option<Format>,
    min_severity: Option<Severity>,
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn read<T>(&mut self, (name, value): (&str, &str), read: impl Fn(&str) -> Result<T, Wrong>, into: &mut T) {
        match read(value) {
            Ok(value) => *into = value,
            Err(Wrong { wanted, hint }) => self.note(name, format!("\"{}\" is not {wanted}", quote(value)), hint),
        }
    }

    fn note(&mut self, name: &str, what: String, hint: Option<String>) {
        self.mistakes.push(Mistake { line: None, key: quote(name), what, hint });
    }
}

#[cfg(test)]
mod tests {
    use lapwing_detectors::profile::Lateness;
    use lapwing_detectors::settings::Minutes;

    use super::*;
    use crate::settings::tests::{lines, read};
    use crate::settings::{Metrics, MetricsBy};

    fn environment(settings: Settings, variables: &[(&str, &str)]) -> Result<Settings, Mistakes> {
        settings.with_environment(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let arn = "arn:aws:sns:eu-west-1:111122223333:alerts";
        let file = read(&format!("[[sns]]\narn = '{arn}'\nformat = 'json'\n[metrics]\nnamespace = 'File'"));
        let settings = environment(
            file,
            &[
                ("PATH", "/bin"),
                ("LAPWING_CONFIG", "other.toml"),
                ("LAPWING_TOPIC_ARN", arn),
                ("LAPWING_TOPIC_MIN_SEVERITY", "high"),
                ("LAPWING_TABLE", "lapwing-state"),
                ("LAPWING_METRICS", "off"),
                ("LAPWING_METRICS_BY", "severity"),
                ("LAPWING_NAMESPACE", ""),
                ("LAPWING_LATENESS_LAMBDA", "1h"),
            ],
        )
        .unwrap();
        let topic = Topic { arn: arn.to_owned(), format: Format::Json, min_severity: Severity::High };
        assert_eq!(settings.sns, [topic]);
        let metrics = Metrics { enabled: false, namespace: "File".to_owned(), by: MetricsBy::Severity };
        assert_eq!(settings.metrics, metrics);
        assert_eq!(settings.state.table.as_deref(), Some("lapwing-state"));
        assert_eq!(settings.lateness, Lateness { lambda: Minutes(60), cloudtrail: Minutes(15) });

        let alone = environment(Settings::default(), &[("LAPWING_TOPIC_ARN", arn)]).unwrap();
        assert_eq!(alone.sns, [Topic::new(arn.to_owned())]);
    }

    #[test]
    fn mistakes_in_the_environment() {
        for (variables, wanted) in [
            (
                &[("LAPWING_METRIC", "on"), ("LAPWING_LATENESS_LAMBDA", "5"), ("LAPWING_TOPIC_ARN", "x")][..],
                &[
                    "LAPWING_LATENESS_LAMBDA: \"5\" is not a duration in whole minutes | write it like \"10m\", \
                     \"1h\" or \"2d\"",
                    "LAPWING_METRIC: there is no such variable | did you mean `LAPWING_METRICS`?",
                    "LAPWING_TOPIC_ARN: \"x\" is not the ARN of an SNS topic | write it like \
                     \"arn:aws:sns:eu-west-1:111122223333:lapwing\"",
                ][..],
            ),
            (
                &[("LAPWING_TOPIC_FORMAT", "chat")],
                &["LAPWING_TOPIC_ARN: it is missing, but the format or severity of its topic is set"],
            ),
            (
                &[("LAPWING_TABLE", "arn:aws:dynamodb:eu-west-1:111122223333:table/lapwing")],
                &["LAPWING_TABLE: \"arn:aws:dynamodb:eu-west-1:111122223333:table/lapwing\" is not the name of a \
                   DynamoDB table | its name, no ARN: letters, digits and `_ . -`, 3 to 255 of them"],
            ),
            (&[("LAPWING_METRICS", "yes")], &["LAPWING_METRICS: \"yes\" is not true or false"]),
        ] {
            assert_eq!(lines(environment(Settings::default(), variables)), wanted, "{variables:?}");
        }
    }

    #[test]
    fn every_variable_is_understood() {
        for (name, _) in VARIABLES {
            for line in lines(environment(Settings::default(), &[(name, "?")])) {
                assert!(!line.contains("no such variable"), "{line}");
            }
        }
    }
}
