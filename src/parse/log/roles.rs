//! Which key means what: names that loggers give to the time, the level, the service and so on.
//!
//! Names are paths in lower case with `_` for `-`; a nested key and a dotted key of the same path mean the same.
//! Order is rank: of two keys for one role in one record the one further up wins.

use crate::parse::timestamp::EpochUnit;

/// What a key says about its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Level,
    /// A number as syslog counts: 0 is the worst.
    SyslogLevel,
    /// A number as OpenTelemetry counts: 1 … 24.
    OtelLevel,
    Service,
    Status,
    Latency,
    Message,
    Trace,
    /// Nanoseconds beside a time in whole seconds.
    Nanos,
}

/// How many numbers [`Role::rival`] gives.
pub(super) const N_RIVALS: usize = 8;
/// Places for their values and one for those without a role: a power of two.
pub(super) const N_HELD: usize = 16;
const _: () = assert!(N_RIVALS < N_HELD);

impl Role {
    /// The same number for roles whose values stand against one another.
    #[inline]
    pub const fn rival(self) -> usize {
        match self {
            Self::Time => 0,
            Self::Level | Self::SyslogLevel | Self::OtelLevel => 1,
            Self::Service => 2,
            Self::Status => 3,
            Self::Latency => 4,
            Self::Message => 5,
            Self::Trace => 6,
            Self::Nanos => 7,
        }
    }
}

/// A role, its rank (0 is the best) and the unit of its number if the name says so or the file's values do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Binding {
    pub role: Role,
    pub rank: u8,
    pub unit: Option<EpochUnit>,
}

/// Paths by role, best first.
const PATHS: &[(Role, &[&str])] = &[
    (
        Role::Time,
        &[
            "@timestamp",
            "timestamp",
            "ts",
            "time",
            "t.$date",
            "t",
            "datetime",
            "date",
            "eventtime",
            "event_time",
            "asctime",
            "@t",
            "log_time",
            "logtime",
            "time_iso8601",
            "time_local",
            "start_time",
            "__realtime_timestamp",
            "_source_realtime_timestamp",
            "timeunixnano",
            "observedtimeunixnano",
            "record.time.timestamp",
            "record.time.repr",
            "created",
            "when",
            "fields.time",
            "_time",
            "timemillis",
            "instant.epochsecond",
            "timestamp.seconds",
            "timestampseconds",
            "msec",
            "starttime",
            "start_utc",
            "generated_at",
            "received_at",
            "logged_at",
            "timegenerated",
            "time_generated",
            "timecreated",
            "requestreceivedtimestamp",
            "edgestarttimestamp",
            "reqtimesec",
            "started_at",
        ],
    ),
    (
        Role::Level,
        &[
            "level",
            "lvl",
            "severity",
            "log.level",
            "levelname",
            "loglevel",
            "log_level",
            "severity_text",
            "severitytext",
            "s",
            "@l",
            "record.level.name",
            "level.name",
            "level_name",
            "fields.level",
            "error_severity",
            "@level",
            "l",
            "severitylevel",
            "leveldisplayname",
            "detected_level",
            "labels.level",
            "labels.detected_level",
            "labels.severity",
            "fields.detected_level",
        ],
    ),
    (Role::SyslogLevel, &["priority", "syslog.severity.code", "syslog_severity"]),
    (Role::OtelLevel, &["severitynumber", "severity_number"]),
    (
        Role::Service,
        &[
            "service.name",
            "service",
            "svc",
            "service_name",
            "servicename",
            "app",
            "app_name",
            "appname",
            "application",
            "resource.service.name",
            "kubernetes.container.name",
            "kubernetes.container_name",
            "container_name",
            "syslog_identifier",
            "_systemd_unit",
            "program",
            "resource.labels.service_name",
            "resource.labels.container_name",
            "container",
            "cloud_rolename",
            "approlename",
            "containername",
            "_service",
            "fields.service_name",
            "fields.service",
            "fields.app",
            "fields.container",
            "labels.service_name",
            "labels.service",
            "labels.app",
            "labels.container",
            "labels.job",
            "job",
        ],
    ),
    (
        Role::Status,
        &[
            "status",
            "status_code",
            "statuscode",
            "http.response.status_code",
            "http.status_code",
            "http_status",
            "http.status",
            "response.status",
            "response.status_code",
            "res.statuscode",
            "response_code",
            "sc_status",
            "httprequest.status",
            "code",
            "downstreamstatus",
            "responsestatus.code",
            "resultcode",
            "http.statuscode",
            "http_code",
            "edgeresponsestatus",
            "response_status",
            "_status",
        ],
    ),
    (
        Role::Message,
        &[
            "msg",
            "message",
            "fields.message",
            "@m",
            "@mt",
            "short_message",
            "renderedmessage",
            "record.message",
            "textpayload",
            "jsonpayload.message",
            "event",
            "body",
            "log",
            "text",
            "line",
            "_raw",
            "@message",
            "content",
            "m",
            "messagetemplate",
            "logentry",
            "logmessage",
            "outermessage",
            "request",
            // What was asked for stands for the sentence that a record lacks.
            "resultdescription",
            "operationname",
            "request_uri",
            "requesturi",
            "requestpath",
            "request.uri",
            "request.path",
            "clientrequesturi",
            "reqpath",
            "httprequest.requesturl",
            "uri",
            "url",
            "path",
        ],
    ),
    (
        Role::Trace,
        &[
            "trace_id",
            "traceid",
            "trace.id",
            "trace.trace_id",
            "trace",
            "dd.trace_id",
            "otel.trace_id",
            "x_trace_id",
            "@tr",
            "context.trace_id",
            "logging.googleapis.com/trace",
            "operation_id",
            "operationid",
            "correlation_id",
            "request_id",
            "req_id",
            "x_request_id",
            "requestid",
            "correlationid",
            "fields.trace_id",
            "fields.traceid",
            "labels.trace_id",
            "labels.traceid",
            "mdc.traceid",
            "mdc.trace_id",
            "contextmap.traceid",
            "contextmap.trace_id",
            "req.headers.x_request_id",
            "request.headers.x_request_id",
        ],
    ),
];

/// Paths of nanoseconds beside a time in whole seconds: log4j, and the JSON of a protobuf time.
const NANOS: &[&str] = &["instant.nanoofsecond", "timestamp.nanos", "timestampnanos"];

/// Stems of latency names; a unit may follow (`latency_ms`, `durationNanos`).
const LATENCIES: &[&str] = &[
    "latency",
    "duration",
    "elapsed",
    "took",
    "dur",
    "response_time",
    "responsetime",
    "request_time",
    "requesttime",
    "request_duration",
    "http.request.duration",
    "time_taken",
    "elapsed_time",
    "event.duration",
    "cost",
    "rt",
    "httprequest.latency",
    "attr.duration",
    "timetaken",
    "latencies.request",
    "turnaroundtime",
    "originresponsetime",
];

/// Latency names whose unit is a convention of one program: pino-http, nginx, Elastic Common Schema.
const CONVENTIONS: &[(&str, EpochUnit)] = &[
    ("responsetime", EpochUnit::Millis),
    ("request_time", EpochUnit::Seconds),
    ("event.duration", EpochUnit::Nanos),
    ("latencies.request", EpochUnit::Millis),
    ("originresponsetime", EpochUnit::Nanos),
];

/// Endings that state a unit, longer ones first.
const UNITS: &[(&str, EpochUnit)] = &[
    ("_milliseconds", EpochUnit::Millis),
    ("milliseconds", EpochUnit::Millis),
    ("_microseconds", EpochUnit::Micros),
    ("_nanoseconds", EpochUnit::Nanos),
    ("_in_ms", EpochUnit::Millis),
    ("_seconds", EpochUnit::Seconds),
    ("_millis", EpochUnit::Millis),
    ("_micros", EpochUnit::Micros),
    ("_nanos", EpochUnit::Nanos),
    ("_secs", EpochUnit::Seconds),
    ("_sec", EpochUnit::Seconds),
    ("_ms", EpochUnit::Millis),
    ("_us", EpochUnit::Micros),
    ("_ns", EpochUnit::Nanos),
    ("_s", EpochUnit::Seconds),
    ("millis", EpochUnit::Millis),
    ("micros", EpochUnit::Micros),
    ("nanos", EpochUnit::Nanos),
    ("seconds", EpochUnit::Seconds),
    ("msec", EpochUnit::Millis),
    ("ms", EpochUnit::Millis),
    ("us", EpochUnit::Micros),
    ("ns", EpochUnit::Nanos),
];

/// Objects that may hold keys with a role: the walker looks inside these and passes over all others.
const CONTAINERS: &[&str] = &[
    "",
    "fields",
    "log",
    "t",
    "http",
    "http.request",
    "http.response",
    "service",
    "trace",
    "event",
    "resource",
    "res",
    "response",
    "kubernetes",
    "kubernetes.container",
    "syslog",
    "syslog.severity",
    "record",
    "record.level",
    "record.time",
    "dd",
    "otel",
    "context",
    "jsonpayload",
    "level",
    "httprequest",
    "resource.labels",
    "instant",
    "timestamp",
    "labels",
    "attr",
    "mdc",
    "contextmap",
    "responsestatus",
    "req",
    "req.headers",
    "request",
    "request.headers",
    "latencies",
];

/// Longest path that can have a role.
const MAX_PATH: usize = 48;

/// Where a key stands: index of an object that may hold roles. 0 is the record itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place(pub u8);

impl Place {
    /// Path of the object, empty for the record itself.
    pub fn path(self) -> &'static str {
        CONTAINERS[usize::from(self.0)]
    }
}

/// Of messages those that are sentences by their names; what comes behind only stands for one.
pub(super) const LAST_SENTENCE: u8 = 23;

/// The role that a key states by its name: what only stands for a sentence is no sign of a log.
pub(super) fn stated_role(key: &[u8]) -> Option<Role> {
    let binding = meaning(Place(0), key).binding?;
    (binding.role != Role::Message || binding.rank <= LAST_SENTENCE).then_some(binding.role)
}

/// What a key may mean: a role for its value, and a place to go on if the value is an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Meaning {
    pub binding: Option<Binding>,
    pub inside: Option<Place>,
}

/// Normal form of the path of `key` in `place`; `None` when it is too long to mean anything.
pub(super) fn path_of(place: Place, key: &[u8]) -> Option<([u8; MAX_PATH], usize)> {
    let mut path = [0u8; MAX_PATH];
    let prefix = place.path().as_bytes();
    let start = if prefix.is_empty() { 0 } else { prefix.len() + 1 };
    let len = start + key.len();
    if len > MAX_PATH || key.is_empty() {
        return None;
    }
    path[..prefix.len()].copy_from_slice(prefix);
    if start > 0 {
        path[start - 1] = b'.';
    }
    path[start..len].copy_from_slice(key);
    for byte in &mut path[start..len] {
        *byte = if *byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
    }
    Some((path, len))
}

/// What `key` in `place` means by its name alone.
pub(super) fn meaning(place: Place, key: &[u8]) -> Meaning {
    let Some((path, len)) = path_of(place, key) else { return Meaning::default() };
    let path = &path[..len];
    let inside = CONTAINERS.iter().skip(1).position(|name| name.as_bytes() == path).map(|index| Place(index as u8 + 1));
    Meaning { binding: by_path(path).or_else(|| latency(path)), inside }
}

fn by_path(path: &[u8]) -> Option<Binding> {
    if NANOS.iter().any(|name| name.as_bytes() == path) {
        return Some(Binding { role: Role::Nanos, rank: 0, unit: None });
    }
    PATHS.iter().find_map(|(role, names)| {
        let rank = names.iter().position(|name| name.as_bytes() == path)? as u8;
        let unit = match names[usize::from(rank)] {
            "__realtime_timestamp" | "_source_realtime_timestamp" => Some(EpochUnit::Micros),
            "timeunixnano" | "observedtimeunixnano" => Some(EpochUnit::Nanos),
            "instant.epochsecond" | "timestamp.seconds" | "timestampseconds" => Some(EpochUnit::Seconds),
            "timemillis" => Some(EpochUnit::Millis),
            _ => None,
        };
        Some(Binding { role: *role, rank, unit })
    })
}

fn latency(path: &[u8]) -> Option<Binding> {
    let stem = |path: &[u8], unit| {
        let rank = LATENCIES.iter().position(|name| name.as_bytes() == path)? as u8;
        Some(Binding { role: Role::Latency, rank, unit })
    };
    let convention = CONVENTIONS.iter().find(|(name, _)| name.as_bytes() == path).map(|(_, unit)| *unit);
    stem(path, convention).or_else(|| UNITS.iter().find_map(|(ending, unit)| stem(path.strip_suffix(ending.as_bytes())?, Some(*unit))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(place: u8, key: &str) -> Option<(Role, Option<EpochUnit>)> {
        meaning(Place(place), key.as_bytes()).binding.map(|binding| (binding.role, binding.unit))
    }

    #[test]
    fn names_of_many_loggers_have_their_role() {
        assert_eq!(role(0, "ts"), Some((Role::Time, None)));
        assert_eq!(role(0, "Level"), Some((Role::Level, None)));
        assert_eq!(role(0, "log.level"), Some((Role::Level, None)));
        assert_eq!(role(0, "traceId"), Some((Role::Trace, None)));
        assert_eq!(role(0, "latency_ms"), Some((Role::Latency, Some(EpochUnit::Millis))));
        assert_eq!(role(0, "durationNanos"), Some((Role::Latency, Some(EpochUnit::Nanos))));
        assert_eq!(role(0, "duration"), Some((Role::Latency, None)));
        assert_eq!(role(0, "db_wait"), None);
        let inside = meaning(Place(0), b"fields").inside.expect("an object with roles");
        assert_eq!(meaning(inside, b"message").binding.map(|binding| binding.role), Some(Role::Message));
        assert_eq!(meaning(Place(0), &[b'x'; 100]), Meaning::default());
    }

    #[test]
    fn what_was_asked_for_stands_behind_every_sentence() {
        let rank = |key: &str| meaning(Place(0), key.as_bytes()).binding.map(|binding| (binding.role, binding.rank));
        assert_eq!(rank("request"), Some((Role::Message, LAST_SENTENCE)));
        assert!(["path", "url", "request_uri"].iter().all(|key| rank(key).is_some_and(|(_, rank)| rank > LAST_SENTENCE)));
    }

    #[test]
    fn no_name_has_two_roles() {
        let mut names: Vec<_> = PATHS.iter().flat_map(|(_, names)| names.iter()).collect();
        let n = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), n);
        assert!(CONTAINERS.iter().all(|name| name.len() < MAX_PATH / 2));
    }
}
