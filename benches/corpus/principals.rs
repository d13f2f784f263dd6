//! Who calls: people, machines and services, each with habits of its own.

use crate::apis::APIS;
use crate::fill::{Pools, Scene, fill};
use crate::random::{Random, Zipf};
use crate::rhythm::FIRST_DAY;
use crate::shapes::{AGENTS, BROWSER};

const USER: &str = r#"{"type":"IAMUser","principalId":"AIDA<base32:17>","arn":"<caller>","accountId":"<account>","accessKeyId":"AKIA<base32:9>EXAMPLE","userName":""#;
const ROOT: &str = r#"{"type":"Root","principalId":"<account>","arn":"<caller>","accountId":"<account>","accessKeyId":"ASIA<base32:9>EXAMPLE","sessionContext":{"attributes":{"mfaAuthenticated":"true","creationDate":""#;
const ISSUER: &str = r#""sessionContext":{"sessionIssuer":{"type":"Role","principalId":""#;

/// A caller and its habits.
pub(crate) struct Principal {
    /// The ARN, or the name of a service.
    pub(crate) name: String,
    /// `userIdentity` up to the time at which the session began, or all of it.
    pub(crate) identity: String,
    /// `userIdentity` after that time; empty where there is no session.
    pub(crate) identity_end: String,
    /// The addresses that it calls from.
    pub(crate) addresses: Vec<String>,
    /// Its user agent.
    pub(crate) agent: &'static str,
    /// Positions in [`APIS`], the one that it calls most first.
    pub(crate) apis: Vec<usize>,
    /// The distribution over them.
    pub(crate) habits: Zipf,
}

impl Principal {
    /// The principal of this number in an account.
    pub(crate) fn new(pools: &Pools, account: &str, number: usize, random: &mut Random) -> Principal {
        let scene = Scene { pools, account, region: "", caller: "", time: FIRST_DAY };
        let mut principal = match random.below(1_000) {
            0..300 => user(&scene, number, random),
            300..780 => session(&scene, Kind::Machine, number, random),
            780..900 => session(&scene, Kind::Person, number, random),
            900..995 => service(random),
            _ => root(&scene, random),
        };
        principal.apis = apis(random);
        principal.habits = Zipf::new(principal.apis.len(), 1.2);
        principal
    }

    fn plain(name: String, identity: String, identity_end: &str, agent: &'static str) -> Principal {
        let identity_end = identity_end.to_owned();
        Principal {
            name,
            identity,
            identity_end,
            addresses: Vec::new(),
            agent,
            apis: Vec::new(),
            habits: Zipf::new(1, 1.0),
        }
    }

    fn at_home(mut self, random: &mut Random) -> Principal {
        for _ in 0..1 + random.below(3) {
            let block = random.pick(&["192.0.2", "198.51.100", "203.0.113"]);
            let last = 1 + random.below(254);
            let v6 = random.chance(0.03);
            self.addresses.push(if v6 { format!("2001:db8::{last:x}") } else { format!("{block}.{last}") });
        }
        self
    }
}

/// Who is behind a session of a role.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Machine,
    Person,
}

fn user(scene: &Scene<'_>, number: usize, random: &mut Random) -> Principal {
    let name = drawn("<system>-<part>", scene, random) + &format!("-{number}");
    let caller = format!("arn:aws:iam::{}:user/{name}", scene.account);
    let mut identity = drawn(USER, &Scene { caller: &caller, ..*scene }, random);
    identity += &name;
    identity += "\"}";
    let agent = random.pick(&AGENTS[..4]);
    Principal::plain(caller, identity, "", agent).at_home(random)
}

fn session(scene: &Scene<'_>, kind: Kind, number: usize, random: &mut Random) -> Principal {
    let (role, session) = match kind {
        Kind::Person => {
            (drawn("AWSReservedSSO_<system>_<hex:16>", scene, random), format!("person{number}@example.com"))
        }
        Kind::Machine => {
            let session = random.pick(&["i-<id>", "<system>-<part>", "run-<below:9999>"]);
            (drawn("<system>-<part>-", scene, random) + &number.to_string(), drawn(session, scene, random))
        }
    };
    let account = scene.account;
    let caller = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
    let id = drawn("AROA<base32:17>", scene, random);
    let key = drawn("ASIA<base32:9>EXAMPLE", scene, random);
    let identity = format!(
        r#"{{"type":"AssumedRole","principalId":"{id}:{session}","arn":"{caller}","accountId":"{account}","accessKeyId":"{key}",{ISSUER}{id}","arn":"arn:aws:iam::{account}:role/{role}","accountId":"{account}","userName":"{role}"}},"attributes":{{"mfaAuthenticated":"false","creationDate":""#
    );
    let end = if session.starts_with("i-") { r#""},"ec2RoleDelivery":"2.0"}}"# } else { r#""}}}"# };
    let agent = if kind == Kind::Person { BROWSER } else { random.pick(&AGENTS) };
    Principal::plain(caller, identity, end, agent).at_home(random)
}

fn service(random: &mut Random) -> Principal {
    let name = *random.pick(&[
        "autoscaling.amazonaws.com",
        "cloudtrail.amazonaws.com",
        "config.amazonaws.com",
        "ec2.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "lambda.amazonaws.com",
        "rds.amazonaws.com",
    ]);
    let identity = format!(r#"{{"type":"AWSService","invokedBy":"{name}"}}"#);
    let mut principal = Principal::plain(name.to_owned(), identity, "", name);
    principal.addresses.push(name.to_owned());
    principal
}

fn root(scene: &Scene<'_>, random: &mut Random) -> Principal {
    let caller = format!("arn:aws:iam::{}:root", scene.account);
    let identity = drawn(ROOT, &Scene { caller: &caller, ..*scene }, random);
    Principal::plain(caller, identity, r#""}}}"#, BROWSER).at_home(random)
}

fn drawn(template: &str, scene: &Scene<'_>, random: &mut Random) -> String {
    let mut out = String::new();
    fill(&mut out, template, scene, random);
    out
}

/// The APIs of a principal: three at least, about 14 as a rule, seldom more than 50.
fn apis(random: &mut Random) -> Vec<usize> {
    let wanted = ((2.65 + 0.7 * random.normal()).exp() as usize).clamp(3, APIS.len() * 3 / 4);
    let popular = Zipf::new(APIS.len(), 0.8);
    let mut out: Vec<usize> = Vec::with_capacity(wanted);
    while out.len() < wanted {
        let api = popular.draw(random);
        if !out.contains(&api) {
            out.push(api);
        }
    }
    out
}
