//! What must not be silent.

use lapwing_detectors::catalog::silence::{LONGEST, Watched};
use lapwing_detectors::settings::Minutes;

use super::mistake::Wrong;
use super::toml::Section;
use super::values::{account, minutes, region, text, written};

/// The shortest silence that is worth a word.
const SHORTEST: Minutes = Minutes(5);

/// One `[[silence]]`: a trail, by account and Region, or a function.
pub(super) fn read(section: &Section<'_>, earlier: &[Watched]) -> Option<Watched> {
    let function = section.read("function", text);
    let region = section.read("region", region);
    let account = match section.has_any(&["function"]) {
        true => section.read("account", account),
        false => section.demand("account", account),
    };
    let after = section.demand("after", silence);
    match (section.has_any(&["function"]), section.has_any(&["region"])) {
        (true, true) => section.refuse("a function is watched in all Regions".to_owned(), Some("take `region` out")),
        (false, false) => {
            let what = "it watches nothing: `function`, or the `account` and `region` of a trail, is wanted";
            section.refuse(what.to_owned(), None);
        }
        _ => {}
    }
    section.finish();
    let watched = Watched {
        account: account.unwrap_or_default(),
        region: region.unwrap_or_default(),
        function: function.unwrap_or_default(),
        after: after?,
    };
    if section.is_sound() && earlier.iter().any(|other| other.entity() == watched.entity()) {
        section.refuse("an earlier one watches the very same".to_owned(), Some("make one of the two"));
    }
    Some(watched)
}

fn silence(text: &str) -> Result<Minutes, Wrong> {
    match minutes(text)? {
        minutes if (SHORTEST..=LONGEST).contains(&minutes) => Ok(minutes),
        _ => Err(Wrong::new(format!("a duration from \"{}\" to \"{}\"", written(SHORTEST), written(LONGEST)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::settings::tests::{catalog, lines, read};

    #[test]
    fn trails_and_functions_are_watched() {
        let settings = read(
            "[[silence]]\naccount = '111122223333'\nregion = 'eu-west-1'\nafter = '30m'\n\
             [[silence]]\nfunction = 'nightly'\nafter = '26h'",
        );
        let keys: Vec<String> = settings.silences.iter().map(|watched| watched.entity().to_string()).collect();
        assert_eq!(keys, ["Trail 111122223333 eu-west-1 ", "Log   nightly"]);
        assert_eq!(settings.silences[1].after, Minutes(26 * 60));
    }

    #[test]
    fn mistakes_are_named() {
        for (file, wanted) in [
            ("[[silence]]\nafter = '1h'\naccount = '111122223333'", "it watches nothing"),
            ("[[silence]]\nfunction = 'a'\nregion = 'eu-west-1'\nafter = '1h'", "a function is watched in all Regions"),
            ("[[silence]]\nfunction = 'a'\nafter = '1m'", "a duration from \"5m\" to \"3d\""),
            ("[[silence]]\nfunction = 'a'", "after"),
            (
                "[[silence]]\nfunction = 'a'\nafter = '1h'\n[[silence]]\nfunction = 'a'\nafter = '2h'",
                "an earlier one watches the very same",
            ),
        ] {
            let found = lines(Settings::read("x", file, &catalog())).join("\n");
            assert!(found.contains(wanted), "{file}: {found}");
        }
    }
}
