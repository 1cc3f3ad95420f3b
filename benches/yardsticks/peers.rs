//! The programs that people use today, asked the same question of the same file.
//!
//! The question is the histogram of lines by second and level. A peer that is not installed is left out by name.

use std::path::Path;
use std::process::Command;

/// One peer: its name in the table, and the command that answers.
pub type Peer = (&'static str, fn(&Path) -> Command);

/// Every peer that can answer for JSON lines.
pub const PEERS: [Peer; 4] = [("DuckDB", duckdb), ("Polars", polars), ("jq", jq), ("lnav", lnav)];

fn python(program: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", program]);
    command
}

fn duckdb(path: &Path) -> Command {
    python(&format!(
        "import duckdb\nduckdb.sql(\"\"\"select date_trunc('second', ts) s, level, count(*) from read_json('{}', \
         format='newline_delimited', columns={{ts:'TIMESTAMP', level:'VARCHAR'}}) group by all order by all\"\"\").fetchall()",
        path.display()
    ))
}

fn polars(path: &Path) -> Command {
    python(&format!(
        "import polars as pl\npl.scan_ndjson('{}', schema={{'level': pl.String, 'ts': pl.String}}).group_by(\
         pl.col('ts').str.slice(0, 19), 'level').len().sort('ts').collect(engine='streaming')",
        path.display()
    ))
}

fn jq(path: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"jq -r '.ts[0:19] + " " + .level' "$0" | uniq -c | awk '{n[$2" "$3]+=$1} END {for (k in n) print k, n[k]}'"#]);
    command.arg(path);
    command
}

/// Loading alone: it has no format for these lines, so it cannot tell their level.
fn lnav(path: &Path) -> Command {
    let mut command = Command::new("lnav");
    command.args(["-n", "-q", "-c", ";SELECT count(*) FROM all_logs"]).arg(path);
    command
}
