//! What is read here is what serde reads, or nothing is.

use std::fmt::Debug;

use proptest::prelude::*;
use serde::Deserialize;

use super::ends::special;
use super::*;
use crate::decode::field::parse_any;
use crate::decode::log_event::LogItem;
use crate::decode::properties::{apply, change, record};
use crate::decode::record::Record;

/// Is the value read? If so, it is the value that serde reads, and ends in the same place.
fn agrees<'t, T>(json: &'t str) -> bool
where
    T: Default + Compact<'t> + Deserialize<'t> + PartialEq + Debug,
{
    let (mut value, mut cursor) = (T::default(), Cursor::new(json, 0));
    let is_read = value.read(&mut cursor).is_some();
    if is_read {
        assert_eq!(parse_any::<T>(json, 0).ok(), Some((value, cursor.at)), "{json}");
    }
    is_read
}

/// `members` beside a time, in a record.
fn check(members: &[&str], expected: bool) {
    for members in members {
        let json = format!(r#"{{"eventTime":"2026-01-02T03:04:05Z",{members}}},{{"eventID":"next"}}]}}"#);
        assert_eq!(agrees::<Record<'_>>(&json), expected, "{json}");
    }
}

#[test]
fn usual_records_are_read() {
    assert!(agrees::<Record<'_>>(&record(1)));
    check(
        &[
            r#""eventID":"a","eventID":"b","userIdentity":{"arn":"x"},"userIdentity":{"type":"Root"}"#,
            r#""a":1,"b":-0.5e+7,"c":[],"d":{},"e":[{},[[]],"é"],"f":[1,2],"g":true,"h":false,"i":null"#,
            r#""userAgent":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","errorMessage":"","eventName":null"#,
            r#""other":"\"\\\/\b\f\n\r\t\u00e9\ud800","readOnly":"true","requestParameters":{"a": "b", "c":[1, 2]}"#,
            r#""userIdentity":null,"insightDetails":null,"readOnly":null,"requestParameters":null"#,
            r#""readOnly":true, "responseElements": null, "additionalEventData":"text""#,
            r#""summary":{"primaryDimension":{"statistics":[{"name":"PutObject","value":10},{"value":-1}]},"details":[]}"#,
        ],
        true,
    );
    assert!(agrees::<LogItem<'_>>(r#"{"id":"1","timestamp":1767323045678,"message":"a \"b\""}"#));
}

#[test]
fn the_unusual_is_declined() {
    check(
        &[
            r#""eventID":1"#,
            r#""eventID":["a"]"#,
            r#""event\u0049D":"a""#,
            r#""readOnly":"tru\u0065""#,
            r#""readOnly":0"#,
            r#""userAgent":"\ud800""#,
            r#""userIdentity":nul"#,
            r#""userIdentity":"null""#,
            "\"a\":1\n",
            "\"a\" :1",
            r#""summary":{"primaryDimension":{"statistics":[{"value":1.5}]}}"#,
        ],
        false,
    );
}

#[test]
fn the_invalid_is_declined() {
    let invalid = [
        "01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "-",
        "+1",
        "nul",
        "nulls",
        "True",
        "1x",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{]",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        r#"{"a":1:2}"#,
        r#"{"a"1}"#,
        r#"{"a":1"b":2}"#,
        "[1",
        "{",
        r#""\x""#,
        r#""\u12g4""#,
        r#""\u123""#,
        "\"\x01\"",
        "\"\t\"",
        "\"12345678\x1f\"",
        r#""open"#,
        r#""open\"#,
    ];
    for value in invalid {
        check(&[&format!(r#""other":{value}"#), &format!(r#""requestParameters":[{value}]"#)], false);
    }
}

#[test]
fn every_cut_and_every_place_of_an_odd_byte() {
    let json = record(1);
    for at in 0..json.len() {
        if json.is_char_boundary(at) {
            assert!(!agrees::<Record<'_>>(&json[..at]));
        }
        for odd in b"\"\\{}[],: \n\x00\x1f\x7f0e" {
            let mut bytes = json.clone().into_bytes();
            bytes[at] = *odd;
            agrees::<Record<'_>>(&String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn nesting_costs_no_stack() {
    for depth in [1, 62, 63, 64, 65, 100_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let json = format!(r#"{{"requestParameters":{open}{close},"a":{open}1{close}}}"#);
        assert_eq!(agrees::<Record<'_>>(&json), depth < 64, "{depth}");
    }
}

#[test]
fn marks_are_exact() {
    for length in 0..40 {
        for place in 0..length {
            for byte in 0..=255_u8 {
                let mut bytes = vec![b'a'; length];
                bytes[place] = byte;
                let found = matches!(byte, b'"' | b'\\' | 0..b' ').then_some(place);
                assert_eq!(special(&bytes, 0), found, "{byte} at {place} of {length}");
            }
        }
    }
}

/// JSON text, nearly always valid, with the names that are read of a record and others.
fn json() -> impl Strategy<Value = String> {
    let words = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "12345678901234567890",
        "1.5",
        "1e9",
        "1e999",
        "\"\"",
        "\"No\"",
        "\"7\"",
        "\"\\u00e9\"",
        "\"\\ud800\"",
        "\"{\"",
        "\"é \\\\\"",
        "\"a\\\"b\"",
        "01",
        "\"\n\"",
    ];
    let names = [
        "eventID",
        "eventTime",
        "userIdentity",
        "sessionContext",
        "sessionIssuer",
        "attributes",
        "arn",
        "readOnly",
        "requestParameters",
        "summary",
        "details",
        "statistics",
        "value",
        "mfaAuthenticated",
        "x",
        "",
        "event\\u0049D",
    ];
    let between = prop::sample::select(vec!["", "", "", "", "", "", " ", "\n"]);
    prop::sample::select(words.map(str::to_owned).to_vec()).prop_recursive(5, 40, 6, move |inner| {
        let member = (prop::sample::select(names.to_vec()), between.clone(), inner.clone());
        let member = member.prop_map(|(name, between, value)| format!("{between}\"{name}\":{between}{value}"));
        let members = prop::collection::vec(member, 0..7);
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(","))),
            3 => members.prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn agrees_on_any_json(json in json()) {
        agrees::<Record<'_>>(&json);
        agrees::<LogItem<'_>>(&json);
    }

    #[test]
    fn agrees_on_changed_json(
        json in prop_oneof![json(), Just(record(1))],
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..4),
    ) {
        let mut bytes = json.into_bytes();
        for (place, change) in &changes {
            apply(&mut bytes, *place, change);
        }
        agrees::<Record<'_>>(&String::from_utf8_lossy(&bytes));
    }
}
