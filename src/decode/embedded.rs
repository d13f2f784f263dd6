//! CloudTrail records in the messages of log events: a trail may deliver to a log group.

use memchr::memmem;

use super::lambda::LogEvent;
use super::{Counter, Origin, container};

/// Reads a log message that is a CloudTrail record; says whether it is. In a Lambda function's own group it is not:
/// there it is a record that the function was given, and logged.
pub(super) fn read(record: &LogEvent<'_>, origin: &Origin<'_>, out: &mut Counter<'_>) -> bool {
    let text = record.message.trim_start();
    let names = |member: &str| memmem::find(text.as_bytes(), member.as_bytes()).is_some();
    let may_be = text.starts_with('{') && names("\"eventVersion\"") && names("\"eventSource\"");
    if !may_be || record.group.starts_with("/aws/lambda/") {
        return false;
    }
    let LogEvent { account, region, .. } = *record;
    container::decode(text, &Origin { account, region, ..*origin }, out).is_ok_and(|decoded| decoded.records > 0)
}
