//! To come.
use std::collections::BTreeMap;
/// Stand-in.
pub fn queries(_bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    None
}
