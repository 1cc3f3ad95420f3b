//! Keys of `case.toml` set by name: `slos.orders.objective=0.999`, `unknown.acknowledged=the pager log is gone`.
//!
//! A value is TOML if it reads as such, else a text. What does not fit together is refused as a whole.

use toml_edit::{ArrayOfTables, Item, Table, Value};

use super::merge_meta::identity;
use super::meta::{LoadedMeta, parse_meta, write_meta};
use crate::model::case::CaseMeta;

/// Lists of tables, with the key that names an entry.
const LISTS: [(&[&str], &str); 4] = [(&["slos"], "name"), (&["measures"], "name"), (&["people"], "name"), (&["lint", "suppress"], "rule")];
/// Tables of which every key is a name of the house: series and paths may hold dots.
const MAPS: [&str; 10] =
    ["zones", "clock_offsets", "formats", "time_columns", "anchors", "thresholds", "roles", "links", "unknown", "limits"];
/// Those of them whose values are texts, even if they look like numbers: `+5` is a zone.
const TEXTS: [&str; 7] = ["zones", "clock_offsets", "formats", "time_columns", "anchors", "roles", "links"];
/// Keys that hold lists of words.
const WORDS: [&str; 9] = ["services", "sources", "format_files", "authors", "environments", "regions", "tags", "categories", "aliases"];

/// The head with these keys set; an empty value takes the key away. Errors say which key is unknown or does not fit.
pub fn set_meta(meta: &CaseMeta, pairs: &[(String, String)]) -> Result<CaseMeta, String> {
    let mut loaded = parse_meta(&write_meta(meta, &LoadedMeta::default())).map_err(|error| error.to_string())?;
    for (key, text) in pairs {
        set_one(loaded.document.as_table_mut(), key, text).ok_or_else(|| format!("{key}: no place in case.toml"))?;
    }
    let text = loaded.document.to_string();
    let set = parse_meta(&text).map_err(|error| error.to_string())?;
    if let Some(problem) = set.problems.first() {
        return Err(problem.replace("; it is left as it is", ""));
    }
    // A key that this version does not know would be written and mean nothing.
    let told: toml_edit::DocumentMut =
        write_meta(&set.meta, &LoadedMeta::default()).parse().map_err(|_| "case.toml cannot be read".to_owned())?;
    for (key, text) in pairs {
        let is_there = find(told.as_table(), &parts(key)).is_some();
        if !text.is_empty() && !is_there {
            return Err(format!("case.toml has no key {key}; `coroner note CASE set --help` lists them"));
        }
    }
    Ok(set.meta)
}

/// The parts of a key; names of the house stay whole.
fn parts(key: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = key;
    while let Some((first, more)) = rest.split_once('.') {
        parts.push(first);
        rest = more;
        let is_list = LISTS.iter().any(|(path, _)| *path == parts.as_slice());
        if MAPS.contains(&first) {
            break;
        }
        if is_list {
            // The name of the entry, then one key of it.
            let (name, field) = rest.rsplit_once('.').unwrap_or((rest, ""));
            parts.push(name);
            rest = field;
            break;
        }
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

fn set_one(root: &mut Table, key: &str, text: &str) -> Option<()> {
    let parts = parts(key);
    let (last, path) = parts.split_last()?;
    let mut table = root;
    let mut at = 0;
    while at < path.len() {
        let list = LISTS.iter().find(|(list, _)| *list == &path[..=at]);
        let slot = table.entry(path[at]).or_insert_with(|| match list {
            Some(_) => Item::ArrayOfTables(ArrayOfTables::new()),
            None => Item::Table(Table::new()),
        });
        table = match (slot, list) {
            (Item::ArrayOfTables(tables), Some((_, named_by))) => {
                at += 1;
                let name = path.get(at)?;
                if !tables.iter().any(|table| identity(table) == *name) {
                    let mut new = Table::new();
                    let (rule, place) = name.split_once(' ').unwrap_or((name, ""));
                    let is_rule = *named_by == "rule" && !place.is_empty();
                    new.insert(named_by, toml_edit::value(if is_rule { rule } else { name }));
                    if is_rule {
                        new.insert("at", toml_edit::value(place));
                    }
                    tables.push(new);
                }
                tables.iter_mut().find(|table| identity(table) == *name)?
            }
            (Item::Table(inner), None) => inner,
            _ => return None,
        };
        at += 1;
    }
    // A list of tables is set entry by entry, and goes as a whole.
    if matches!(table.get(last), Some(Item::ArrayOfTables(_))) && !text.is_empty() {
        return None;
    }
    if text.is_empty() {
        table.remove(last);
    } else {
        let is_text = path.first().is_some_and(|table| TEXTS.contains(table));
        table.insert(last, Item::Value(if is_text { Value::from(text.trim()) } else { value(last, text) }));
    }
    Some(())
}

fn value(key: &str, text: &str) -> Value {
    let text = text.trim();
    if WORDS.contains(&key) && !text.starts_with('[') {
        return Value::Array(text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect());
    }
    match text.parse::<Value>() {
        // A date is a text in a case.
        Ok(Value::Datetime(_)) | Err(_) => Value::from(text),
        Ok(value) => value.decorated("", ""),
    }
}

fn find<'a>(root: &'a Table, path: &[&str]) -> Option<&'a Item> {
    let (first, rest) = path.split_first()?;
    match (root.get(first)?, rest) {
        (item, []) => Some(item),
        (Item::Table(inner), rest) => find(inner, rest),
        (Item::ArrayOfTables(tables), [name, rest @ ..]) => {
            let entry = tables.iter().find(|table| identity(table) == **name)?;
            if rest.is_empty() { root.get(first) } else { find(entry, rest) }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::{DataLoss, MarkerName};

    fn set(meta: &CaseMeta, pairs: &[(&str, &str)]) -> Result<CaseMeta, String> {
        set_meta(meta, &pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn every_sort_of_key_can_be_set_and_taken_away() {
        let slo = [("objective", "0.999"), ("window", "30d"), ("bad", "errors_total"), ("total", "requests_total")];
        let keys: Vec<(String, &str)> = slo.iter().map(|(key, text)| (format!("slos.orders.v2.{key}"), *text)).collect();
        let mut pairs: Vec<(&str, &str)> = keys.iter().map(|(key, text)| (key.as_str(), *text)).collect();
        pairs.extend([
            ("id", "INC-1"),
            ("date", "2026-11-23"),
            ("authors", "sre, payments"),
            ("impact.data_loss", "false"),
            ("impact.users", "1200"),
            ("unknown.acknowledged", "no pager log"),
            ("thresholds.p99{le=\"0.5\"}", "1.5"),
            ("roles.commander", "on-call"),
            ("people.Ann B..aliases", "@ann"),
            ("measures.TTD.from", "impact_start"),
            ("measures.TTD.to", "detected"),
            ("lint.limits.gap_s", "300"),
            ("lint.suppress.PM014 C1.reason", "house words"),
        ]);
        let meta = set(&CaseMeta::default(), &pairs).unwrap();
        assert_eq!((meta.slos[0].name.as_str(), meta.slos[0].objective), ("orders.v2", 0.999));
        assert_eq!((meta.head.date.as_deref(), meta.head.authors.len()), (Some("2026-11-23"), 2));
        assert_eq!((meta.impact.data_loss.clone(), meta.impact.users.as_deref()), (Some(DataLoss::No), Some("1200")));
        assert_eq!(meta.unknown_markers[&MarkerName::Acknowledged], "no pager log");
        assert!((meta.thresholds["p99{le=\"0.5\"}"] - 1.5).abs() < 1e-12);
        assert_eq!((meta.people[0].name.as_str(), meta.measures[0].to), ("Ann B.", MarkerName::Detected));
        assert_eq!((meta.lint.suppress[0].rule.as_str(), meta.lint.suppress[0].at.as_deref()), ("PM014", Some("C1")));
        let less = set(&meta, &[("id", ""), ("unknown.acknowledged", ""), ("slos", "")]).unwrap();
        assert!(less.head.id.is_none() && less.unknown_markers.is_empty() && less.slos.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused_and_told() {
        let error = |pairs: &[(&str, &str)]| set(&CaseMeta::default(), pairs).unwrap_err();
        assert!(error(&[("slos.orders.objective", "0.9")]).starts_with("slos should be"), "an SLO without an indicator");
        assert!(error(&[("titel", "x")]).contains("no key titel"));
        assert!(error(&[("unknown.moonrise", "x")]).contains("marker"));
    }
}
