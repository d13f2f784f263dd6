//! `lapwing init`: a settings file that explains itself, from what the detectors say about their settings.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{DEFAULT_CONFIG, Error, Exit, shown};
use crate::report::wrap::wrap;
use crate::settings::catalog::{Catalog, Entry};

/// The sections that are no detector's, with places for an example of one.
const SECTIONS: &str = include_str!("init.toml");
/// The width of a comment without its mark, in characters.
const WIDTH: usize = 78;

/// Write a settings file with every setting explained
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where to; `-` prints it
    #[arg(value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub file: PathBuf,
    /// Overwrite the file if it is there
    #[arg(long)]
    pub force: bool,
}

/// Writes the file, or prints it.
///
/// # Errors
/// A file that is already there, or cannot be written.
pub fn run(args: &Args, catalog: &Catalog, out: &mut dyn Write) -> Result<Exit, Error> {
    let text = text(catalog);
    if args.file == Path::new("-") {
        out.write_all(text.as_bytes())?;
        return Ok(Exit::Fine);
    }
    write_file(args, &text).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists(args.file.clone()),
        _ => Error::File { path: args.file.clone(), error },
    })?;
    let config = match args.file == Path::new(DEFAULT_CONFIG) {
        true => String::new(),
        false => format!(" --config {}", shown(&args.file)),
    };
    writeln!(out, "wrote {}: everything in it is commented out, so the defaults apply", shown(&args.file))?;
    writeln!(out, "next: edit it, then run lapwing check{config}")?;
    Ok(Exit::Fine)
}

fn write_file(args: &Args, text: &str) -> io::Result<()> {
    let mut file = match args.force {
        true => File::create(&args.file)?,
        false => OpenOptions::new().write(true).create_new(true).open(&args.file)?,
    };
    file.write_all(text.as_bytes())
}

/// The whole file.
#[must_use]
pub fn text(catalog: &Catalog) -> String {
    let mut text = String::new();
    let example = catalog.detectors().find(|entry| !entry.about.never_muted && !entry.fields.is_empty());
    for line in SECTIONS.lines() {
        match example {
            Some(entry) => text.push_str(&filled(line, entry)),
            None if line.contains("{detector}") => continue,
            None => text.push_str(line),
        }
        text.push('\n');
    }
    for entry in catalog.detectors() {
        detector(entry, &mut text);
    }
    text
}

fn filled(line: &str, Entry { about, fields, .. }: &Entry) -> String {
    let field = fields.first().map(|(field, default)| format!("{} = {default}", field.name)).unwrap_or_default();
    line.replace("{detector}", about.id).replace("{field}", &field)
}

/// The section of one detector.
fn detector(entry: &Entry, text: &mut String) {
    let about = entry.about;
    text.push('\n');
    comment(&format!("{}. {}", about.title, about.what), text);
    if about.never_muted {
        comment("It is never muted: it cannot be switched off, capped or allowed.", text);
    }
    text.push_str(&format!("[detectors.{}]\n", about.id));
    if !about.never_muted {
        text.push_str("#enabled = true\n#max_severity = \"critical\"\n");
    }
    for (field, default) in &entry.fields {
        comment(&format!("{} ({})", field.doc, default.range(field)), text);
        text.push_str(&format!("#{} = {default}\n", field.name));
    }
}

fn comment(prose: &str, text: &mut String) {
    for line in wrap(prose, WIDTH) {
        text.push_str("# ");
        text.push_str(&line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::settings::tests::catalog;
    use crate::settings::{Settings, Tuning};

    /// The file with every setting switched on.
    fn switched_on(catalog: &Catalog) -> String {
        let on = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        };
        text(catalog).lines().map(on).collect()
    }

    #[test]
    fn as_written_it_means_the_defaults() {
        for catalog in [catalog(), Catalog::built_in()] {
            let settings = Settings::read("x", &text(&catalog), &catalog).unwrap();
            let tuned: Vec<_> = settings.detectors.values().filter(|tuning| **tuning != Tuning::default()).collect();
            assert!(tuned.is_empty(), "{tuned:?}");
            assert_eq!(Settings { detectors: Settings::default().detectors, ..settings }, Settings::default());
        }
    }

    #[test]
    fn switched_on_it_has_no_mistakes_and_shows_the_defaults() {
        for catalog in [catalog(), Catalog::built_in()] {
            let settings = Settings::read("x", &switched_on(&catalog), &catalog).unwrap_or_else(|e| panic!("{e}"));
            let default = Settings::default();
            assert_eq!((settings.lateness, settings.limits), (default.lateness, default.limits));
            assert_eq!(settings.budget, default.budget);
            assert_eq!((settings.metrics, settings.off), (default.metrics, default.off));
            assert_eq!(settings.state.table.as_deref(), Some("lapwing-state"));
            assert_eq!((settings.owners.len(), settings.overrides.len()), (2, 1));
            assert_eq!((settings.noise, settings.deployers.len()), (default.noise, 1));
            assert_eq!((settings.allow.len(), settings.sns.len(), settings.accounts.len()), (1, 1, 1));
            for entry in catalog.detectors() {
                let shown = settings.detectors[entry.about.id].fields();
                let wanted: Vec<_> = entry.fields.iter().map(|(field, default)| (field.name, *default)).collect();
                assert_eq!(shown, wanted, "{}", entry.about.id);
            }
        }
    }

    /// A wrong key in every section makes the reader list the keys that it knows: each stands in the file.
    #[test]
    fn every_key_that_is_read_is_explained() {
        let file = switched_on(&catalog());
        let wrong: String = file
            .lines()
            .map(|line| if line.starts_with('[') { format!("{line}\n\"???\" = 1\n") } else { format!("{line}\n") })
            .collect();
        let mistakes = Settings::read("x", &format!("\"???\" = 1\n{wrong}"), &catalog()).unwrap_err();
        assert!(mistakes.found.len() > 10, "{mistakes}");
        for mistake in mistakes.found {
            let known = mistake.hint.as_deref().and_then(|hint| hint.strip_prefix("known here: ")).unwrap_or_default();
            assert!(!known.is_empty(), "{mistake:?}");
            for key in known.split(", ") {
                let explained = file.lines().any(|line| {
                    let heading = line.trim_matches(['[', ']']);
                    line.starts_with(&format!("{key} = ")) || heading == key || heading.starts_with(&format!("{key}."))
                });
                assert!(explained || catalog().get(key).is_some(), "`{key}` is read, but the file does not show it");
            }
        }
    }

    #[test]
    fn a_file_is_not_overwritten_unless_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        let init = |file: &Path, force| run(&Args { file: file.to_owned(), force }, &catalog(), &mut Vec::new());
        fs::write(&path, "mine").unwrap();
        assert!(matches!(init(&path, false), Err(Error::Exists(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(init(&path, true).unwrap(), Exit::Fine);
        assert_eq!(fs::read_to_string(&path).unwrap(), text(&catalog()));
        assert!(matches!(init(&folder.path().join("no/such.toml"), false), Err(Error::File { .. })));
        assert!(init(folder.path(), true).is_err());
    }

    #[test]
    fn a_dash_prints_it() {
        let mut out = Vec::new();
        run(&Args { file: "-".into(), force: false }, &catalog(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text(&catalog()));
    }

    #[test]
    fn no_line_is_wider_than_a_page() {
        let file = text(&Catalog::built_in());
        let wide: Vec<_> = file.lines().filter(|line| line.chars().count() > WIDTH + 2).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }

    proptest! {
        /// Whatever is broken in a file, it is read to its end, and what is said about it is safe on a terminal.
        #[test]
        fn a_broken_file_does_no_harm(
            at in 0_usize..5000,
            length in 0_usize..40,
            put in "\\PC{0,9}|[\u{0}-\u{20}\"'=\\[\\]{}.#]{0,9}",
        ) {
            let file: Vec<char> = switched_on(&catalog()).chars().collect();
            let (start, end) = (at.min(file.len()), (at + length).min(file.len()));
            let broken = file[..start].iter().copied().chain(put.chars()).chain(file[end..].iter().copied());
            let broken: String = broken.collect();
            if let Err(mistakes) = Settings::read("x", &broken, &catalog()) {
                let text = mistakes.to_string();
                prop_assert!(!text.is_empty() && !text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            }
        }
    }
}
