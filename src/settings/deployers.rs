//! Deployers: who changes things on purpose, and how one is known.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use lapwing_detectors::alert::Caller;
use lapwing_detectors::catalog::deployer_misused::DeployerMisused;
use lapwing_detectors::event::{Event, PrincipalKind, What};
use lapwing_detectors::fold::agent_family;
use lapwing_detectors::rule::Condition;

use super::mistake::Wrong;
use super::toml::Section;
use super::values::{Pattern, account, network, pattern, text};

/// A role that deploys, with where it does so from. Its changes are expected where all that is given agrees.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployer {
    /// A glob over the role's name, with or without its path: `ci-*`, `role/build/ci-*`.
    pub role: Pattern,
    /// Twelve digits; any account unless set.
    pub account: Option<String>,
    /// A glob over the family of the user agent: `Terraform/*`.
    pub agent: Option<Pattern>,
    /// Where its calls come from; anywhere where empty.
    pub addresses: Vec<Origin>,
    /// The host of the OIDC provider that its sessions were made by: `token.actions.githubusercontent.com`.
    pub provider: Option<String>,
}

/// How a call was made.
#[derive(Clone, Copy, Debug)]
pub struct From<'a> {
    /// The family of its user agent.
    pub agent: &'a str,
    /// Its address, or the service that it came from.
    pub address: &'a str,
    /// The OIDC provider that vouched for its session, by its host.
    pub provider: &'a str,
}

impl<'a> From<'a> {
    /// How the event of an example was made.
    #[must_use]
    pub fn of(caller: &'a Caller) -> From<'a> {
        From { agent: &caller.agent, address: &caller.address, provider: &caller.provider }
    }
}

/// Where calls come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A network.
    Net(IpNet),
    /// An AWS service: `cloudformation.amazonaws.com`.
    Service(String),
}

impl Origin {
    fn holds(&self, address: &str) -> bool {
        match self {
            Origin::Net(net) => address.parse::<IpAddr>().is_ok_and(|address| net.contains(&address.to_canonical())),
            Origin::Service(service) => service == address,
        }
    }
}

impl fmt::Display for Deployer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.role)
    }
}

impl Deployer {
    /// Is that principal of that account this deployer?
    #[must_use]
    pub fn is(&self, account: &str, principal: &str) -> bool {
        let Some(path) = principal.strip_prefix("role/") else { return false };
        let bare = path.rsplit('/').next().unwrap_or(path);
        let named = [principal, path, bare].into_iter().any(|name| self.role.matches(name));
        named && self.account.as_ref().is_none_or(|own| own == account)
    }

    /// Did it call as it always does?
    #[must_use]
    pub fn agrees(&self, from: &From<'_>) -> bool {
        self.agent.as_ref().is_none_or(|glob| glob.matches(from.agent))
            && (self.addresses.is_empty() || self.addresses.iter().any(|origin| origin.holds(from.address)))
            && self.provider.as_ref().is_none_or(|host| *host == *from.provider)
    }

    pub(super) fn read(section: &Section<'_>, earlier: &[Deployer]) -> Option<Deployer> {
        let role = section.demand("role", role);
        let account = section.read("account", account);
        let agent = section.read("agent", pattern);
        let items = section.find("addresses").map(|list| list.items()).unwrap_or_default();
        let addresses = items.iter().filter_map(|item| item.read(origin)).collect();
        let provider = section.read("provider", host);
        if !section.has_any(&["addresses", "provider"]) {
            let what = "it trusts whoever has the role, from anywhere: `addresses` or `provider` is wanted".to_owned();
            section.refuse(what, Some("a user agent is chosen by whoever makes the call"));
        }
        section.finish();
        let deployer = Deployer { role: role?, account, agent, addresses, provider };
        if section.is_sound() && earlier.contains(&deployer) {
            section.refuse("an earlier one is the very same".to_owned(), Some("leave one of the two out"));
        }
        section.is_sound().then_some(deployer)
    }
}

/// Calls by a deployer's role that do not agree with it.
struct Misused(Vec<Deployer>);

impl Condition for Misused {
    fn holds(&self, event: &Event<'_>) -> bool {
        let What::Call(call) = event.what else { return false };
        // What AWS does in its name comes from where AWS is.
        if call.principal.kind != PrincipalKind::Role || call.address.ip().is_none() {
            return false;
        }
        let mut theirs = self.0.iter().filter(|deployer| deployer.is(event.account, call.principal.name)).peekable();
        let (agent, address) = (agent_family(call.user_agent), call.address.text());
        let from = From { agent, address, provider: call.principal.provider };
        theirs.peek().is_some() && !theirs.any(|deployer| deployer.agrees(&from))
    }
}

/// The detector of deployers that are used otherwise; it finds nothing where none is named.
pub(super) fn misused(deployers: &[Deployer]) -> DeployerMisused {
    if deployers.is_empty() {
        return DeployerMisused::default();
    }
    // Settings are read once, at the start, and hold as long as the program.
    DeployerMisused { condition: Some(Box::leak(Box::new(Misused(deployers.to_vec())))) }
}

fn role(name: &str) -> Result<Pattern, Wrong> {
    let bare = name.strip_prefix("role/").unwrap_or(name);
    if bare.chars().all(|c| c == '*' || c == '/') {
        return Err(Wrong::new("the name of a role").hint("with `*` alone every role would be a deployer"));
    }
    if name.starts_with("arn:") {
        return Err(
            Wrong::new("the name of a role").hint("write the name without the ARN before it, and `account` beside it")
        );
    }
    pattern(name)
}

fn origin(place: &str) -> Result<Origin, Wrong> {
    if place.ends_with(".amazonaws.com") {
        return Ok(Origin::Service(place.to_owned()));
    }
    match network(place)? {
        net if net.prefix_len() == 0 => {
            Err(Wrong::new("a network that leaves anybody out").hint("name the addresses of your runners"))
        }
        net => Ok(Origin::Net(net)),
    }
}

/// The host of a provider, as an ARN or a URL name it.
fn host(provider: &str) -> Result<String, Wrong> {
    let host = text(provider)?;
    let host = host.strip_prefix("https://").unwrap_or(&host);
    let host = host.rsplit_once("oidc-provider/").map_or(host, |(_, host)| host);
    match host.contains('.') && !host.contains([' ', ':', '*']) {
        true => Ok(host.to_owned()),
        false => Err(Wrong::new("an OIDC provider").hint("write it like \"token.actions.githubusercontent.com\"")),
    }
}

#[cfg(test)]
mod tests {
    use lapwing_detectors::event::{Address, Call, CallKind, Identity, Principal};

    use super::*;
    use crate::settings::Settings;
    use crate::settings::catalog::Catalog;
    use crate::settings::tests::lines;

    fn read(toml: &str) -> Result<Settings, crate::settings::Mistakes> {
        Settings::read("x", toml, &Catalog::built_in())
    }

    #[test]
    fn mistakes_are_named() {
        let found = lines(read(
            "[noise]
scanner = true
scanners = 'no'
[[deployer]]
role = '*'
addresses = ['192.0.2.0/24']
[[deployer]]
role = 'ci'
agent = 'Terraform/*'
[[deployer]]
role = 'arn:aws:iam::111122223333:role/ci'
addresses = ['0.0.0.0/0', '192.0.2.7/24', 'pipeline']
provider = 'github'
principal = 'role/ci'
[[deployer]]
addresses = ['192.0.2.0/24']",
        ));
        assert_eq!(
            found,
            [
                "2 noise.scanner: there is no such key | did you mean `scanners`?",
                "3 noise.scanners: \"no\" is not true or false",
                "5 deployer.role: \"*\" is not the name of a role | with `*` alone every role would be a deployer",
                "7 deployer: it trusts whoever has the role, from anywhere: `addresses` or `provider` is wanted | a user agent is chosen by whoever makes the call",
                "11 deployer.role: \"arn:aws:iam::111122223333:role/ci\" is not the name of a role | write the name without the ARN before it, and `account` beside it",
                "12 deployer.addresses: \"0.0.0.0/0\" is not a network that leaves anybody out | name the addresses of your runners",
                "12 deployer.addresses: \"192.0.2.7/24\" is not an IP address or a network in CIDR form | its first address is 192.0.2.0: write \"192.0.2.0/24\"",
                "12 deployer.addresses: \"pipeline\" is not an IP address or a network in CIDR form | write it like \"192.0.2.7\" or \"192.0.2.0/24\"",
                "13 deployer.provider: \"github\" is not an OIDC provider | write it like \"token.actions.githubusercontent.com\"",
                "14 deployer.principal: there is no such key | known here: role, account, agent, addresses, provider",
                "15 deployer: `role` is missing",
            ]
        );
        let found = lines(read(
            "[[deployer]]
role = 'ci'
provider = 'token.actions.githubusercontent.com'
[[deployer]]
role = 'ci'
provider = 'https://token.actions.githubusercontent.com'",
        ));
        assert_eq!(found, ["4 deployer: an earlier one is the very same | leave one of the two out"]);
    }

    /// Is a call misuse of `role/build/ci-main` in one of two accounts?
    fn check(
        (account, name, kind): (&str, &str, PrincipalKind),
        (address, agent, provider): (Address<'_>, &str, &str),
        misuse: bool,
    ) {
        let settings = read(
            "[[deployer]]
             role = 'ci-*'
             account = '111122223333'
             agent = 'Terraform/*'
             addresses = ['192.0.2.0/24', '2001:db8::/32']
             [[deployer]]
             role = '/ci-(main|test)/'
             provider = 'token.actions.githubusercontent.com'",
        );
        let deployers = settings.unwrap().deployers;
        let principal = Principal { kind, name, provider, ..Principal::default() };
        let call = Call { kind: CallKind::Api, principal, address, user_agent: agent, ..Call::default() };
        let (identity, time) = (Identity(0), chrono::DateTime::UNIX_EPOCH);
        let event = Event { id: "", identity, time, account, region: "", weight: 1, what: What::Call(&call) };
        assert_eq!(Misused(deployers).holds(&event), misuse, "{account} {name} {address:?} {agent} {provider}");
    }

    #[test]
    fn misuse_is_what_agrees_with_no_deployer_of_that_role() {
        let ours = ("111122223333", "role/build/ci-main", PrincipalKind::Role);
        let (net, world) = (Address::Ip("192.0.2.7"), Address::Ip("198.51.100.7"));
        let (terraform, github) = ("APN/1.0 HashiCorp/1.0 Terraform/1.9.2", "token.actions.githubusercontent.com");
        for (who, how, misuse) in [
            (ours, (net, terraform, ""), false),
            (ours, (Address::Ip("2001:db8::1"), terraform, ""), false),
            (ours, (world, "aws-cli/2.1", github), false),
            (ours, (world, terraform, ""), true),
            (ours, (net, "aws-cli/2.1", ""), true),
            (ours, (world, "aws-cli/2.1", "gitlab.example.com"), true),
            (("444455556666", ours.1, ours.2), (net, terraform, ""), true),
            // What AWS calls in its name, and whoever is no such role.
            (ours, (Address::Service("cloudformation.amazonaws.com"), "cloudformation.amazonaws.com", ""), false),
            (("111122223333", "role/app", ours.2), (world, terraform, ""), false),
            (("111122223333", "user/ci-main", PrincipalKind::User), (world, terraform, ""), false),
        ] {
            check(who, how, misuse);
        }
    }
}
