//! Members of wrong types, missing ones, and strange ones.

use super::*;

object! {
    /// One member of each kind.
    Sample<'a> {
        text: Text<'a> = "text",
        flag: Flag = "flag",
        number: Number = "number" | "count",
        raw: Raw<'a> = "raw",
        inner: Inner<'a> = "inner",
        list: List<Inner<'a>> = "list",
    }
}

object! {
    /// A nested object.
    Inner<'a> {
        name: Text<'a> = "name",
    }
}

fn check(json: &str, expected: &str) {
    let shown = match serde_json::from_str::<Sample<'_>>(json) {
        Ok(s) => format!(
            "{}|{:?}|{:?}|{}|{}|{}",
            &*s.text,
            s.flag.0,
            s.number.0,
            s.raw.0,
            &*s.inner.name,
            s.list.0.iter().map(|i| &*i.name).collect::<Vec<_>>().join("+")
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expected, "{json}");
}

#[test]
fn reads_what_has_the_right_type() {
    check(
        r#"{"text":"a\nb","flag":"YES","number":"7","raw":{"x":[1]},"inner":{"name":"n"},"list":[{"name":"p"},{"name":"q"}],"other":[{}]}"#,
        "a\nb|Some(true)|Some(7)|{\"x\":[1]}|n|p+q",
    );
    check(r#"{"flag":false,"count":1.7e12,"raw":null}"#, "|Some(false)|Some(1700000000000)|||");
}

#[test]
fn a_wrong_type_is_empty_and_spares_its_neighbours() {
    check(
        r#"{"text":[{"x":[]}],"flag":{"y":1},"number":"many","inner":"no","list":{"z":2},"raw":1}"#,
        "|None|None|1||",
    );
    check(r#"{"text":5,"flag":3,"number":null,"inner":[1,[2]],"list":[7,{"name":"q"}]}"#, "|None|None|||+q");
    check(r#"[1,2]"#, "|None|None|||");
    check("null", "|None|None|||");
}

#[test]
fn of_a_member_that_comes_twice_the_last_counts() {
    check(r#"{"text":"a","number":1,"text":"b","count":2}"#, "b|None|Some(2)|||");
}

#[test]
fn deep_nesting_in_place_of_any_member_costs_no_stack() {
    for key in ["text", "flag", "number", "raw", "inner", "list", "other"] {
        let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
        let json = format!(r#"{{"{key}":{open}{close},"text":"end"}}"#);
        assert_eq!(&*serde_json::from_str::<Sample<'_>>(&json).unwrap().text, "end", "{key}");
    }
}

#[test]
fn text_of_raw_values() {
    let check = |json: &str, expected: &str| assert_eq!(Raw(json).text(), expected, "{json}");
    check(r#""a\tb""#, "a\tb");
    check(r#"{"a":1}"#, r#"{"a":1}"#);
    check(r#""lone \ud800 half""#, "lone \u{fffd} half");
}
