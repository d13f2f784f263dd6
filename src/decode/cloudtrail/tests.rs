//! Records and the events that they become.

use super::*;
use crate::decode::Reject;

/// Shows the one event in the words that a test asks for.
struct Show<'s>(&'s dyn Fn(&Event<'_>, &Call<'_>) -> String, String);

impl Sink for Show<'_> {
    fn event(&mut self, event: &Event<'_>) {
        let What::Call(call) = event.what else { panic!("{event:?}") };
        self.1 = (self.0)(event, call);
    }
    fn reject(&mut self, reject: Reject) {
        self.1 = reject.what;
    }
}

fn shown(members: &str, show: &dyn Fn(&Event<'_>, &Call<'_>) -> String) -> String {
    let json = format!(r#"{{"eventTime":"2026-01-02T03:04:05Z",{members}}}"#);
    let record = serde_json::from_str(&json).unwrap();
    let mut sink = Show(show, String::new());
    let origin = Origin { account: "999900001111", region: "eu-central-1", ..Origin::default() };
    emit(&record, (&json, &origin), &mut sink).unwrap();
    sink.1
}

fn check(show: impl Fn(&Event<'_>, &Call<'_>) -> String, cases: &[(&str, &str)]) {
    for (members, expected) in cases {
        assert_eq!(shown(members, &show), *expected, "{members}");
    }
}

#[test]
fn account_and_region() {
    check(
        |event, _| format!("{} {}", event.account, event.region),
        &[
            (
                r#""recipientAccountId":"111122223333","userIdentity":{"accountId":"444455556666"},"awsRegion":"eu-west-1""#,
                "111122223333 eu-west-1",
            ),
            (r#""userIdentity":{"accountId":"444455556666"}"#, "444455556666 eu-central-1"),
            (r#""recipientAccountId":111122223333"#, "999900001111 eu-central-1"),
        ],
    );
}

#[test]
fn service_and_api() {
    check(
        |_, call| format!("{}:{}", call.service, call.name),
        &[
            (
                r#""eventSource":"lambda.amazonaws.com","eventName":"UpdateFunctionCode20150331v2""#,
                "lambda:UpdateFunctionCode",
            ),
            (r#""eventSource":"s3.amazonaws.com.cn","eventName":"GetObject""#, "s3:GetObject"),
            (r#""eventSource":"custom","eventName":"CreateDistribution2020_05_31""#, "custom:CreateDistribution"),
            (r#""eventName":"ListFunctions20150331""#, ":ListFunctions"),
            (r#""eventName":"CreateV2""#, ":CreateV2"),
            (r#""eventName":"GetThing12345678""#, ":GetThing12345678"),
            (r#""eventName":"20150331""#, ":20150331"),
            (r#""eventName":"éé20150331v""#, ":éé20150331v"),
            (r#""eventName":"é9""#, ":é9"),
            (r#""insightDetails":{"eventSource":"iam.amazonaws.com","eventName":"CreateUser"}"#, "iam:CreateUser"),
        ],
    );
}

#[test]
fn kinds() {
    check(
        |_, call| format!("{:?}", call.kind),
        &[
            (r#""eventType":"AwsApiCall""#, "Api"),
            (r#""eventType":"AwsConsoleAction""#, "Api"),
            (r#""eventType":"AwsNewThing""#, "Api"),
            (r#""eventType":["x"]"#, "Api"),
            (r#""eventType":"AwsConsoleSignIn""#, "SignIn"),
            (r#""eventType":"AwsServiceEvent""#, "Service"),
            (r#""eventType":"AwsVpceEvent""#, "Network"),
            (r#""eventCategory":"NetworkActivity","eventType":"AwsVpceEvents""#, "Network"),
            (r#""eventCategory":"Insight""#, "Insight"),
            (r#""eventType":"AwsAggregatedEvent""#, "Aggregated"),
            (r#""eventType":"AwsApiCall","addendum":{"reason":"UPDATED_DATA"}"#, "Update"),
            (r#""eventType":"AwsApiCall","addendum":{"reason":"DELIVERY_DELAY"}"#, "Api"),
        ],
    );
}

#[test]
fn addresses() {
    check(
        |_, call| format!("{:?}", call.address),
        &[
            (r#""sourceIPAddress":"192.0.2.7""#, "Ip(\"192.0.2.7\")"),
            (r#""sourceIPAddress":"2001:db8::7""#, "Ip(\"2001:db8::7\")"),
            (r#""sourceIPAddress":"ec2.amazonaws.com""#, "Service(\"ec2.amazonaws.com\")"),
            (r#""sourceIPAddress":"AWS Internal/3""#, "Internal"),
            (r#""sourceIPAddress":"192.0.2.7; drop""#, "Unknown"),
            (r#""sourceIPAddress":"""#, "Unknown"),
        ],
    );
}

#[test]
fn failures_and_sign_ins() {
    let login = r#""eventName":"ConsoleLogin","userIdentity":{"type":"IAMUser","userName":"ann"}"#;
    let case = |rest: &str| format!("{login},{rest}");
    let show = |_: &Event<'_>, call: &Call<'_>| {
        let error = call.error.map_or("-".to_owned(), |e| format!("{} {:?}", e.code, e.class));
        let login =
            call.login.map_or("-".to_owned(), |l| format!("{} {:?} {} {}", l.success, l.mfa_used, l.user, l.federated));
        format!("{error} | {login}")
    };
    check(
        show,
        &[
            (r#""eventName":"GetObject","errorCode":"AccessDenied""#, "AccessDenied Denied | -"),
            (r#""eventName":"GetObject","errorMessage":"only words""#, "- | -"),
            (
                &case(r#""responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"YES"}"#),
                "- | true Some(true) ann false",
            ),
            (
                &case(
                    r#""responseElements":{"ConsoleLogin":"Failure"},"errorMessage":"x","additionalEventData":{"MFAUsed":"No"}"#,
                ),
                "Failed authentication Authentication | false Some(false) ann false",
            ),
            (
                &case(r#""responseElements":null,"errorMessage":"Failed authentication""#),
                "Failed authentication Authentication | false None ann false",
            ),
            (
                &case(
                    r#""responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"SamlProviderArn":"arn:x"}"#,
                ),
                "- | true None ann true",
            ),
        ],
    );
    check(
        show,
        &[
            (
                r#""eventName":"ConsoleLogin","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Dev/bob"}"#,
                "- | true None bob true",
            ),
            (r#""eventName":"ConsoleLogin","userIdentity":{"type":"Root"}"#, "- | true None root false"),
        ],
    );
}

#[test]
fn raw_members_and_flags() {
    check(
        |_, call| format!("{:?} {} {} {} {}", call.read_only, call.request, call.response, call.extra, call.shared_id),
        &[(
            r#""readOnly":"true","requestParameters":{ "a" : [1] },"responseElements":null,"additionalEventData":{},"sharedEventID":"s""#,
            r#"Some(true) { "a" : [1] }  {} s"#,
        )],
    );
}

#[test]
fn aggregated_events() {
    let json = r#"{"eventVersion":"1.0","accountId":"111122223333","eventId":"e","eventType":"AwsAggregatedEvent",
        "eventSource":"s3.amazonaws.com","timeWindow":{"windowStart":"2026-01-02T03:00:00Z"},"summary":{
        "primaryDimension":{"dimension":"eventName","statistics":[{"name":"PutObject","value":1000}]},
        "details":[{"dimension":"resourceARN","statistics":[{"name":"x","value":800},{"name":"y","value":150}]}]}}"#;
    let record = serde_json::from_str(json).unwrap();
    let show = |event: &Event<'_>, call: &Call<'_>| {
        format!("{} {} {} {} {:?} {}", event.id, event.account, event.time, event.weight, call.kind, call.name)
    };
    let mut sink = Show(&show, String::new());
    emit(&record, (json, &Origin::default()), &mut sink).unwrap();
    assert_eq!(sink.1, "e 111122223333 2026-01-02 03:00:00 UTC 1000 Aggregated PutObject");
}

#[test]
fn identities() {
    let id = |members: &str| shown(members, &|event, _| event.identity.0.to_string());
    let one = id(r#""eventID":"a","eventName":"X","userAgent":"u""#);
    assert_eq!(one, id(r#""userAgent":"v","eventName":"X","eventID":"a""#), "order and other members do not matter");
    for other in [r#""eventID":"b","eventName":"X""#, r#""eventID":"a","eventName":"Y""#, r#""eventID":"aX""#] {
        assert_ne!(one, id(other), "{other}");
    }
    assert_ne!(id(r#""eventID":"a","recipientAccountId":"111122223333""#), id(r#""eventID":"a""#));
    assert_eq!(id(r#""eventName":"X","userAgent":"u""#), id(r#""eventName":"X","userAgent":"u""#));
    assert_ne!(
        id(r#""eventName":"X","userAgent":"u""#),
        id(r#""eventName":"X","userAgent":"v""#),
        "without an id, the text tells"
    );
}

#[test]
fn addresses_are_those_of_the_standard_library() {
    let parts = ["", "0", "7", "00", "01", "10", "192", "255", "256", "999", "1000", "a", "-1", " 1"];
    for (a, b) in parts.iter().flat_map(|a| parts.iter().map(move |b| (a, b))) {
        for text in [format!("{a}.{b}.0.1"), format!("192.0.{a}.{b}"), format!("{a}.{b}"), format!("192.0.2.{a}.{b}")] {
            assert_eq!(is_ipv4(&text), text.parse::<std::net::Ipv4Addr>().is_ok(), "{text}");
        }
    }
}
