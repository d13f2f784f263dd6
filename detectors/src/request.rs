//! What a call asked for, read from the text of its `requestParameters` where one member of it is wanted.

/// The text of a member of a JSON object, by its name; empty where there is none, or it is no text. The first member of
/// that name counts, wherever it stands: AWS writes those that are wanted here once.
#[must_use]
pub(crate) fn text_of<'e>(object: &'e str, name: &str) -> &'e str {
    let mut rest = object;
    while let Some((_, after)) = rest.split_once(name) {
        rest = after;
        let value = after.strip_prefix('"').and_then(|rest| rest.trim_start().strip_prefix(':'));
        if let Some((value, _)) = value.and_then(|rest| rest.trim_start().strip_prefix('"')?.split_once('"')) {
            return value;
        }
    }
    ""
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
            (r#"{"functionName":null}"#, ""),
            (r#"{"functionName"#, ""),
            ("", ""),
        ] {
            assert_eq!(text_of(object, "functionName"), wanted, "{object}");
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
