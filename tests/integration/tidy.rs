//! The house in order: rules that a reader would otherwise have to check by eye.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use lapwing::settings::catalog::Catalog;

/// Lines of a file of code; longer ones are two subjects in one.
const MOST_LINES: usize = 400;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["utils", "util", "common", "helpers", "helper", "manager", "misc", "shared"];

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project, without what is built, installed or kept by git.
pub(crate) fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(root(), &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project can be read") {
        let path = entry.expect("its entries can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let passed_over = ["target", "__pycache__", "node_modules"].contains(&name.as_str())
            || name.starts_with('.') && name != ".ci";
        match (passed_over, path.is_dir()) {
            (true, _) => {}
            (false, true) => walk(&path, found),
            (false, false) => found.push(path),
        }
    }
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Files of code, with their text.
fn code() -> Vec<(String, String)> {
    let is_code = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs" || end == "py");
    files().into_iter().filter(is_code).map(|path| (name(&path), text(&path))).collect()
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).expect("a file of the project can be read")).into_owned()
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_are_of_a_readable_length() {
    let long = |(name, text): (String, String)| {
        let lines = text.lines().count();
        (lines > MOST_LINES).then(|| format!("{name} has {lines} lines, and {MOST_LINES} are the most"))
    };
    assert_none(&code().into_iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_to_do_in_the_code() {
    let left =
        [format!("{}!(", "todo"), format!("{}!(", "dbg"), format!("{}!(", "unimplemented"), "FIX".to_owned() + "ME"];
    let found = |(name, text): &(String, String)| {
        let lines = text.lines().enumerate().filter(|(_, line)| left.iter().any(|mark| line.contains(mark.as_str())));
        lines.map(|(at, line)| format!("{name}:{}: {}", at + 1, line.trim())).collect::<Vec<_>>()
    };
    assert_none(&code().iter().flat_map(found).collect::<Vec<_>>());
}

#[test]
fn names_of_modules_say_what_is_in_them() {
    let empty = |(name, _): &(String, String)| {
        name.trim_end_matches(".rs").trim_end_matches(".py").split('/').any(|part| EMPTY_NAMES.contains(&part))
    };
    assert_none(&code().into_iter().filter(empty).map(|(name, _)| name).collect::<Vec<_>>());
}

/// One that fires and one innocent look-alike, in the file of each detector.
#[test]
fn every_detector_has_a_loud_and_a_quiet_test() {
    let folder = root().join("detectors/src/catalog");
    let table = text(&folder.join("mod.rs"));
    let mut wrong = Vec::new();
    for id in Catalog::built_in().detectors().map(|entry| entry.about.id) {
        let module = id.replace('-', "_");
        let Ok(file) = fs::read_to_string(folder.join(format!("{module}.rs"))) else {
            wrong.push(format!("{id} has no file {module}.rs"));
            continue;
        };
        let scripts = checks(&file);
        if !table.contains(&format!("pub mod {module};")) || !file.contains(&format!("id: \"{id}\"")) {
            wrong.push(format!("{module}.rs is not the file of {id}"));
        }
        if !scripts.iter().any(|script| is_loud(script)) {
            wrong.push(format!("{id} has no test in which it fires"));
        }
        if !scripts.iter().any(|script| script.contains("\"\"")) {
            wrong.push(format!("{id} has no test in which it stays quiet"));
        }
    }
    assert_none(&wrong);
}

/// The tests of a detector's file that run a script.
fn checks(file: &str) -> Vec<&str> {
    let tests = file.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
    tests.split("#[test]").filter(|test| test.contains("check(")).collect()
}

/// Does it want something to be found: `05:02 medium role/etl: …`?
fn is_loud(script: &str) -> bool {
    let words: Vec<&str> = script.split_whitespace().map(|word| word.trim_matches('"')).collect();
    let is_time = |word: &str| word.len() == 5 && word.as_bytes()[2] == b':';
    let is_severity = |word: &str| ["info", "low", "medium", "high", "critical"].contains(&word);
    words.windows(2).any(|pair| is_time(pair[0]) && is_severity(pair[1]))
}

#[test]
fn versions_are_pinned() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|path| path.ends_with("Cargo.toml")) {
        let mut dependencies = false;
        for line in text(file).lines() {
            if line.starts_with('[') {
                dependencies = line.trim_end().ends_with("dependencies]");
            } else if dependencies && line.contains('=') && !is_pinned(line) {
                wrong.push(format!("{}: {line}", name(file)));
            }
        }
    }
    for line in text(&root().join("tests/requirements.txt")).lines() {
        if !line.trim().is_empty() && !line.starts_with('#') && !line.contains("==") {
            wrong.push(format!("tests/requirements.txt: {line}"));
        }
    }
    assert_none(&wrong);
}

fn is_pinned(line: &str) -> bool {
    ["= \"=", "version = \"=", ".workspace = true", "workspace = true", "path = "]
        .iter()
        .any(|form| line.contains(form))
}

/// Paths that exist only on the machine of whoever wrote them.
#[test]
fn no_file_names_a_machine() {
    let mut folders: Vec<String> = ["home", "Users", "tmp"].map(|folder| format!("/{folder}/")).into();
    folders.push(format!("{}/", env!("CARGO_MANIFEST_DIR")));
    let mut wrong = Vec::new();
    for file in files() {
        let text = text(&file);
        for (at, line) in text.lines().enumerate() {
            if let Some(folder) = folders.iter().find(|folder| line.contains(folder.as_str())) {
                wrong.push(format!("{}:{}: {folder}", name(&file), at + 1));
            }
        }
    }
    assert_none(&wrong);
}
