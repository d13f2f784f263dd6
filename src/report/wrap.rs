//! Breaking prose into lines for a terminal or a comment.

/// Breaks text between words into lines of at most `width` characters; a longer word keeps a line of its own.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_between_words() {
        for (text, width, wanted) in [
            ("one two three", 7, vec!["one two", "three"]),
            ("one two three", 13, vec!["one two three"]),
            ("unbreakable a b", 3, vec!["unbreakable", "a b"]),
            ("é é é", 3, vec!["é é", "é"]),
            ("", 5, vec![]),
        ] {
            assert_eq!(wrap(text, width), wanted, "{text:?} within {width}");
        }
    }
}
