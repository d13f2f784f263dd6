use chrono::SecondsFormat;
use lapwing_detectors::event::{Event, Principal, What};
use proptest::prelude::*;

use super::super::Reject;
use super::*;

const R1: &str = "0a1b2c3d-1111-4222-8333-0123456789ab";

#[derive(Default)]
struct Script(Vec<String>);

impl Sink for Script {
    fn event(&mut self, event: &Event<'_>) {
        let time = event.time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let place = format!("{}/{}", event.account, event.region);
        self.0.push(match &event.what {
            What::Log(log) => {
                let line = format!("{:?}", log.line);
                let line = line.split([' ', '(']).next().unwrap_or_default();
                let failed = if log.failure.is_some() { " failed" } else { "" };
                let request = log.request.replace(R1, "R1");
                format!("{time} {place} {} {} {line} {request}{failed}", log.function, log.stream)
            }
            What::Call(call) => {
                let Principal { kind, name, access_key, .. } = &call.principal;
                let error = call.error.map_or("ok", |failure| failure.class.name());
                let (service, api, address) = (call.service, call.name, call.address.text());
                let read_only = call.read_only;
                format!(
                    "{time} {place} {} {service}:{api} {kind:?} {name} {access_key} {address} {read_only:?} {error}",
                    event.id
                )
            }
        });
    }

    fn reject(&mut self, reject: Reject) {
        self.0.push(format!("reject {}: {}", reject.record, reject.what));
    }
}

fn read(text: &str) -> Vec<String> {
    let origin =
        Origin { account: "111122223333", region: "eu-west-1", log_group: "g", log_stream: "s", ..Origin::default() };
    assert!(looks_like(text), "{text:?}");
    let mut script = Script::default();
    let decoded = decode(&text.replace("R1", R1), &origin, &mut script).unwrap();
    assert_eq!(decoded.records, decoded.events + decoded.rejects);
    assert_eq!(decoded.records, script.0.len() as u64);
    assert_eq!(decoded.format, Format::Csv);
    script.0
}

#[test]
fn exports_of_the_console() {
    let expected = [
        "2024-05-01T00:00:00.001Z 111122223333/eu-west-1 g s Start R1",
        "2024-05-01T00:00:00.002Z 111122223333/eu-west-1 g s Application R1 failed",
        "2024-05-01T00:00:00.003Z 111122223333/eu-west-1 g s Report R1",
    ];
    let rows = "1714521600001,\"START RequestId: R1 Version: $LATEST\n\"\n\
                1714521600002,\"[ERROR] KeyError: \"\"id\"\"\nTraceback (most recent call last):\n  x, y\n\"\n\
                2024-05-01T00:00:00.003Z,REPORT RequestId: R1\tDuration: 3 ms\n";
    assert_eq!(read(&format!("timestamp,message\n{rows}")), expected);
    assert_eq!(read(&format!("\u{feff}\"timestamp\",\"message\"\r\n{rows}\r\n")), expected);
}

#[test]
fn results_of_logs_insights() {
    let rows = read(
        "@message,@ptr,@timestamp,@log,@logStream,@requestId,@duration\n\
         \"START RequestId: R1 Version: 7\n\",Cn1,2024-05-01 00:00:00.001,444455556666:/aws/lambda/resize,2024/05/01/[7]0a,R1,\n\
         x,,2024-05-01 00:00:00.002,,,,\n",
    );
    assert_eq!(
        rows,
        [
            "2024-05-01T00:00:00.001Z 444455556666/eu-west-1 resize 2024/05/01/[7]0a Start R1",
            "2024-05-01T00:00:00.002Z 111122223333/eu-west-1 g s Application",
        ]
        .map(str::to_owned)
        .map(|line| if line.ends_with("Application") { line + " " } else { line })
    );
    let rows = read(
        "@timestamp,@message,@logStream,@log,@aws.region,@aws.account\n\
         2024-05-01 00:00:00.001,x,s,444455556666:/aws/lambda/resize,eu-north-1,111122223333\n",
    );
    assert_eq!(rows, ["2024-05-01T00:00:00.001Z 111122223333/eu-north-1 resize s Application "]);
    let rows = read("@message\n2024-05-01T00:00:00.000Z R1 Task timed out after 3.00 seconds\nno time\n");
    assert_eq!(
        rows,
        [
            "2024-05-01T00:00:00.000Z 111122223333/eu-west-1 g s Platform R1 failed",
            "reject 2: there is no `@timestamp` column, and the message tells no time",
        ]
    );
}

#[test]
fn event_histories_of_cloudtrail() {
    let row = "2024-05-01T00:00:00Z,ann,CreateTrail,cloudtrail.amazonaws.com,AKIAEXAMPLE,192.0.2.7,false,AccessDenied,eu-west-1,e-1";
    let expected = "2024-05-01T00:00:00.000Z 111122223333/eu-west-1 e-1 cloudtrail:CreateTrail Unknown ann AKIAEXAMPLE \
                    192.0.2.7 Some(false) denied";
    for header in [
        "Event time,User name,Event name,Event source,AWS access key,Source IP address,Read-only,Error code,AWS region,Event ID",
        "EventTime,UserName,EventName,EventSource,AccessKeyId,SourceIPAddress,ReadOnly,ErrorCode,AwsRegion,EventId",
        "Event time, User name, Event name, Event source, Access key, Source IP address, Read only, Error code, Region, Event ID",
    ] {
        assert_eq!(read(&format!("{header}\n{row}\n")), [expected], "{header}");
    }
    let rows = read(
        "Event name,Event time,User name,Event source,Event ID,Resource name\n\
         ConsoleLogin,\"2024-05-01, 01:00:00 PM\",root,signin.amazonaws.com,e-2,\n\
         Decrypt,2024-05-01T00:00:00Z,kms.amazonaws.com,kms.amazonaws.com,e-3,[]\n\
         RunInstances,yesterday,ann,ec2.amazonaws.com,e-4,-\n\
         RunInstances,,ann,ec2.amazonaws.com,e-5,-\n",
    );
    assert_eq!(rows[0], "2024-05-01T13:00:00.000Z 111122223333/eu-west-1 e-2 signin:ConsoleLogin Root root   None ok");
    assert_eq!(
        rows[1],
        "2024-05-01T00:00:00.000Z 111122223333/eu-west-1 e-3 kms:Decrypt Service kms.amazonaws.com   None ok"
    );
    assert_eq!(rows[2], "reject 3: `eventTime` is \"yesterday\", which is not an RFC 3339 time");
    assert!(rows[3].starts_with("reject 4: `eventTime` is absent"), "{}", rows[3]);
}

#[test]
fn a_row_has_the_identity_of_its_record() {
    struct Identities(Vec<u64>);
    impl Sink for Identities {
        fn event(&mut self, event: &Event<'_>) {
            self.0.push(event.identity.0);
        }
        fn reject(&mut self, _: Reject) {}
    }
    let mut found = Identities(Vec::new());
    let origin = Origin { account: "111122223333", ..Origin::default() };
    let csv = "Event name,Event time,Event source,Event ID\nGetUser,2024-05-01T00:00:00Z,iam.amazonaws.com,e-1\n";
    decode(csv, &origin, &mut found).unwrap();
    let json = r#"{"eventVersion":"1.08","eventName":"GetUser","eventTime":"2024-05-01T00:00:00Z","eventSource":"iam.amazonaws.com",
        "eventID":"e-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"ann"}}"#;
    container::decode(json, &origin, &mut found).unwrap();
    assert_eq!(found.0.len(), 2);
    assert_eq!(found.0[0], found.0[1]);
}

#[test]
fn cloudtrail_records_in_log_messages() {
    let record = r#"{""eventVersion"":""1.08"",""eventTime"":""2024-05-01T00:00:00Z"",""eventSource"":""iam.amazonaws.com"",""eventName"":""GetUser"",""eventID"":""e-1"",""awsRegion"":""eu-west-1"",""recipientAccountId"":""444455556666""}"#;
    let rows = read(&format!("timestamp,message\n1714521600001,\"{record}\"\n"));
    assert_eq!(rows.len(), 1);
    assert!(rows[0].starts_with("2024-05-01T00:00:00.000Z 444455556666/eu-west-1 e-1 iam:GetUser"), "{}", rows[0]);
}

#[test]
fn bad_rows_cost_only_themselves() {
    let good = "2024-05-01T00:00:00.001Z 111122223333/eu-west-1 g s Application ";
    assert_eq!(
        read("timestamp,message\n1714521600001,x\n1714521600001,x,y\n\nsoon,x\n-5,x\n1714521600001,x"),
        [
            good,
            "reject 2: the row has 3 columns; 2 are wanted",
            "reject 3: `timestamp` is \"soon\", which is no time: RFC 3339 or milliseconds are wanted",
            "reject 4: `timestamp` is \"-5\", which is no time: RFC 3339 or milliseconds are wanted",
            good,
        ]
    );
    assert_eq!(
        read("timestamp,message\n1714521600001,x\n1714521600001,\"open\n1714521600001,x\n1714521600001,x\n"),
        [good, "reject 2: a quote is opened and never closed", good, good]
    );
}

#[test]
fn a_header_alone_is_no_record() {
    for text in ["timestamp,message", "timestamp,message\n", "@timestamp,@message\r\n\r\n", "Event name,Event time\n"] {
        assert_eq!(read(text), [""; 0], "{text:?}");
    }
}

#[test]
fn other_tables_are_none_of_ours() {
    for text in [
        "timestamp,value\n2014-04-02 14:29:00,0.066",
        "message,level\nx,y",
        "name,time\n",
        "@timestamp,@duration\n",
        "{\"timestamp\":1,\"message\":2}",
        "2024-05-01T00:00:00Z timestamp message",
        "\"timestamp,message\n1,2\n",
        "",
        "\n",
    ] {
        assert!(!looks_like(text), "{text:?}");
        assert!(decode(text, &Origin::default(), &mut Script::default()).is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn quoted_rows_are_one_record_each(messages in prop::collection::vec(any::<String>(), 0..20)) {
        let mut text = "timestamp,message\n".to_owned();
        for message in &messages {
            text += &format!("1714521600001,\"{}\"\n", message.replace('"', "\"\""));
        }
        prop_assert_eq!(read(&text).len(), messages.len());
    }

    #[test]
    fn any_text_is_counted(body in "[a,\"\n1]{0,200}") {
        // `read` compares the counts with what the sink was given.
        read(&format!("timestamp,message\n{body}"));
    }
}
