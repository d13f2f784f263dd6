//! Who did it: `userIdentity` folded into the principal that a cloud engineer would name.
//!
//! Sessions of machines (instances, functions, pipelines, services) fold into their role, because their session names
//! change all the time. People behind Identity Center or SAML stay people: role and session together, with the role as
//! parent. A `sourceIdentity`, which only an administrator's trust policy can let through, wins over both.

use std::borrow::Cow;

use lapwing_detectors::event::PrincipalKind;

use super::record::UserIdentity;

/// A principal whose name may have had to be put together.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Folded<'a> {
    pub(super) kind: PrincipalKind,
    pub(super) account: &'a str,
    pub(super) name: Cow<'a, str>,
    pub(super) parent: Cow<'a, str>,
    pub(super) session: &'a str,
}

/// Folds a `userIdentity`, of any type, also one that AWS has not thought of yet.
pub(super) fn fold<'a>(who: &'a UserIdentity<'_>) -> Folded<'a> {
    let arn = Arn::of(&who.arn);
    let mut folded = match &*who.kind {
        "Root" => named(PrincipalKind::Root, "root"),
        "IAMUser" => named(PrincipalKind::User, user(who, arn)),
        "AssumedRole" => assumed(who, arn),
        "Role" => named(PrincipalKind::Role, arn.resource),
        "AWSService" => named(PrincipalKind::Service, first([&who.invoked_by, &who.principal_id])),
        "IdentityCenterUser" => named(PrincipalKind::Person, first([&who.user_name, &who.on_behalf_of.user_id])),
        "AWSAccount" | "FederatedUser" | "SAMLUser" | "WebIdentityUser" | "Directory" => {
            named(PrincipalKind::Other, outsider(who, arn))
        }
        _ => unnamed(who, arn),
    };
    folded.account = first([&who.account, arn.account, &who.session.issuer.account]);
    folded
}

fn named<'a>(kind: PrincipalKind, name: impl Into<Cow<'a, str>>) -> Folded<'a> {
    Folded { kind, name: name.into(), ..Folded::default() }
}

/// A type that is missing or new: what the ARN says, else the service that made the call, else a bare name.
fn unnamed<'a>(who: &'a UserIdentity<'_>, arn: Arn<'a>) -> Folded<'a> {
    let tail = arn.resource;
    match tail.split('/').next().unwrap_or_default() {
        "assumed-role" => assumed(who, arn),
        "user" => named(PrincipalKind::User, tail),
        "role" => named(PrincipalKind::Role, tail),
        "root" => named(PrincipalKind::Root, "root"),
        "" if !who.invoked_by.is_empty() => named(PrincipalKind::Service, &*who.invoked_by),
        _ => named(PrincipalKind::Unknown, outsider(who, arn)),
    }
}

fn user<'a>(who: &'a UserIdentity<'_>, arn: Arn<'a>) -> Cow<'a, str> {
    let tail = arn.resource;
    let name = first([&who.user_name, stable(&who.principal_id)]);
    if tail.starts_with("user/") || name.is_empty() { tail.into() } else { format!("user/{name}").into() }
}

/// Somebody whom this account has no user or role for.
fn outsider<'a>(who: &'a UserIdentity<'_>, arn: Arn<'a>) -> &'a str {
    first([arn.resource, &who.user_name, stable(&who.principal_id)])
}

fn assumed<'a>(who: &'a UserIdentity<'_>, arn: Arn<'a>) -> Folded<'a> {
    let session_arn = arn.resource.strip_prefix("assumed-role/").unwrap_or_default();
    let (mut role, mut session) = cut(session_arn, b'/').unwrap_or((session_arn, ""));
    if session.is_empty() {
        session = cut(&who.principal_id, b':').map_or("", |(_, session)| session);
    }
    if role.is_empty() {
        role = &who.session.issuer.user_name;
    }
    let issuer = Arn::of(&who.session.issuer.arn).resource;
    let role_name: Cow<'a, str> = match (issuer.is_empty(), role.is_empty()) {
        (false, _) => issuer.into(),
        (true, true) => stable(&who.principal_id).into(),
        (true, false) => format!("role/{role}").into(),
    };
    let person: Cow<'a, str> = if !who.session.source_identity.is_empty() {
        Cow::Borrowed(&who.session.source_identity)
    } else if !is_person(role, session) {
        return Folded { kind: PrincipalKind::Role, name: role_name, session, ..Folded::default() };
    } else if session_arn.ends_with(session) {
        session_arn.into()
    } else {
        format!("{role}/{session}").into()
    };
    Folded { kind: PrincipalKind::Person, name: person, parent: role_name, session, ..Folded::default() }
}

/// Identity Center makes its roles under one prefix; SAML and the console of Identity Center name sessions by e-mail.
fn is_person(role: &str, session: &str) -> bool {
    let mail = cut(session, b'@').is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty());
    !session.is_empty() && (mail || role.starts_with("AWSReservedSSO_"))
}

/// What is read of an ARN, `arn:aws:iam::111122223333:user/ann`.
#[derive(Clone, Copy, Default)]
struct Arn<'a> {
    account: &'a str,
    /// All that follows the account: `user/ann`.
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Empty when the text is no ARN.
    fn of(text: &'a str) -> Self {
        let mut colons = text.bytes().enumerate().filter(|&(_, b)| b == b':').map(|(at, _)| at);
        match (colons.nth(3), colons.next()) {
            (Some(before), after) if text.starts_with("arn:") => Arn {
                account: &text[before + 1..after.unwrap_or(text.len())],
                resource: after.map_or("", |after| &text[after + 1..]),
            },
            _ => Arn::default(),
        }
    }
}

/// The text before and after the first such character, which is ASCII. In texts this short a search costs more to
/// begin than it saves.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let found = text.bytes().position(|b| b == at)?;
    Some((&text[..found], &text[found + 1..]))
}

/// A `principalId` without its session: `AROAEXAMPLE:i-0123` is a new one for every instance.
fn stable(principal_id: &str) -> &str {
    principal_id.split(':').next().unwrap_or_default()
}

fn first<const N: usize>(choices: [&str; N]) -> &str {
    choices.into_iter().find(|choice| !choice.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: kind, account, name, parent, session.
    fn check(json: &str, expected: &str) {
        let who = serde_json::from_str(json).unwrap();
        let Folded { kind, account, name, parent, session } = fold(&who);
        assert_eq!(format!("{kind:?} {account} {name} ({parent}) [{session}]"), expected, "{json}");
    }

    #[test]
    fn users_and_root() {
        check(
            r#"{"type":"Root","accountId":"111122223333","arn":"arn:aws:iam::111122223333:root"}"#,
            "Root 111122223333 root () []",
        );
        check(
            r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ops/ann","userName":"ann"}"#,
            "User 111122223333 user/ops/ann () []",
        );
        check(r#"{"type":"IAMUser","accountId":"111122223333","userName":"ann"}"#, "User 111122223333 user/ann () []");
        check(
            r#"{"type":"IAMUser","userName":"HIDDEN_DUE_TO_SECURITY_REASONS","accessKeyId":""}"#,
            "User  user/HIDDEN_DUE_TO_SECURITY_REASONS () []",
        );
    }

    #[test]
    fn machines_fold_into_their_role() {
        let role =
            r#""sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/batch/etl","userName":"etl"}}"#;
        let arn = r#""arn":"arn:aws:sts::111122223333:assumed-role/etl/i-0abc""#;
        check(&format!(r#"{{"type":"AssumedRole",{arn},{role}}}"#), "Role 111122223333 role/batch/etl () [i-0abc]");
        check(&format!(r#"{{"type":"AssumedRole",{arn}}}"#), "Role 111122223333 role/etl () [i-0abc]");
        check(
            &format!(r#"{{"type":"AssumedRole",{arn},"sessionContext":{{"sessionIssuer":{{}}}}}}"#),
            "Role 111122223333 role/etl () [i-0abc]",
        );
        check(&format!("{{{arn}}}"), "Role 111122223333 role/etl () [i-0abc]");
        check(r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:run-118"}"#, "Role  AROAEXAMPLE () [run-118]");
        check(r#"{"type":"AssumedRole"}"#, "Role   () []");
    }

    #[test]
    fn people_stay_people() {
        let sso = "AWSReservedSSO_Admin_0123456789abcdef";
        check(
            &format!(
                r#"{{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/{sso}/ann","sessionContext":{{"sessionIssuer":
                {{"arn":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{sso}"}}}}}}"#
            ),
            &format!("Person 111122223333 {sso}/ann (role/aws-reserved/sso.amazonaws.com/{sso}) [ann]"),
        );
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Dev/bob@example.com"}"#,
            "Person 111122223333 Dev/bob@example.com (role/Dev) [bob@example.com]",
        );
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Dev/i-1","sessionContext":{"sourceIdentity":"ann"}}"#,
            "Person 111122223333 ann (role/Dev) [i-1]",
        );
        check(
            r#"{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"},"accountId":"111122223333"}"#,
            "Person 111122223333 u-1 () []",
        );
    }

    #[test]
    fn services_and_outsiders() {
        check(r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#, "Service  ec2.amazonaws.com () []");
        check(
            r#"{"accountId":"111122223333","invokedBy":"ec2.amazonaws.com"}"#,
            "Service 111122223333 ec2.amazonaws.com () []",
        );
        check(
            r#"{"type":"AWSAccount","accountId":"444455556666","principalId":"AROAEXAMPLE:s"}"#,
            "Other 444455556666 AROAEXAMPLE () []",
        );
        check(
            r#"{"type":"SAMLUser","principalId":"x:ann@example.com","userName":"ann@example.com"}"#,
            "Other  ann@example.com () []",
        );
        check(
            r#"{"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/carl"}"#,
            "Other 111122223333 federated-user/carl () []",
        );
        check(
            r#"{"type":"WebIdentityUser","userName":"sub-1","identityProvider":"idp.example.com"}"#,
            "Other  sub-1 () []",
        );
        check(r#"{"type":"Directory","userName":"dora"}"#, "Other  dora () []");
        check(r#"{"type":"Unknown","userName":"eve"}"#, "Unknown  eve () []");
        check(r#"{"type":7,"arn":["x"]}"#, "Unknown   () []");
        check("null", "Unknown   () []");
    }
}
