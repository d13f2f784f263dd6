//! How a principal is written where there is little room: in titles, subjects of mails and questions.

use std::borrow::Cow;

/// What Identity Center puts before the name of a permission set to make that of its role, after which it puts an underscore
/// and sixteen digits: <https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html>.
const PREFIX: &str = "AWSReservedSSO_";
/// The digits.
const DIGITS: usize = 16;

/// `ann@example.com as PlatformAdmin` for a person behind Identity Center; everybody else by the name that all alerts have.
///
/// ```
/// use lapwing_detectors::shown::principal;
///
/// assert_eq!(principal("AWSReservedSSO_Admin_0123456789abcdef/ann"), "ann as Admin");
/// assert_eq!(principal("role/etl-nightly"), "role/etl-nightly");
/// ```
#[must_use]
pub fn principal(name: &str) -> Cow<'_, str> {
    person(name).map_or(Cow::Borrowed(name), |(person, set)| Cow::Owned(format!("{person} as {set}")))
}

/// The session's and the permission set's name.
fn person(name: &str) -> Option<(&str, &str)> {
    let (role, session) = name.strip_prefix(PREFIX)?.split_once('/')?;
    let (set, digits) = role.rsplit_once('_')?;
    let made = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
    (made && !set.is_empty() && !session.is_empty()).then_some((session, set))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_identity_center_made_is_shortened() {
        for (name, wanted) in [
            ("AWSReservedSSO_Read_Only_0123456789abcdef/ann@example.com", "ann@example.com as Read_Only"),
            ("AWSReservedSSO_Admin_0123456789abcdef", "AWSReservedSSO_Admin_0123456789abcdef"),
            ("AWSReservedSSO_Admin_0123/ann", "AWSReservedSSO_Admin_0123/ann"),
            ("AWSReservedSSO_Admin/ann", "AWSReservedSSO_Admin/ann"),
            ("role/AWSReservedSSO_Admin_0123456789abcdef", "role/AWSReservedSSO_Admin_0123456789abcdef"),
            ("user/ann", "user/ann"),
            ("", ""),
        ] {
            assert_eq!(principal(name), wanted);
        }
    }
}
