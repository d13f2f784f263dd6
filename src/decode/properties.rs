//! What holds for any bytes: decoding ends, never panics, and every record is an event or a reject.

use base64::prelude::*;
use lapwing_detectors::event::Event;
use proptest::prelude::*;

use super::{Origin, Reject, Sink, decode, first_time};

#[derive(Default)]
struct Tally {
    events: u64,
    rejects: u64,
    in_order: bool,
}

impl Sink for Tally {
    fn event(&mut self, _: &Event<'_>) {
        self.events += 1;
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects += 1;
        self.in_order |= reject.record == self.events + self.rejects && !reject.what.is_empty();
        assert!(self.in_order, "{reject:?}");
    }
}

/// Decodes, and gives the number of records, which are all accounted for.
fn records(bytes: &[u8]) -> u64 {
    let mut tally = Tally::default();
    let _ = first_time(bytes);
    match decode(bytes, &Origin::default(), &mut tally) {
        Ok(found) => {
            assert_eq!((found.events, found.rejects), (tally.events, tally.rejects));
            assert_eq!(found.records, found.events + found.rejects);
            found.records
        }
        Err(refusal) => {
            assert_eq!(tally.events + tally.rejects, 0, "{refusal}");
            0
        }
    }
}

/// A record with something of everything that records hold.
pub(super) fn record(id: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE:s","arn":"arn:aws:sts::111122223333:assumed-role/etl/s","accountId":"111122223333","sessionContext":{{"sessionIssuer":{{}},"attributes":{{"mfaAuthenticated":"false"}}}}}},"eventTime":"2026-01-02T03:04:05Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","userAgent":"a \"quoted\" é \ud83d\ude00 agent","requestParameters":{{"a":[1,{{"b":null}}]}},"responseElements":{{"ConsoleLogin":"Failure"}},"additionalEventData":{{"MFAUsed":"No"}},"eventID":"{id}","readOnly":false,"recipientAccountId":"111122223333"}}"#
    )
}

fn envelope(records: &[String]) -> String {
    let quoted = |text: &String| serde_json::to_string(text).unwrap();
    let events: Vec<_> =
        records.iter().map(|r| format!(r#"{{"id":"1","timestamp":1,"message":{}}}"#, quoted(r))).collect();
    format!(
        r#"{{"owner":"111122223333","logGroup":"g","logStream":"s","messageType":"DATA_MESSAGE","logEvents":[{}]}}"#,
        events.join(",")
    )
}

/// The same records in every container.
fn documents(count: usize) -> Vec<String> {
    let records: Vec<_> = (0..count).map(record).collect();
    let quoted = |text: &String| serde_json::to_string(text).unwrap();
    let each =
        |form: &dyn Fn(&String) -> String, between: &str| records.iter().map(form).collect::<Vec<_>>().join(between);
    vec![
        format!(r#"{{"Records":[{}]}}"#, records.join(",")),
        format!("[{}]", records.join(", ")),
        records.join("\n"),
        records.concat(),
        each(&|r| format!(r#"{{"detail-type":"x","detail":{r}}}"#), "\n"),
        format!(r#"{{"Events":[{}]}}"#, each(&|r| format!(r#"{{"CloudTrailEvent":{}}}"#, quoted(r)), ",")),
        envelope(&records),
        format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, BASE64_STANDARD.encode(envelope(&records))),
        format!(
            r#"{{"results":[{}]}}"#,
            each(
                &|r| format!(r#"[{{"field":"@timestamp","value":"1"}},{{"field":"@message","value":{}}}]"#, quoted(r)),
                ","
            )
        ),
    ]
}

/// What may happen to a byte.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Set(u8),
    Insert(u8),
    Remove,
    Cut,
    Repeat(usize),
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\\n0ue".as_slice())];
    prop_oneof![
        4 => byte.clone().prop_map(Change::Set),
        4 => byte.prop_map(Change::Insert),
        4 => Just(Change::Remove),
        1 => Just(Change::Cut),
        1 => (0..300_usize).prop_map(Change::Repeat),
    ]
}

pub(super) fn apply(bytes: &mut Vec<u8>, place: prop::sample::Index, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let at = place.index(bytes.len());
    match *change {
        Change::Set(byte) => bytes[at] = byte,
        Change::Insert(byte) => bytes.insert(at, byte),
        Change::Remove => drop(bytes.remove(at)),
        Change::Cut => bytes.truncate(at),
        Change::Repeat(length) => {
            let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        records(&bytes);
    }

    #[test]
    fn whole_documents(count in 1..6_usize) {
        for document in documents(count) {
            prop_assert_eq!(records(document.as_bytes()), count as u64, "{}", document);
        }
    }

    #[test]
    fn changed_documents(
        count in 1..4_usize,
        form in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..6),
    ) {
        let documents = documents(count);
        let mut bytes = form.get(&documents).clone().into_bytes();
        for (place, change) in &changes {
            apply(&mut bytes, *place, change);
        }
        records(&bytes);
    }

    /// One changed byte spoils at most the record that it is in and the one after it.
    #[test]
    fn one_changed_byte_spoils_little(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = format!(r#"{{"Records":[{}]}}"#, (0..20).map(record).collect::<Vec<_>>().join(","));
        let inside = r#"{"Records":["#.len() + place.index(text.len() - r#"{"Records":[]}"#.len());
        prop_assert!(events_with(&text, inside, byte) >= 18, "{byte} at {inside}");
    }
}

fn events_with(text: &str, place: usize, byte: u8) -> u64 {
    let mut bytes = text.as_bytes().to_vec();
    bytes[place] = byte;
    let mut tally = Tally::default();
    decode(&bytes, &Origin::default(), &mut tally).unwrap();
    tally.events
}

/// The places where one record ends and the next begins are few, so that chance would miss them: every byte there.
#[test]
fn one_changed_byte_between_records_spoils_little() {
    let records: Vec<_> = (0..8).map(record).collect();
    let log_file = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let list = format!("[{}]", records.join(","));
    for text in [log_file, list, records.join("\n"), envelope(&records)] {
        let middle = text.len() / 2;
        let border = middle + text[middle..].find("},{").or_else(|| text[middle..].find("}\n{")).unwrap();
        for place in border..border + 4 {
            for byte in 0..=255 {
                let events = events_with(&text, place, byte);
                assert!(events >= 6, "{events} events with {:?} at {place} of\n{text}", char::from(byte));
            }
        }
    }
}
