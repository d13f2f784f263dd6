//! Text from a log, made safe for the place where it is shown: terminal, spreadsheet, mail subject, chat.
//!
//! Outsiders choose much of what a log contains: user names, user agents, error messages. None of it may move a
//! cursor, start a formula, break a subject line, call people into a chat or become a link.

use std::borrow::Cow;

/// The longest subject that SNS takes, in characters ("less than 100", from its API reference for `Publish`).
pub const SUBJECT_LIMIT: usize = 99;

/// Text as a person may see it anywhere: one line, every control and invisible character written out (`\n`,
/// `\u{1b}`), and at most `limit` characters, of which the last is `…` where something was cut off.
#[must_use]
pub fn clean(text: &str, limit: usize) -> Cow<'_, str> {
    let mut ahead = text.chars();
    if ahead.by_ref().take(limit).all(|c| !is_hidden(c)) && ahead.next().is_none() {
        return Cow::Borrowed(text);
    }
    let mut shown = Shown::new(limit);
    for c in text.chars() {
        if !shown.push(c) {
            break;
        }
    }
    Cow::Owned(shown.text)
}

/// Text for a cell of a CSV file, with the bounds of [`clean`]: what a spreadsheet would run as a formula begins with
/// `'`. Quoting is the CSV writer's work.
#[must_use]
pub fn csv_cell(text: &str, limit: usize) -> Cow<'_, str> {
    // Leading spaces do not stop a spreadsheet, nor do the full-width forms of the four signs.
    let formula =
        |c| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}');
    if !text.trim_start().starts_with(formula) {
        return clean(text, limit);
    }
    match limit {
        0 => Cow::Borrowed(""),
        _ => Cow::Owned(format!("'{}", clean(text, limit - 1))),
    }
}

/// Text as the subject of a mail, as SNS demands it: printable ASCII on one line, fewer than 100 characters, beginning
/// with neither a space nor nothing at all. Other characters become their nearest, or `?`.
#[must_use]
pub fn mail_subject(text: &str) -> String {
    let mut subject = String::new();
    for c in text.trim().chars().take(SUBJECT_LIMIT + 1) {
        match c {
            ' '..='~' => subject.push(c),
            c if c.is_whitespace() || c.is_control() => subject.push(' '),
            c if is_hidden(c) => {}
            c => subject.push_str(nearest_ascii(c)),
        }
    }
    let subject = subject.trim();
    if subject.is_empty() {
        return "(no subject)".to_owned();
    }
    let uncut = text.trim().chars().nth(SUBJECT_LIMIT).is_none() && subject.len() <= SUBJECT_LIMIT;
    if uncut {
        subject.to_owned()
    } else {
        format!("{}...", subject[..subject.len().min(SUBJECT_LIMIT - 3)].trim_end())
    }
}

/// Text as a piece of a chat message in the client's own Markdown, with the bounds of [`clean`] before escaping.
///
/// It becomes a code span, because Slack knows no escape for `*`, `_` and `~` and turns bare addresses into links,
/// while within a code span nothing is formatted, linked or mentioned, and names can be copied as they are. A backtick
/// becomes `'`; `&`, `<` and `>` become entities, as Slack demands of all text (`<!here>` is how it calls people).
#[must_use]
pub fn chat_text(text: &str, limit: usize) -> String {
    let text = clean(text, limit);
    if text.is_empty() {
        return String::new();
    }
    let mut span = String::with_capacity(text.len() + 2);
    span.push('`');
    for c in text.chars() {
        match c {
            '`' => span.push('\''),
            '&' => span.push_str("&amp;"),
            '<' => span.push_str("&lt;"),
            '>' => span.push_str("&gt;"),
            c => span.push(c),
        }
    }
    span.push('`');
    span
}

/// What has been shown so far, and where to cut it if the rest does not fit.
struct Shown {
    text: String,
    chars: usize,
    limit: usize,
    /// The length in bytes up to which the text and a `…` fit.
    cut: usize,
}

impl Shown {
    fn new(limit: usize) -> Shown {
        Shown { text: String::new(), chars: 0, limit, cut: 0 }
    }

    /// Adds a character, or ends the text with `…` and says `false`. What is written out is never cut in its middle.
    fn push(&mut self, c: char) -> bool {
        let width = if is_hidden(c) { c.escape_default().count() } else { 1 };
        if self.chars + width > self.limit {
            self.text.truncate(self.cut);
            if self.limit > 0 {
                self.text.push('…');
            }
            return false;
        }
        match is_hidden(c) {
            true => self.text.extend(c.escape_default()),
            false => self.text.push(c),
        }
        self.chars += width;
        if self.chars < self.limit {
            self.cut = self.text.len();
        }
        true
    }
}

/// Does a character act on the place where it is shown, or not show at all? Control characters of both sets, what
/// turns the direction of text, what has no width or only looks empty, tags and variation selectors.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The ASCII text nearest to a character, or `?`.
fn nearest_ascii(c: char) -> &'static str {
    match c {
        '·' | '•' | '‐'..='―' | '−' => "-",
        '…' => "...",
        '→' => "->",
        '←' => "<-",
        '‘' | '’' | '‚' | '′' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '×' => "x",
        '≥' => ">=",
        '≤' => "<=",
        'À'..='Å' => "A",
        'à'..='å' => "a",
        'Æ' => "AE",
        'æ' => "ae",
        'Ç' => "C",
        'ç' => "c",
        'È'..='Ë' => "E",
        'è'..='ë' => "e",
        'Ì'..='Ï' => "I",
        'ì'..='ï' => "i",
        'Ñ' => "N",
        'ñ' => "n",
        'Ò'..='Ö' | 'Ø' => "O",
        'ò'..='ö' | 'ø' => "o",
        'Ù'..='Ü' => "U",
        'ù'..='ü' => "u",
        'Ý' => "Y",
        'ý' | 'ÿ' => "y",
        'ß' => "ss",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_hidden_is_shown() {
        for (text, limit, wanted) in [
            ("role/etl-nightly", 40, "role/etl-nightly"),
            ("", 0, ""),
            ("Zoë · 東京", 8, "Zoë · 東京"),
            ("a\r\nb\tc", 40, r"a\r\nb\tc"),
            ("\u{1b}[2J\u{9b}31m", 40, r"\u{1b}[2J\u{9b}31m"),
            ("pay\u{200b}ment", 40, r"pay\u{200b}ment"),
            ("ann\u{202e}nimda", 40, r"ann\u{202e}nimda"),
            ("\u{feff}x\u{e0041}", 40, r"\u{feff}x\u{e0041}"),
            ("a\u{7f}", 40, r"a\u{7f}"),
            ("line\u{2028}two", 40, r"line\u{2028}two"),
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abcde…"),
            ("äöüß", 3, "äö…"),
            ("abc\u{1b}", 6, "abc…"),
            ("abcde\n", 6, "abcde…"),
            ("ab\u{1b}x", 8, "ab…"),
            ("ab\u{1b}xy", 9, r"ab\u{1b}…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(clean(text, limit), wanted, "{text:?} within {limit}");
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, wanted) in [
            ("ann", "ann"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1+1", "'  =1+1"),
            ("\u{205f}=1", "'\u{205f}=1"),
            ("\t=1", r"'\t=1"),
            ("\r\n=1", r"'\r\n=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(csv_cell(text, 40), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_subject_is_what_sns_takes() {
        let long = "x".repeat(120);
        for (text, wanted) in [
            ("[HIGH] prod-pay: ann denied on 14 APIs", "[HIGH] prod-pay: ann denied on 14 APIs"),
            ("LOW→MEDIUM · Zoë", "LOW->MEDIUM - Zoe"),
            ("a\r\nBcc: all@example.com", "a  Bcc: all@example.com"),
            ("  東京 ok", "?? ok"),
            ("pay\u{200b}ment", "payment"),
            ("\u{1b}[31mred", "[31mred"),
            (" \n ", "(no subject)"),
            (&long[..99], &long[..99]),
            (&long, &format!("{}...", &long[..96])),
            (&"…".repeat(40), &".".repeat(99)),
        ] {
            assert_eq!(mail_subject(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn chat_formats_links_and_mentions_nothing() {
        for (text, wanted) in [
            ("role/etl_nightly", "`role/etl_nightly`"),
            ("*bold* _it_ ~no~", "`*bold* _it_ ~no~`"),
            ("a`b` <!here>", "`a'b' &lt;!here&gt;`"),
            (
                "[pay](https://example.com) & <https://example.com|x>",
                "`[pay](https://example.com) &amp; &lt;https://example.com|x&gt;`",
            ),
            ("@here\nsecond line", r"`@here\nsecond line`"),
            ("", ""),
        ] {
            assert_eq!(chat_text(text, 200), wanted, "{text:?}");
        }
    }

    /// Any text, often with characters that act.
    fn anything() -> impl Strategy<Value = String> {
        let acting =
            prop_oneof![any::<char>(), "[\u{0}-\u{9f}\u{200b}-\u{206f}`<&=+@…é]".prop_map(|text| first(&text))];
        prop::collection::vec(acting, 0..140).prop_map(String::from_iter)
    }

    fn first(text: &str) -> char {
        text.chars().next().unwrap()
    }

    proptest! {
        #[test]
        fn bounds_hold_for_any_text(text in anything(), limit in 0_usize..150) {
            for shown in [clean(&text, limit), csv_cell(&text, limit)] {
                prop_assert!(shown.chars().count() <= limit);
                prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
            }
            let once = clean(&text, limit);
            prop_assert_eq!(clean(&once, limit), &*once, "cleaning twice changes nothing");
            prop_assert!(!csv_cell(&text, limit).trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']));
        }

        #[test]
        fn a_subject_is_one_line_of_ascii(text in anything()) {
            let subject = mail_subject(&text);
            prop_assert!((1..=SUBJECT_LIMIT).contains(&subject.len()));
            prop_assert!(subject.chars().all(|c| matches!(c, ' '..='~')), "{subject:?}");
            prop_assert!(!subject.starts_with(' '));
        }

        #[test]
        fn a_code_span_ends_where_it_should(text in anything(), limit in 0_usize..150) {
            let span = chat_text(&text, limit);
            let inner = span.strip_prefix('`').and_then(|s| s.strip_suffix('`')).unwrap_or_default();
            prop_assert!(span.is_empty() || span.len() >= 3);
            prop_assert!(!inner.contains(['`', '<', '>']), "{span:?}");
            prop_assert!(!inner.chars().any(is_hidden), "{span:?}");
        }
    }
}
