//! Lines of log text: the S3 export of a log group (`TIME message`), `aws logs tail` (`TIME STREAM message`), and logs
//! whose lines carry a time of their own.
//!
//! A line that begins with no time goes on with the message of the line before it.

use super::lambda::{self, Invocations, LogEvent};
use super::{Counter, Decoded, Format, Origin, Refusal, Sink, embedded};

/// Lines that may stand before the first one with a time: a log that was cut begins in the middle of a message.
const LEAD: usize = 50;

/// Is this log text? One of its first lines begins with an RFC 3339 time.
#[must_use]
pub fn looks_like(text: &str) -> bool {
    line_starts(text).take(LEAD).any(|at| lambda::leading_time(text[at..].trim_start()).is_some())
}

/// Reads log text: each line that begins with a time, with the lines that belong to it, is one record. What stands
/// before the first time is one reject.
///
/// # Errors
/// When no line begins with a time.
pub fn decode(text: &str, origin: &Origin<'_>, sink: &mut dyn Sink) -> Result<Decoded, Refusal> {
    let mut starts = line_starts(text).filter(|&at| lambda::leading_time(&text[at..]).is_some()).peekable();
    let Some(&first) = starts.peek() else {
        return Err(Refusal::no_log(text));
    };
    let mut out = Counter::new(sink);
    if !text[..first].trim().is_empty() {
        out.refuse("the text begins without a time; a line that begins with an RFC 3339 time is wanted");
    }
    let mut invocations = Invocations::default();
    while let Some(start) = starts.next() {
        let end = starts.peek().copied().unwrap_or(text.len());
        match log_event(&text[start..end], origin) {
            Some(record) if embedded::read(record.message, &Origin::from(&record), &mut out) => {}
            Some(record) => invocations.read(&record, &mut out),
            None => out.refuse("the line begins without an RFC 3339 time"),
        }
    }
    let (events, rejects) = (out.events, out.rejects);
    Ok(Decoded { records: events + rejects, events, rejects, format: Format::Text, ..Decoded::default() })
}

fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1))
}

/// One record from its time on; `None` when it begins with none.
fn log_event<'a>(record: &'a str, origin: &Origin<'a>) -> Option<LogEvent<'a>> {
    let time = lambda::leading_time(record)?;
    let after = record.find(char::is_whitespace).map_or("", |end| &record[end..]);
    let (stream, message) = match after.strip_prefix(' ') {
        Some(message) => streamed(message).unwrap_or((origin.log_stream, message)),
        // A tab or nothing after it: the runtime wrote the time itself.
        None => (origin.log_stream, record),
    };
    let Origin { account, region, log_group: group, .. } = *origin;
    Some(LogEvent { group, stream, account, region, id: "", time, message })
}

/// The stream that `aws logs tail` puts before the message.
fn streamed(message: &str) -> Option<(&str, &str)> {
    let end = message.find(char::is_whitespace)?;
    let (stream, message) = message.split_at(end);
    lambda::is_stream(stream).then(|| (stream, message.strip_prefix(' ').unwrap_or(message)))
}

#[cfg(test)]
mod tests {
    use lapwing_detectors::event::{Event, What};
    use proptest::prelude::*;

    use super::super::Reject;
    use super::*;

    const R1: &str = "0a1b2c3d-1111-4222-8333-0123456789ab";

    #[derive(Default)]
    struct Script(Vec<String>);

    impl Sink for Script {
        fn event(&mut self, event: &Event<'_>) {
            let log = match event.what {
                What::Log(log) => log,
                What::Call(call) => return self.0.push(format!("{}:{}", call.service, call.name)),
            };
            let line = format!("{:?}", log.line);
            let line = line.split([' ', '(']).next().unwrap_or_default();
            let failed = if log.failure.is_some() { " failed" } else { "" };
            let time = event.time.format("%H:%M:%S%.3f");
            let request = log.request.replace(R1, "R1");
            self.0.push(format!("{time} {}|{}|{line}|{request}{failed}", log.function, log.stream));
        }

        fn reject(&mut self, reject: Reject) {
            self.0.push(format!("reject {}: {}", reject.record, reject.what));
        }
    }

    fn check(text: &str, expected: &[&str]) {
        let origin = Origin { log_group: "/aws/lambda/resize", log_stream: "s", ..Origin::default() };
        let mut script = Script::default();
        let decoded = decode(&text.replace("R1", R1), &origin, &mut script).unwrap();
        assert_eq!(script.0, expected, "{text:?}");
        assert_eq!(decoded.records, decoded.events + decoded.rejects);
        assert_eq!(decoded.records, expected.len() as u64);
        assert_eq!(decoded.format, Format::Text);
    }

    #[test]
    fn exports() {
        check(
            "2024-05-01T00:00:00.123Z START RequestId: R1 Version: $LATEST\n\
             2024-05-01T00:00:00.500Z [ERROR] KeyError: 'id'\nTraceback (most recent call last):\n  File \"a.py\"\n\n\
             2024-05-01T00:00:01.000Z 2024-05-01T00:00:01.000Z R1 Task timed out after 3.00 seconds\r\n\n\
             2024-05-01T00:00:01.000Z REPORT RequestId: R1\tDuration: 3000 ms\n",
            &[
                "00:00:00.123 resize|s|Start|R1",
                "00:00:00.500 resize|s|Application|R1 failed",
                "00:00:01.000 resize|s|Platform|R1 failed",
                "00:00:01.000 resize|s|Report|R1",
            ],
        );
        check("2024-05-01T00:00:00.123Z", &["00:00:00.123 resize|s|Application|"]);
        check("\n2024-05-01T00:00:00.123Z \n", &["00:00:00.123 resize|s|Application|"]);
    }

    #[test]
    fn tails() {
        check(
            "2024-05-01T02:00:00.123000+02:00 2024/05/01/[$LATEST]0a START RequestId: R1 Version: 7\n\
             2024-05-01T02:00:00.124000+02:00 2024/05/01/[7]0b x\n",
            &[
                "00:00:00.123 resize|2024/05/01/[$LATEST]0a|Start|R1",
                "00:00:00.124 resize|2024/05/01/[7]0b|Application|",
            ],
        );
    }

    #[test]
    fn lines_with_a_time_of_their_own() {
        check(
            "2024-05-01T00:00:00.000Z\tR1\tERROR\tInvoke Error \t{\"errorType\":\"Error\"}\n",
            &["00:00:00.000 resize|s|Application|R1 failed"],
        );
    }

    #[test]
    fn exports_of_a_trail() {
        let record = r#"{"eventVersion":"1.08","eventTime":"2024-05-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"GetUser"}"#;
        let text = format!("2024-05-01T00:05:00.000Z {record}\n");
        let mut script = Script::default();
        let decoded = decode(&text, &Origin { log_group: "trail", ..Origin::default() }, &mut script).unwrap();
        assert_eq!((script.0, decoded.records), (vec!["iam:GetUser".to_owned()], 1));
        check(&text, &["00:05:00.000 resize|s|Application|"]);
    }

    #[test]
    fn text_before_the_first_time_is_one_reject() {
        check(
            "$ aws logs tail\n\n2024-05-01T00:00:00Z x",
            &[
                "reject 1: the text begins without a time; a line that begins with an RFC 3339 time is wanted",
                "00:00:00.000 resize|s|Application|",
            ],
        );
    }

    #[test]
    fn recognised_by_its_first_line() {
        for (text, expected) in [
            ("2024-05-01T00:00:00.123Z x", true),
            ("\n \n2024-05-01T00:00:00+02:00 x", true),
            ("2024-05-01T99:00:00Z x", false),
            ("2024-05-01 00:00:00 x", false),
            ("START RequestId: 1", false),
            ("", false),
            ("é", false),
        ] {
            assert_eq!(looks_like(text), expected, "{text:?}");
        }
        assert!(decode("no time\nat all", &Origin::default(), &mut Script::default()).is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_lost(lines in prop::collection::vec("[^\n0-9]{0,20}", 0..20), times in 1usize..10) {
            let timed: String = lines.iter().take(times).map(|line| format!("2024-05-01T00:00:00Z {line}\n")).collect();
            let untimed = lines.iter().skip(times).fold(String::new(), |text, line| text + line + "\n");
            let mut script = Script::default();
            if let Ok(decoded) = decode(&(timed + &untimed), &Origin::default(), &mut script) {
                prop_assert_eq!(decoded.records, lines.len().min(times) as u64);
                prop_assert_eq!(decoded.records, script.0.len() as u64);
            }
        }
    }
}
