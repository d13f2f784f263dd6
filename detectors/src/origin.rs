//! Where calls come from, as far as it is a habit: the network of an address.

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
