//! The documents say what is so: commands in them run and print what they show, links lead somewhere, and the page of
//! the detectors is the one that the catalogue writes.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lapwing::noise::profiles;
use lapwing::report::manual::manual;
use lapwing::report::{noise_list, rule_list, wanted};
use lapwing::rules::listed::PACK;
use lapwing::settings::Settings;
use lapwing::settings::catalog::Catalog;

use crate::tidy::{files, root};

/// Set to rewrite what is generated.
const BLESS: &str = "LAPWING_BLESS";

#[test]
fn generated_pages_are_current() {
    let catalog = Catalog::built_in();
    let coverage = wanted::page(wanted::WANTED, &catalog).expect("detectors/coverage.toml is right");
    let pages = [
        ("detectors.md", manual(&catalog)),
        ("rules-list.md", rule_list::page(PACK)),
        ("coverage.md", coverage),
        ("noise-list.md", noise_list::page(profiles())),
    ];
    for (name, wanted) in pages {
        let path = root().join("docs").join(name);
        if std::env::var_os(BLESS).is_some() {
            fs::write(&path, &wanted).expect("a page can be written");
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "docs/{name} is out of date: run {BLESS}=1 cargo test --test integration");
    }
}

#[test]
fn every_detector_stands_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md can be read");
    for id in Catalog::built_in().detectors().map(|entry| entry.about.id) {
        assert!(readme.contains(&format!("docs/detectors.md#{id})")), "README.md: {id} is missing");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = read(&document);
        let folder = document.parent().expect("a file is in a folder");
        for target in links(&text) {
            if !leads_somewhere(&target, &document, folder) {
                wrong.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// In a block marked `console`, a line after `$ ` is a command, and the lines below it are lines that it prints.
#[test]
fn commands_do_what_the_documents_show() {
    let mut run = 0;
    for document in documents() {
        let place = tempfile::tempdir().expect("a folder of our own");
        link_samples(place.path());
        for (command, shown) in commands(&read(&document)) {
            let Some(words) = ours(&command) else {
                assert_script_is_there(&command, &document);
                continue;
            };
            run += 1;
            let out = lapwing(&words, place.path());
            let said = format!("{}{}", text(&out.stdout), text(&out.stderr));
            assert!(!said.contains("Usage: lapwing") || words.contains(&"--help".to_owned()), "{command}: {said}");
            for line in shown.iter().filter(|line| !line.is_empty() && line.trim() != "…") {
                assert!(printed(&said, line), "{}: {command} does not print: {line}\n{said}", document.display());
            }
        }
    }
    assert!(run >= 5, "only {run} commands were found in the documents");
}

#[test]
fn settings_in_documents_have_no_mistakes() {
    let mut checked = 0;
    for document in documents() {
        for block in read(&document).split("```toml\n").skip(1) {
            let (settings, _) = block.split_once("```").expect("a block ends");
            let checking = Settings::read(&document.to_string_lossy(), settings, &Catalog::built_in());
            assert!(checking.is_ok(), "{}", checking.expect_err("it has mistakes"));
            checked += 1;
        }
    }
    assert!(checked > 0, "no document shows settings");
}

/// A block that begins with a title is a whole rule; their examples are run.
#[test]
fn rules_in_documents_are_right() {
    let place = tempfile::tempdir().expect("a folder of our own");
    let documents = documents();
    let blocks = documents.iter().flat_map(|document| {
        let blocks = read(document).split("```yaml\n").skip(1).map(str::to_owned).collect::<Vec<_>>();
        blocks.into_iter().filter(|block| block.starts_with("title:"))
    });
    let mut rules = 0;
    for block in blocks {
        let (rule, _) = block.split_once("```").expect("a block ends");
        fs::write(place.path().join(format!("shown-{rules}.yml")), rule).expect("it can be written");
        rules += 1;
    }
    let out = lapwing(&["rules", "test", "."].map(str::to_owned), place.path());
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    assert!(rules >= 3, "only {rules} rules were found in the documents");
}

/// The architecture names tests and paths, as code.
#[test]
fn what_the_architecture_names_is_there() {
    let sources: String =
        files().iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).map(|path| read(path)).collect();
    let text = read(&root().join("docs/architecture.md"));
    let spans = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let (mut paths, mut tests) = (0, 0);
    for span in spans {
        if span.contains('/') && span.ends_with(".rs") {
            paths += 1;
            assert!(root().join(span).exists(), "there is no {span}");
        } else if span.matches('_').count() >= 2
            && span.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            tests += 1;
            assert!(sources.contains(&format!("fn {span}(")), "there is no test {span}");
        }
    }
    assert!(paths > 10 && tests > 10, "{paths} paths and {tests} tests are named");
}

/// A line that ends in an ellipsis is the beginning of one that was printed.
fn printed(said: &str, line: &str) -> bool {
    match line.strip_suffix('…') {
        Some(start) => said.lines().any(|printed| printed.starts_with(start)),
        None => said.lines().any(|printed| printed.trim_end() == line.trim_end()),
    }
}

fn documents() -> Vec<PathBuf> {
    files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "md")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What stands in round brackets after square ones, outside code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        // Every second part is inside back-ticks.
        for prose in line.split('`').step_by(2) {
            let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            found.extend(targets.map(|(target, _)| target.to_owned()));
        }
        // A link whose text is code is split at its back-ticks: `[`x`](y)`.
        let targets = line.split("`](").skip(1).filter_map(|rest| rest.split_once(')'));
        found.extend(targets.map(|(target, _)| target.to_owned()));
    }
    found
}

fn leads_somewhere(target: &str, document: &Path, folder: &Path) -> bool {
    if target.starts_with("https://") {
        return true;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { document.to_owned() } else { folder.join(file) };
    path.exists() && (heading.is_empty() || read(&path).lines().any(|line| anchor(line).as_deref() == Some(heading)))
}

/// The name that GitHub gives to a heading.
fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
}

fn commands(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut console = false;
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), line.trim_start().strip_prefix("$ ")) {
            (Some(language), _) => console = language == "console",
            (None, Some(command)) if console => found.push((command.to_owned(), Vec::new())),
            (None, None) if console => {
                let (_, shown) = found.last_mut().expect("a block begins with a command");
                shown.push(line.to_owned());
            }
            _ => {}
        }
    }
    found
}

/// The arguments of a command that is our own program.
fn ours(command: &str) -> Option<Vec<String>> {
    let words = command.strip_prefix("lapwing ").or_else(|| command.strip_prefix("cargo run --release -- "))?;
    let plain = |word: &str| !word.contains(['|', '>', '<', ';', '&', '*', '"', '\'']);
    assert!(words.split(' ').all(plain), "{command}: a document's command is run without a shell");
    Some(words.split_whitespace().map(str::to_owned).collect())
}

fn assert_script_is_there(command: &str, document: &Path) {
    let program = command.split(' ').find(|word| !word.contains('=')).unwrap_or_default();
    let known = ["cargo", "git", "python3", "aws", "zip", "objdump", "rustup", "sudo", "cp"].contains(&program);
    assert!(known || root().join(program).exists(), "{}: {command}", document.display());
}

fn lapwing(words: &[String], place: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lapwing")).args(words).current_dir(place).output().expect("lapwing runs")
}

/// The documents' commands are typed in the project's folder, but may write files.
fn link_samples(place: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(root().join("samples"), place.join("samples")).expect("a link to the samples");
}
