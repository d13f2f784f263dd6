//! Tests of conditions that are ready to be asked.

use lapwing_detectors::event::What;
use rsigma_eval::compile_rule;
use rsigma_parser::parse_sigma_yaml;

use super::*;
use crate::rules::example::{quiet, read};
use crate::rules::load::Loaded;
use crate::rules::parse::Rule;

/// What `rsigma_eval` says.
fn plainly(rule: &CompiledRule, event: &Seen<'_>) -> bool {
    let holds = |condition| eval_condition(condition, &rule.detections, event, &mut Vec::new());
    rule.conditions.iter().any(holds)
}

fn compiled(rule: &Rule) -> CompiledRule {
    compile_rule(&rule.written).unwrap()
}

#[test]
fn what_is_ready_says_what_was_written() {
    let pack = Loaded::pack();
    let mut held = [0; 2];
    for neighbours in pack.rules.chunks(8) {
        let both: Vec<_> = neighbours.iter().map(|(_, rule)| (Ready::of(&compiled(rule)), compiled(rule))).collect();
        for (place, rule) in neighbours {
            let section = rule.section.as_ref().unwrap();
            let twins = section.quiet.iter().map(|twin| quiet(section, twin).unwrap());
            // Narrowed once for each API, by the first example that calls it.
            let mut narrowed: HashMap<[String; 4], Vec<Ready>> = HashMap::new();
            for example in section.loud.iter().cloned().chain(twins) {
                read(rule.source, &example, &mut |event| {
                    let names = match event.what {
                        What::Call(call) => [call.service, call.name, call.source, call.recorded].map(str::to_owned),
                        What::Log(_) => return,
                    };
                    let narrow = || both.iter().map(|(ready, _)| ready.narrowed(&Seen(event))).collect();
                    let narrowed = narrowed.entry(names).or_insert_with(narrow);
                    for ((_, rule), ready) in both.iter().zip(narrowed) {
                        let wanted = plainly(rule, &Seen(event));
                        assert_eq!(ready.holds(&Seen(event)), wanted, "{} of {place}: {example}", rule.title);
                        assert!(!wanted || !ready.is_never());
                    }
                })
                .unwrap();
                read(rule.source, &example, &mut |event| {
                    for (ready, rule) in &both {
                        let wanted = plainly(rule, &Seen(event));
                        assert_eq!(ready.holds(&Seen(event)), wanted, "{} of {place}: {example}", rule.title);
                        held[usize::from(wanted)] += 1;
                    }
                })
                .unwrap();
            }
        }
    }
    assert!(held[0] > 1_000 && held[1] > 300, "{held:?}");
}

#[test]
fn every_kind_of_condition_is_the_same() {
    let example = serde_json::json!({
        "eventSource": "S3.amazonaws.com", "eventName": "GetObject20200101", "userAgent": "\u{212a}urt",
        "requestParameters": {"n": 7, "list": [{"a": "x"}, {"a": "y"}], "policy": "{\"Effect\": \"Allow\"}"},
        "errorCode": "AccessDenied",
    });
    for detection in [
        " a: {eventSource: s3.amazonaws.com}\n condition: a",
        " a: {eventName: [getobject, GetObject20200101]}\n condition: a",
        " a: {userAgent: kurt}\n condition: a",
        " a: {userAgent|cased: kurt}\n condition: a",
        " a: {requestParameters.n: 7}\n condition: a",
        " a: {requestParameters.n|gt: 6}\n condition: a",
        " a: {requestParameters.list.a: [q, Y]}\n condition: a",
        " a: {requestParameters.list.a|contains|all: [x, y]}\n condition: a",
        " a: {requestParameters.policy.Effect: allow}\n condition: a",
        " a: {userIdentity.arn|contains: deployer}\n condition: a",
        " a: {userIdentity.arn|exists: false}\n condition: a",
        " a: {userIdentity.invokedBy|exists: false}\n condition: a",
        " a: {userIdentity.invokedBy: null}\n condition: a",
        " a: {userIdentity.sessionContext.sessionIssuer.userName: deployer}\n condition: a",
        " a: {userIdentity: x}\n condition: a",
        " a: {requestParameters: x}\n condition: a",
        " a: {requestParameters.none: null}\n condition: a",
        " a: {requestParameters.none: x}\n condition: not a",
        " a: {errorCode|exists: true}\n condition: a",
        " a: {errorMessage|exists: true}\n condition: a",
        " a: [kurt, object2020]\n condition: a",
        " a: {errorCode: AccessDenied}\n b: {readOnly: true}\n condition: 1 of them",
        " a: {errorCode: AccessDenied}\n b: {readOnly: true}\n condition: all of them",
        " a: {errorCode: AccessDenied}\n b: {readOnly: false}\n c: {region: x}\n condition: 2 of them",
        " a:\n  - errorCode: x\n  - awsRegion: EU-west-1\n condition: a",
        " a: {errorCode: AccessDenied}\n b: {readOnly: true}\n condition: a and not b",
    ] {
        let text = format!("title: t\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{detection}");
        let rule = compile_rule(&parse_sigma_yaml(&text).unwrap().rules[0]).unwrap();
        let mut read_any = false;
        read(lapwing_detectors::event::Source::CloudTrail, &example, &mut |event| {
            read_any = true;
            let (ready, wanted) = (Ready::of(&rule), plainly(&rule, &Seen(event)));
            assert_eq!(ready.holds(&Seen(event)), wanted, "{detection}");
            assert_eq!(ready.narrowed(&Seen(event)).holds(&Seen(event)), wanted, "{detection}");
        })
        .unwrap();
        assert!(read_any);
    }
}
