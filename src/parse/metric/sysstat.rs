//! What sysstat and procps print about a host: `sadf -j`, `sadf -d`, `sadf -p`, `mpstat`, `pidstat`, `sar`, `iostat -t`, `vmstat -t`.
//!
//! A column becomes a series: the thing it is about (`cpu`, `iface`, `dev`) and the column's words make the name, the thing's
//! own name is a label. Values are those of the source, in its units. Averages at the end are not samples.

mod iostat;
mod lines;
mod sadf;
mod sar;
mod vmstat;

pub(crate) use iostat::{parse as parse_iostat, recognise as recognise_iostat};
pub(crate) use lines::{parse as parse_lines, recognise as recognise_lines};
pub(crate) use sadf::{parse_json, parse_table, recognise_json, recognise_table};
pub(crate) use sar::{parse as parse_sar, recognise as recognise_sar};
pub(crate) use vmstat::{parse as parse_vmstat, recognise as recognise_vmstat};
