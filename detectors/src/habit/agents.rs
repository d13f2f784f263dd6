//! The products of user agents, known again.

use std::ops::Range;

use super::product_of;
use crate::hash::hash_one;

/// User agents that are remembered, at places by their hash.
const AGENTS: usize = 128;

/// Where the products of user agents stand that were met last: it takes longer to find one than to know it again.
#[derive(Debug, Default)]
pub(crate) struct Agents(Vec<Option<(Box<str>, Range<usize>)>>);

impl Agents {
    /// As the function of that name.
    pub(crate) fn product_of<'e>(&mut self, agent: &'e str) -> &'e str {
        self.0.resize(AGENTS, None);
        let held = &mut self.0[hash_one(agent) as usize % AGENTS];
        if let Some((_, product)) = held.as_ref().filter(|(held, _)| **held == *agent) {
            return &agent[product.clone()];
        }
        let product = product_of(agent);
        let from = product.as_ptr() as usize - agent.as_ptr() as usize;
        *held = Some((agent.into(), from..from + product.len()));
        product
    }
}
