//! placeholder
use super::{Decoded, Origin, Refusal, Sink};
/// p
pub fn looks_like(_: &str) -> bool {
    false
}
/// p
/// # Errors
/// p
pub fn decode(text: &str, _: &Origin<'_>, _: &mut dyn Sink) -> Result<Decoded, Refusal> {
    Err(Refusal::no_log(text))
}
