//! CloudTrail's event history as the console exports it: a few columns of each record.

use chrono::NaiveDateTime;
use csv::StringRecord;
use serde_json::{Map, Value};

use crate::decode::Origin;

/// Each member of a record, and the names of its column in the exports that we know, in small letters and without
/// spaces.
const MEMBERS: [(&str, &[&str]); 13] = [
    ("eventID", &["eventid"]),
    ("eventTime", &["eventtime"]),
    ("eventName", &["eventname"]),
    ("eventSource", &["eventsource"]),
    ("awsRegion", &["awsregion", "region"]),
    ("sourceIPAddress", &["sourceipaddress", "sourceip"]),
    ("userAgent", &["useragent"]),
    ("errorCode", &["errorcode"]),
    ("errorMessage", &["errormessage"]),
    ("readOnly", &["readonly"]),
    ("requestID", &["requestid"]),
    ("recipientAccountId", &["recipientaccountid", "accountid"]),
    ("vpcEndpointId", &["vpcendpointid"]),
];

/// Where the columns are.
pub(super) struct History {
    members: Vec<(&'static str, usize)>,
    user: Option<usize>,
    access_key: Option<usize>,
}

impl History {
    /// `None` when the header does not name an event and its time.
    pub(super) fn of(header: &StringRecord) -> Option<Self> {
        let names: Vec<String> = header.iter().map(plain_name).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        find(&["eventname"]).and(find(&["eventtime"]))?;
        let members = MEMBERS.iter().filter_map(|(member, columns)| Some((*member, find(columns)?))).collect();
        let access_key = find(&["awsaccesskey", "accesskey", "accesskeyid", "awsaccesskeyid"]);
        Some(Self { members, user: find(&["username"]), access_key })
    }

    /// The row as a CloudTrail record, so that it gets the same identity and is read like any other.
    pub(super) fn json(&self, row: &StringRecord, origin: &Origin<'_>) -> String {
        let mut record = Map::new();
        for (member, column) in &self.members {
            let cell = row.get(*column).map(str::trim).unwrap_or_default();
            match *member {
                // Absent times are wanted as such, to be named in the reject.
                "eventTime" => insert(&mut record, member, &rfc3339(cell)),
                "readOnly" => {
                    let read_only = if cell.eq_ignore_ascii_case("true") { Some(true) } else { None };
                    let read_only = read_only.or_else(|| cell.eq_ignore_ascii_case("false").then_some(false));
                    record.extend(read_only.map(|flag| ((*member).to_owned(), Value::Bool(flag))));
                }
                _ if is_absent(cell) => {}
                _ => insert(&mut record, member, cell),
            }
        }
        if !record.contains_key("recipientAccountId") && !origin.account.is_empty() {
            insert(&mut record, "recipientAccountId", origin.account);
        }
        if record.get("eventName").is_some_and(|name| name == "ConsoleLogin") {
            insert(&mut record, "eventType", "AwsConsoleSignIn");
        }
        record.insert("userIdentity".to_owned(), self.identity(row));
        Value::Object(record).to_string()
    }

    fn identity(&self, row: &StringRecord) -> Value {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).map(str::trim).filter(|cell| !is_absent(cell));
        let mut identity = Map::new();
        match cell(self.user) {
            Some("root") => insert(&mut identity, "type", "Root"),
            Some(service) if service.ends_with(".amazonaws.com") => insert(&mut identity, "invokedBy", service),
            // A user's name and a session's name look alike here; so the kind stays unknown.
            Some(user) => insert(&mut identity, "userName", user),
            None => {}
        }
        if let Some(key) = cell(self.access_key) {
            insert(&mut identity, "accessKeyId", key);
        }
        Value::Object(identity)
    }
}

fn insert(object: &mut Map<String, Value>, member: &str, value: &str) {
    object.insert(member.to_owned(), Value::String(value.to_owned()));
}

fn is_absent(cell: &str) -> bool {
    matches!(cell, "" | "-" | "null")
}

/// A column's name without spaces, marks and case: `Event name`, `EventName` and `event_name` are one.
fn plain_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The time as records write it. Older exports have the console's form, in UTC; what is neither stays as it is.
fn rfc3339(cell: &str) -> String {
    ["%Y-%m-%d, %I:%M:%S %p", "%Y-%m-%d %H:%M:%S"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(cell, form).ok())
        .map_or_else(|| cell.to_owned(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
