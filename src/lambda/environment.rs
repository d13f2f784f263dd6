//! What the template tells the function through its environment: the names that only a deployment knows.

use std::path::PathBuf;

use lapwing_detectors::severity::Severity;

use crate::sink::{Format, Topic};

/// Names and places of this deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The settings file: `LAPWING_CONFIG`, otherwise `lapwing.toml` in the deployment package.
    pub config: PathBuf,
    /// The topic of the deployment, from `LAPWING_TOPIC_ARN`, `LAPWING_TOPIC_FORMAT` (text, json or chat; text unless
    /// set) and `LAPWING_TOPIC_MIN_SEVERITY` (low unless set).
    pub topic: Option<Topic>,
    /// The function's own log group, which is never read.
    pub own_group: String,
}

impl Environment {
    /// Reads it; `get` is the value of a variable.
    ///
    /// # Errors
    ///
    /// Names the variable, what was found and what was wanted.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Environment, String> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let root = get("LAMBDA_TASK_ROOT").map(PathBuf::from).unwrap_or_default();
        Ok(Environment {
            config: get("LAPWING_CONFIG").map_or_else(|| root.join("lapwing.toml"), |path| root.join(path)),
            own_group: get("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_default(),
            topic: topic(get)?,
        })
    }
}

fn topic(get: impl Fn(&str) -> Option<String>) -> Result<Option<Topic>, String> {
    let Some(arn) = get("LAPWING_TOPIC_ARN") else { return Ok(None) };
    let format = match get("LAPWING_TOPIC_FORMAT").as_deref() {
        None | Some("text") => Format::Text,
        Some("json") => Format::Json,
        Some("chat") => Format::Chat,
        Some(other) => return Err(format!("`LAPWING_TOPIC_FORMAT` is {other:?}, which is none of text, json, chat")),
    };
    let min_severity = get("LAPWING_TOPIC_MIN_SEVERITY").unwrap_or_else(|| "low".to_owned());
    let min_severity = Severity::from_name(&min_severity).ok_or_else(|| {
        let names = Severity::ALL.map(Severity::name).join(", ");
        format!("`LAPWING_TOPIC_MIN_SEVERITY` is {min_severity:?}, which is none of {names}")
    })?;
    Ok(Some(Topic { arn, format, min_severity }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

    fn read(variables: &[(&str, &str)]) -> Result<Environment, String> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Environment::read(find)
    }

    #[test]
    fn a_topic_needs_only_its_arn() {
        let topic = |format, min_severity| Some(Topic { arn: ARN.to_owned(), format, min_severity });
        for (format, severity, wanted) in [
            ("", "", topic(Format::Text, Severity::Low)),
            ("json", "high", topic(Format::Json, Severity::High)),
            ("chat", "info", topic(Format::Chat, Severity::Info)),
        ] {
            let variables = [
                ("LAPWING_TOPIC_ARN", ARN),
                ("LAPWING_TOPIC_FORMAT", format),
                ("LAPWING_TOPIC_MIN_SEVERITY", severity),
            ];
            assert_eq!(read(&variables).unwrap().topic, wanted);
        }
        assert_eq!(read(&[]).unwrap().topic, None);
    }

    #[test]
    fn a_mistake_names_its_variable() {
        for (name, value, wanted) in [
            ("LAPWING_TOPIC_FORMAT", "xml", "`LAPWING_TOPIC_FORMAT` is \"xml\", which is none of text, json, chat"),
            (
                "LAPWING_TOPIC_MIN_SEVERITY",
                "urgent",
                "`LAPWING_TOPIC_MIN_SEVERITY` is \"urgent\", which is none of info, low, medium, high, critical",
            ),
        ] {
            assert_eq!(read(&[("LAPWING_TOPIC_ARN", ARN), (name, value)]), Err(wanted.to_owned()));
        }
    }

    #[test]
    fn the_settings_are_in_the_package() {
        for (variables, wanted) in [
            (vec![("LAMBDA_TASK_ROOT", "/var/task")], "/var/task/lapwing.toml"),
            (vec![("LAMBDA_TASK_ROOT", "/var/task"), ("LAPWING_CONFIG", "prod.toml")], "/var/task/prod.toml"),
            (vec![("LAMBDA_TASK_ROOT", "/var/task"), ("LAPWING_CONFIG", "/opt/lapwing.toml")], "/opt/lapwing.toml"),
        ] {
            assert_eq!(read(&variables).unwrap().config, PathBuf::from(wanted));
        }
    }
}
