//! Where calls come from and with what, as far as it is a habit: the network of an address, the product of a user agent.

use crate::fold::agent_family;

/// The leading part of an address: three numbers of an IPv4 address, three groups of an IPv6 address.
pub(crate) fn network_of(address: &str) -> &str {
    if address.contains(':') {
        return address.match_indices(':').nth(2).map_or(address, |(at, _)| &address[..at]);
    }
    address.rsplit_once('.').map_or(address, |(network, _)| network)
}

/// A network, as people write it.
#[must_use]
pub(crate) fn network_name(network: &str) -> String {
    if network.contains(':') { format!("{}::/48", network.trim_end_matches(':')) } else { format!("{network}.0/24") }
}

/// The product that a user agent names, without its version.
#[must_use]
pub(crate) fn product_of(agent: &str) -> &str {
    let family = agent_family(agent);
    family.split_once('/').map_or(family, |(product, _)| product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::habit::Agents;

    #[test]
    fn a_network_is_the_leading_part_of_an_address() {
        for (address, network, name) in [
            ("192.0.2.77", "192.0.2", "192.0.2.0/24"),
            ("2001:db8:7:1::5", "2001:db8:7", "2001:db8:7::/48"),
            ("2001:db8::5", "2001:db8:", "2001:db8::/48"),
        ] {
            assert_eq!(network_of(address), network);
            assert_eq!(network_name(network_of(address)), name);
        }
    }

    #[test]
    fn an_agent_is_told_by_its_product() {
        let mut agents = Agents::default();
        for (agent, product) in [
            ("Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0", "Boto3"),
            ("aws-cli/2.15.30 Python/3.11", "aws-cli"),
            ("[aws-sdk-go/1.44]", "aws-sdk-go"),
            ("console.amazonaws.com", "console.amazonaws"),
            ("", ""),
        ] {
            assert_eq!(product_of(agent), product);
            assert_eq!((agents.product_of(agent), agents.product_of(agent)), (product, product), "known again");
        }
    }
}
