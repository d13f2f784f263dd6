//! The products of user agents, known again.

use std::ops::Range;

use crate::fold::agent_family;
use crate::hash::hash_one;

/// User agents that are remembered, at places by their hash.
const AGENTS: usize = 128;
/// Longer ones are not, in bytes: CloudTrail cuts them at 1 KB.
const LONGEST: usize = 1_024;

/// Where the families of user agents stand that were met last: it takes longer to find one than to know it again.
#[derive(Debug, Default)]
pub(crate) struct Agents(Vec<Option<(Box<str>, Range<usize>)>>);

impl Agents {
    /// As the function of that name.
    pub(crate) fn product_of<'e>(&mut self, agent: &'e str) -> &'e str {
        product_in(self.family_of(agent))
    }

    /// As [`agent_family`].
    pub(crate) fn family_of<'e>(&mut self, agent: &'e str) -> &'e str {
        self.0.resize(AGENTS, None);
        let held = &mut self.0[hash_one(agent) as usize % AGENTS];
        if let Some((_, family)) = held.as_ref().filter(|(held, _)| **held == *agent) {
            return &agent[family.clone()];
        }
        let family = agent_family(agent);
        let from = family.as_ptr() as usize - agent.as_ptr() as usize;
        if agent.len() <= LONGEST {
            *held = Some((agent.into(), from..from + family.len()));
        }
        family
    }
}

/// The product that a user agent names, without its version.
#[must_use]
pub(crate) fn product_of(agent: &str) -> &str {
    product_in(agent_family(agent))
}

fn product_in(family: &str) -> &str {
    family.split_once('/').map_or(family, |(product, _)| product)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(agents.family_of(agent), agent_family(agent));
        }
    }
}
