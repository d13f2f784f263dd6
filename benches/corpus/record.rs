//! CloudTrail records.

use crate::apis::{APIS, Api};
use crate::fill::{Scene, fill};
use crate::principals::Principal;
use crate::random::Random;
use crate::rhythm::iso;
use crate::shapes::{BROWSER, ERRORS, NULL};
use crate::world::{File, World};

const ERROR_SHARE: f64 = 0.031;
const S3_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"<base62:75>=","bytesTransferredOut":<below:4096>}"#;
const IDS: &str = r#","requestID":"<uuid>","eventID":"<uuid>","readOnly":"#;

/// The records of a file in the order of time: all in one text, and where each ends.
pub(crate) fn records(world: &World, file: &File) -> (String, Vec<usize>) {
    let mut random = Random::new(world.seed, file.number + 1_000);
    let mut shares: Vec<f64> = (0..file.records).map(|_| file.from + (file.to - file.from) * random.unit()).collect();
    shares.sort_by(f64::total_cmp);
    let account = &world.accounts[file.account];
    let mut text = String::with_capacity(file.records * 1_600);
    let mut ends = Vec::with_capacity(file.records);
    for share in shares {
        let principal = &account.principals[account.diligence.draw(&mut random)];
        let api = &APIS[principal.apis[principal.habits.draw(&mut random)]];
        let scene = Scene {
            pools: &world.pools,
            account: &account.id,
            region: file.region,
            caller: &principal.name,
            time: world.rhythm.instant(share),
        };
        record(&mut text, (principal, api), &scene, &mut random);
        ends.push(text.len());
    }
    (text, ends)
}

fn record(out: &mut String, (principal, api): (&Principal, &Api), scene: &Scene<'_>, random: &mut Random) {
    let service = matches!(principal.addresses.first(), Some(a) if *a == principal.name);
    out.push_str(if matches!(api.service, "ec2" | "lambda") {
        r#"{"eventVersion":"1.10","userIdentity":"#
    } else {
        r#"{"eventVersion":"1.09","userIdentity":"#
    });
    out.push_str(&principal.identity);
    if !principal.identity_end.is_empty() {
        out.push_str(&iso(scene.time - scene.time.rem_euclid(3_600) + 11, "Z"));
        out.push_str(&principal.identity_end);
    }
    member(out, "eventTime", &iso(scene.time, "Z"));
    member(out, "eventSource", api.service);
    out.truncate(out.len() - 1);
    out.push_str(".amazonaws.com\"");
    member(out, "eventName", api.name);
    member(out, "awsRegion", scene.region);
    member(out, "sourceIPAddress", random.pick(&principal.addresses).as_str());
    member(out, "userAgent", principal.agent);
    let failed = random.chance(ERROR_SHARE);
    if failed {
        error(out, api, scene, random);
    }
    out.push_str(",\"requestParameters\":");
    fill(out, api.request, scene, random);
    out.push_str(",\"responseElements\":");
    fill(out, if failed { NULL } else { api.response }, scene, random);
    if api.service == "s3" {
        out.push_str(",\"additionalEventData\":");
        fill(out, S3_EXTRA, scene, random);
    }
    fill(out, IDS, scene, random);
    out.push_str(if api.reads() { "true" } else { "false" });
    resources(out, api, scene, random);
    ending(out, (principal, api), scene);
    if !service {
        tls(out, api, scene);
    }
    out.push('}');
}

fn member(out: &mut String, name: &str, value: &str) {
    for piece in [",\"", name, "\":\"", value, "\""] {
        out.push_str(piece);
    }
}

fn error(out: &mut String, api: &Api, scene: &Scene<'_>, random: &mut Random) {
    let (code, message) = ERRORS[random.early(ERRORS.len())];
    member(out, "errorCode", code);
    out.push_str(",\"errorMessage\":\"");
    let name = format!("{}:{}", api.service, api.name);
    fill(out, &message.replace("<api>", &name), scene, random);
    out.push('"');
}

fn resources(out: &mut String, api: &Api, scene: &Scene<'_>, random: &mut Random) {
    let template = match api.service {
        "kms" => {
            r#"[{"accountId":"<account>","type":"AWS::KMS::Key","ARN":"arn:aws:kms:<region>:<account>:key/<key>"}]"#
        }
        "s3" => {
            r#"[{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<system>-<part>-<account>"}]"#
        }
        "sts" => {
            r#"[{"accountId":"<account>","type":"AWS::IAM::Role","ARN":"arn:aws:iam::<account>:role/<system>-<part>"}]"#
        }
        _ => return,
    };
    out.push_str(",\"resources\":");
    fill(out, template, scene, random);
}

fn ending(out: &mut String, (principal, api): (&Principal, &Api), scene: &Scene<'_>) {
    out.push_str(",\"eventType\":\"AwsApiCall\",\"managementEvent\":");
    out.push_str(if api.is_data() { "false" } else { "true" });
    member(out, "recipientAccountId", scene.account);
    member(out, "eventCategory", if api.is_data() { "Data" } else { "Management" });
    if principal.agent == BROWSER {
        member(out, "sessionCredentialFromConsole", "true");
    }
}

fn tls(out: &mut String, api: &Api, scene: &Scene<'_>) {
    out.push_str(r#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256""#);
    let host = format!("{}.{}.amazonaws.com", api.service, scene.region);
    member(out, "clientProvidedHostHeader", &host);
    out.push('}');
}
