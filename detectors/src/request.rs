//! What a call asked for, read from the text of its `requestParameters` where one member of it is wanted.

use memchr::memmem;

/// The text of a member of a JSON object, by its name; empty where there is none, or it is no text. The first member of
/// that name counts, wherever it stands: AWS writes those that are wanted here once.
#[must_use]
pub(crate) fn text_of<'e>(object: &'e str, name: &'e str) -> &'e str {
    values_of(object, name).find_map(|value| value.strip_prefix('"')?.split_once('"')).map_or("", |(text, _)| text)
}

/// The number that a member of a JSON object holds, by its name, whole; 0 where there is none.
#[must_use]
pub(crate) fn number_of(object: &str, name: &str) -> u64 {
    let digits = |value: &str| value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    values_of(object, name).find_map(|value| value[..digits(value)].parse().ok()).unwrap_or(0)
}

/// What follows each member of that name.
fn values_of<'e>(object: &'e str, name: &'e str) -> impl Iterator<Item = &'e str> {
    // Most objects do not have it, and some come with every event: finding that out must cost little.
    memmem::find_iter(object.as_bytes(), name).filter_map(move |at| {
        let value = object[at + name.len()..].strip_prefix('"')?.trim_start().strip_prefix(':')?;
        object[..at].ends_with('"').then(|| value.trim_start())
    })
}

/// The name of a function, of which a request gives the name or the ARN, each perhaps with a version or an alias.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html>
#[must_use]
pub(crate) fn function_name(given: &str) -> &str {
    let after = given.split_once("function:").map_or(given, |(_, after)| after);
    after.split_once(':').map_or(after, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_where_it_is_text() {
        for (object, wanted) in [
            (r#"{"functionName":"pay"}"#, "pay"),
            (r#"{"dryRun":false,"functionName" : "pay","publish":true}"#, "pay"),
            (r#"{"description":"functionName","functionName":"pay"}"#, "pay"),
            (r#"{"old_functionName":"a","functionName":"pay"}"#, "pay"),
            (r#"{"functionName":null}"#, ""),
            (r#"{"functionName"#, ""),
            ("", ""),
        ] {
            assert_eq!(text_of(object, "functionName"), wanted, "{object}");
        }
    }

    #[test]
    fn a_number_is_read_as_far_as_it_is_whole() {
        for (object, wanted) in [
            (r#"{"bytes":12}"#, 12),
            (r#"{"bytes" : 2500000000.0,"x":1}"#, 2_500_000_000),
            (r#"{"bytes":"12"}"#, 0),
            (r#"{"bytes":99999999999999999999}"#, 0),
            (r#"{"bytes":1e9}"#, 1),
            ("", 0),
        ] {
            assert_eq!(number_of(object, "bytes"), wanted, "{object}");
        }
    }

    #[test]
    fn a_function_is_named_in_four_ways() {
        for given in [
            "pay",
            "pay:live",
            "111122223333:function:pay",
            "arn:aws:lambda:eu-west-1:111122223333:function:pay",
            "arn:aws:lambda:eu-west-1:111122223333:function:pay:7",
        ] {
            assert_eq!(function_name(given), "pay", "{given}");
        }
    }
}
