//! Options that every reading command shares: which sources, how they are read, and a window of time.

use std::path::PathBuf;

use clap::Args;

/// Sources and how to read them: the same for every command.
#[derive(Debug, Clone, Args, Default)]
pub struct OpenArgs {
    /// Files, folders, globs, archives (.tar.*, .zip), compressed files, or - for standard input
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    #[command(flatten)]
    /// Reading.
    pub read: ReadArgs,
}

/// How sources are read.
#[derive(Debug, Clone, Args, Default)]
pub struct ReadArgs {
    /// Zone of times without one: ZONE for all sources, or SRC=ZONE for those whose path matches (repeatable)
    #[arg(long, value_name = "[SRC=]ZONE")]
    pub tz: Vec<String>,
    /// TOML file that describes log formats: name, pattern with named groups, or keys by role (repeatable)
    #[arg(long, value_name = "FILE")]
    pub format_file: Vec<PathBuf>,
    /// Format of all sources, or SRC=FORMAT for those whose path matches (repeatable)
    #[arg(long = "as", value_name = "[SRC=]FORMAT")]
    pub as_format: Vec<String>,
    /// Column of tables that holds the time: NAME for all sources, or SRC=NAME for those whose path matches (repeatable)
    #[arg(long, value_name = "[SRC=]NAME")]
    pub time_column: Vec<String>,
    /// When the clock of a log without dates began: its first record (times of day), its zero (relative times), or the
    /// moment at which ages (5m23s) were listed
    #[arg(long, value_name = "FILE=TIME")]
    pub anchor: Vec<String>,
    /// Moves the clock of a source that was wrong, over what the case says: its times become so much later, or earlier with -
    #[arg(long, value_name = "SRC=OFFSET")]
    pub clock: Vec<String>,
    /// Folder of the case (notes, title, T+0); default: the opened folder, else NAME.case beside a file
    #[arg(long, value_name = "DIR")]
    pub case: Option<PathBuf>,
    /// Threads that read and parse; default: all cores
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Most bytes that compressed sources may unpack to, with an optional K, M or G; default: 4G, and of what grows more
    /// than 200 times 256M
    #[arg(long, value_name = "BYTES", value_parser = parse_size)]
    pub max_decoded: Option<u64>,
    /// Parse all logs again: neither use nor keep an index (kept in CASE/.coroner/index or in the user's cache folder)
    #[arg(long)]
    pub no_cache: bool,
    /// Say nothing on standard error but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// A window of time and a moment: RFC 3339, `14:03`, epoch s/ms/us/ns, `T+3m`, `-5m` (before the end).
#[derive(Debug, Clone, Args, Default)]
pub struct WindowArgs {
    /// Start of the window: RFC 3339, 14:03, epoch, T+3m, -5m (before the end)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// End of the window (not included)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
}

/// `1048576`, `64K`, `500M`, `4G`.
fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.trim_end_matches(['b', 'B', 'i']).char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1u64 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is not a size; write bytes like 1048576, 64K, 500M or 4G"))?;
    number.checked_mul(factor).ok_or_else(|| format!("{text:?} is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_with_their_letter() {
        assert_eq!(parse_size("64K"), Ok(65_536));
        assert_eq!(parse_size("4G"), Ok(4 << 30));
        assert_eq!(parse_size("500MiB"), Ok(500 << 20));
        assert!(parse_size("many").is_err());
    }
}
