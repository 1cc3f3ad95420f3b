//! The name of a format that no pattern describes, from what its sampled lines have in common.
//!
//! Names are for people and for `--as`: nothing is read differently because of one.

use super::Layout;
use super::column::Column;
use super::guess::has_key;
use super::level;
use super::survey::Survey;

/// Name of the format of most lines.
pub(super) fn format_name(survey: &Survey, layout: Layout) -> String {
    let text = &survey.text;
    let rest = &survey.example;
    let has = |part: &[u8]| memchr::memmem::find(rest, part).is_some();
    let name = match layout {
        Layout::Access => "access-log",
        Layout::Named => "named",
        Layout::Text if text.relative * 2 > text.at_start() => "relative-times",
        Layout::Text if text.stamped * 2 > text.dated && (has(b" stdout F ") || has(b" stderr F ")) => "cri",
        Layout::Text if text.stamped * 2 > text.dated && survey.has_app_times() => "kubectl-logs",
        Layout::Logfmt => "logfmt",
        Layout::Json => json_name(survey),
        Layout::Text if [&b" stdout F "[..], b" stderr F ", b" stdout P ", b" stderr P "].into_iter().any(has) => "cri",
        Layout::Text if text.klog * 2 > text.at_start() => "klog",
        Layout::Text if text.priority_5424 > 0 => "syslog-5424",
        Layout::Text if text.priority > 0 || text.yearless * 2 > text.at_start() => "syslog-3164",
        Layout::Text if rest.starts_with(b"@") => "tai64n",
        Layout::Text if memchr::memchr_iter(b'\t', rest).count() >= 2 => "zap-console",
        Layout::Text
            if rest.get(4) == Some(&b'/')
                && has(b"#")
                && has(b": ")
                && level::find(rest.get(19..).unwrap_or_default(), Column::default()).is_some() =>
        {
            "nginx-error"
        }
        Layout::Text if rest.get(survey.example_start + 4) == Some(&b'/') => "go-std",
        Layout::Text if has(b"] LOG:") || has(b"] FATAL:") || has(b"] ERROR:") => "postgresql",
        Layout::Text => "text",
    };
    name.to_owned()
}

fn json_name(survey: &Survey) -> &'static str {
    let has = |key| has_key(survey, key);
    match () {
        () if has("log") && has("stream") && has("time") => "docker-json",
        () if has("line") && (has("labels") || has("timestamp")) => "logcli-jsonl",
        () if has("__realtime_timestamp") => "journald-json",
        () if has("t.$date") => "mongodb-json",
        () if has("hostname") && has("pid") && has("v") => "bunyan-json",
        () if has("hostname") && has("pid") => "pino-json",
        () if has("@timestamp") && has("@version") && has("level_value") => "logstash-json",
        () if has("@timestamp") => "ecs-json",
        () if has("short_message") => "gelf",
        () if has("@t") && (has("@m") || has("@mt")) => "serilog-compact",
        () if has("loglevel") && has("category") && has("eventid") => "dotnet-json",
        () if has("level") && has("ts") => "zap-json",
        () if has("level") && has("time") && has("message") => "zerolog-json",
        () if has("level") && has("time") && has("msg") => "slog-json",
        () if has("level") && has("timestamp") && has("message") => "winston-json",
        () => "json-lines",
    }
}
