use lapwing_detectors::judge::Finding;
use lapwing_detectors::settings::Minutes;

use super::*;
use crate::decode::Origin;
use crate::pipeline::{From, delivery_id, teach};

/// When cells are made of notes.
#[derive(Clone, Copy, Debug)]
enum Folded {
    /// Only where somebody looks.
    AtJudging,
    /// After the first half of the deliveries, so that hours hold cells and notes.
    Halfway,
    /// Before anything is judged.
    Before,
}

/// Calls of a few roles and the root user over four hours: many are refused, some roles are refused just often enough.
fn records(seed: u64) -> Vec<String> {
    let mut dice = seed;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut record = |n: u64| {
        let (role, api, hour, minute) = (roll(7), roll(9), roll(4), roll(60));
        let error = if roll(role + 2) == 0 { r#""errorCode":"AccessDenied","# } else { "" };
        let (kind, name) = if roll(90) == 0 { ("Root", "root".to_owned()) } else { ("Role", format!("role/r{role}")) };
        format!(
            r#"{{"userIdentity":{{"type":"{kind}","arn":"arn:aws:iam::111122223333:{name}","accountId":"111122223333"}},
            "eventTime":"2026-01-02T0{hour}:{minute:02}:00Z","eventSource":"s3.amazonaws.com","eventName":"Call{api}",
            "awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.{role}",{error}"eventID":"{seed}-{n}",
            "eventType":"AwsApiCall","recipientAccountId":"111122223333"}}"#
        )
    };
    (0..400).map(&mut record).collect()
}

fn found(engine: &Arc<Engine>, records: &[String], folded: Folded) -> Vec<String> {
    let on_time = Lateness { lambda: Minutes(0), cloudtrail: Minutes(0) };
    let mut store = MemoryStore::new(Arc::clone(engine), on_time, Limits::default(), Retention::Reach);
    for (place, batch) in records.chunks(50).enumerate() {
        let text = format!(r#"{{"Records":[{}]}}"#, batch.join(","));
        let (delivery, received) = (delivery_id(text.as_bytes()), DateTime::<Utc>::MIN_UTC);
        let from = From { origin: Origin::default(), delivery, received, met: None };
        store.add(teach(engine, text.as_bytes(), &from).unwrap().learnt);
        if place == 3 && matches!(folded, Folded::Halfway) {
            store.hours.fold(&mut store.folder);
        }
    }
    if matches!(folded, Folded::Before) {
        store.hours.fold(&mut store.folder);
    }
    let mut findings = Vec::new();
    while let Some(due) = store.step(DateTime::<Utc>::MAX_UTC) {
        for (known, range) in due {
            engine.judge(&known, range, &mut findings);
        }
    }
    assert_eq!(store.held_bytes(), 0, "what is taken is given back");
    let told = |f: &Finding| format!("{} {} {:?} {:?} {:?}", f.about.id, f.entity, f.minute, f.verdict, f.top);
    let mut told: Vec<String> = findings.iter().map(told).collect();
    told.sort();
    told
}

#[test]
fn notes_and_cells_say_the_same() {
    let engine = Arc::new(Engine::default());
    let mut bursts = 0;
    for seed in 0..20 {
        let records = records(seed);
        let expected = found(&engine, &records, Folded::Before);
        bursts += expected.iter().filter(|told| told.starts_with("denied-burst")).count();
        for folded in [Folded::AtJudging, Folded::Halfway] {
            assert_eq!(found(&engine, &records, folded), expected, "seed {seed}, {folded:?}");
        }
    }
    assert!(bursts > 20, "{bursts} bursts");
}
