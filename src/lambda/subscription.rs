//! Subscription payloads of CloudWatch Logs: opened far enough to know where they come from.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::decode::gzip::Inflater;

/// The most that a payload may inflate to. AWS sends at most 1 MiB, and logs shrink about tenfold.
pub(super) const INFLATED: usize = 64 << 20;

/// A payload, opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// What decoding should read: the inner JSON, or the payload itself when it is no subscription's.
    pub bytes: Cow<'a, [u8]>,
    /// The log group that it comes from; empty when the payload does not say.
    pub group: String,
}

impl Opened<'_> {
    /// The same with bytes of its own.
    pub(super) fn into_owned(self) -> Opened<'static> {
        Opened { bytes: Cow::Owned(self.bytes.into_owned()), group: self.group }
    }
}

/// Opens a payload. What cannot be opened stays as it is: decoding says what is wrong with it.
#[must_use]
pub fn open(payload: &[u8]) -> Opened<'_> {
    match inflate(payload) {
        Some(inner) => Opened { group: group(&inner), bytes: Cow::Owned(inner) },
        // On its way through a stream it is not wrapped.
        None => Opened { bytes: Cow::Borrowed(payload), group: group(payload) },
    }
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow)]
    awslogs: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow, rename = "logGroup")]
    group: Cow<'a, str>,
}

fn inflate(payload: &[u8]) -> Option<Vec<u8>> {
    let outer: Outer<'_> = serde_json::from_slice(payload).ok()?;
    let packed = BASE64_STANDARD.decode(outer.awslogs.data.as_bytes()).ok()?;
    let mut inner = Vec::new();
    Inflater::new().inflate(&packed, &mut inner, INFLATED).ok()?;
    Some(inner)
}

fn group(inner: &[u8]) -> String {
    serde_json::from_slice(inner).map(|inner: Inner<'_>| inner.group.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(inner: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(inner).unwrap();
        format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, BASE64_STANDARD.encode(gzip.finish().unwrap())).into_bytes()
    }

    #[test]
    fn a_payload_says_its_group() {
        for (inner, wanted) in [
            (r#"{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/pay","logEvents":[]}"#, "/aws/lambda/pay"),
            (r#"{"logGroup":"a\u002fb","later":{"unknown":[1]}}"#, "a/b"),
            (r#"{"logGroup":7}"#, ""),
            (r"{}", ""),
            ("not JSON", ""),
        ] {
            let payload = packed(inner.as_bytes());
            let opened = open(&payload);
            assert_eq!((opened.bytes.as_ref(), opened.group.as_str()), (inner.as_bytes(), wanted));
        }
    }

    #[test]
    fn what_cannot_be_opened_stays_as_it_is() {
        let bomb = packed(&vec![b' '; INFLATED + 1]);
        for payload in [
            b"{}".as_slice(),
            b"",
            b"null",
            br#"{"awslogs":{"data":"%%%"}}"#,
            // The first bytes of a gzip file, and no more.
            br#"{"awslogs":{"data":"H4sIAAAA"}}"#,
            br#"{"awslogs":{"data":7}}"#,
            &bomb,
        ] {
            assert_eq!(open(payload), Opened { bytes: Cow::Borrowed(payload), group: String::new() });
        }
    }
}
