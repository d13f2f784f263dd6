//! One deed, one alert: of findings about the same events, the gravest is said, and names the others.

use std::collections::BTreeSet;

use lapwing_detectors::alert::EventId;
use lapwing_detectors::detector::Folding;
use lapwing_detectors::judge::Finding;
use lapwing_detectors::severity::Severity;
use lapwing_detectors::stage::Stage;

use super::{Reason, Settled};

/// Hides every finding of single events all of which a graver finding about the same minute has as well.
pub(super) fn fold(settled: &mut Settled) {
    let mut said = std::mem::take(&mut settled.said);
    if said.len() < 2 {
        settled.said = said;
        return;
    }
    // The gravest first, so that what is graver than something hidden is itself said.
    said.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.about.id.cmp(b.about.id)));
    for finding in said {
        let graver = settled.said.iter_mut().find(|graver| tells(graver, &finding));
        match graver {
            Some(graver) => {
                name_beside(&mut graver.verdict.why, finding.about.id);
                settled.hidden.push((Reason::Graver, finding));
            }
            None => settled.said.push(finding),
        }
    }
}

const ALSO: &str = "; also: ";

/// Names a hidden finding at the end of why the graver one is grave. What a rule says of itself ends with a full stop.
fn name_beside(why: &mut String, hidden: &str) {
    let also = if why.contains(ALSO) { ", " } else { ALSO };
    why.truncate(why.trim_end_matches('.').len());
    why.push_str(also);
    why.push_str(hidden);
}

fn rank(finding: &Finding) -> (Severity, Stage) {
    (finding.verdict.severity.min(finding.cap), finding.stage)
}

/// Is all that a finding rests on told by a graver one?
fn tells(graver: &Finding, finding: &Finding) -> bool {
    let deeds = |f: &Finding| f.verdict.folding == Folding::Sum && !f.verdict.at_least && f.stage >= Stage::Digest;
    if graver.minute != finding.minute || graver.stage < finding.stage || finding.about.never_muted {
        return false;
    }
    if !deeds(graver) || !deeds(finding) || rank(graver).0 < rank(finding).0 {
        return false;
    }
    if only_says_who(graver) && !only_says_who(finding) {
        return false;
    }
    let ids: BTreeSet<&EventId> = graver.verdict.examples.iter().map(|example| &example.id).collect();
    finding.verdict.examples.iter().all(|example| ids.contains(&example.id))
}

/// Is it about who came in, such as the root user, and not about what they did?
fn only_says_who(finding: &Finding) -> bool {
    let mut techniques = finding.about.attack.iter();
    techniques.all(|technique| technique.starts_with("T1078"))
}
