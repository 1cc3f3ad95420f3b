//! Clusters of a plain text file, one message a line: `cargo run --example templates FILE` writes a JSON object with the
//! pattern of every line and the text of every pattern.
//!
//! The same miner as `coroner events --patterns`, for text that is no log (no times): to score it on labelled messages.

use std::collections::HashMap;
use std::io::Write as _;

use coroner::parse::template::{first_line, mine, signature};

fn main() -> anyhow::Result<()> {
    let Some(path) = std::env::args_os().nth(1) else { anyhow::bail!("name a file with one message a line") };
    let bytes = std::fs::read(&path)?;
    let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes).split(|byte| *byte == b'\n').map(first_line);
    let mut index: HashMap<u64, usize> = HashMap::new();
    let (mut kept, mut of_line) = (Vec::new(), Vec::new());
    for line in lines {
        let next = kept.len();
        let at = *index.entry(signature(line)).or_insert_with(|| {
            kept.push(String::from_utf8_lossy(line).into_owned());
            next
        });
        of_line.push(at);
    }
    let mined = mine(kept.iter().map(String::as_str));
    let clusters: Vec<u32> = of_line.into_iter().map(|at| mined.of_message[at]).collect();
    writeln!(std::io::stdout(), "{}", serde_json::json!({ "clusters": clusters, "templates": mined.templates }))?;
    Ok(())
}
