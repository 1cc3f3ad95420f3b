//! Three versions of `case.toml` → one, key by key. Comments and what this version does not know are kept.
//!
//! Ours is the text that is changed, so its comments and order stay; what only theirs changed comes with its comments.
//! Lists of words are united, lists of tables are merged by the name of the entry. What both changed differently is
//! told in `[[conflicts]]` of the file itself, and one of the two values stands.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, TableLike, Value};

use super::merge::Merged;
use super::meta::{LoadedMeta, MetaError, Reader, parse_meta, write_meta};
use crate::model::case::{CaseMeta, Choice, MetaConflict};

/// Key of the list of what is left to settle.
const CONFLICTS: &str = "conflicts";
/// What stands for a date of TOML among the plain values.
const DATE: &str = "$date";

/// Merges two texts that both began as `base`. Errors when one of them is no TOML.
pub fn merge_meta(base: &str, ours: &str, theirs: &str) -> Result<Merged, MetaError> {
    if ours == theirs || theirs == base {
        return Ok(Merged { text: ours.to_owned(), conflicts: Vec::new() });
    }
    if ours == base {
        return Ok(Merged { text: theirs.to_owned(), conflicts: Vec::new() });
    }
    let [base, ours, theirs] = [parse_meta(base)?, parse_meta(ours)?, parse_meta(theirs)?].map(|loaded| loaded.document);
    let mut merged = ours.clone();
    let mut merge = Merge { conflicts: Vec::new() };
    merge.tables(&[], merged.as_table_mut(), base.as_table(), theirs.as_table());
    let root = merged.as_table_mut();
    let mut all = Reader { root, problems: Vec::new() }.conflicts();
    let words = merge.conflicts.iter().map(|conflict| format!("case.toml {}: both sides changed it", conflict.key.join("."))).collect();
    let is_new = |conflict: &MetaConflict| !all.contains(conflict);
    let new: Vec<MetaConflict> = merge.conflicts.into_iter().filter(is_new).collect();
    if !new.is_empty() {
        all.extend(new);
        write_conflicts(root, &all);
    }
    Ok(Merged { text: merged.to_string(), conflicts: words })
}

/// Takes one of the two values of a conflict. Errors when the value does not fit, or the key is one that this version
/// does not know.
pub fn settle_meta(meta: &CaseMeta, conflict: &MetaConflict, choice: Choice) -> Result<CaseMeta, String> {
    let left = |meta: CaseMeta| CaseMeta { conflicts: meta.conflicts.iter().filter(|one| *one != conflict).cloned().collect(), ..meta };
    // What stands there may have been changed since by hand: the first choice leaves it.
    if choice == Choice::First {
        return Ok(left(meta.clone()));
    }
    let by_hand = || format!("{} cannot be settled here: change it in case.toml and take the first value", conflict.key.join("."));
    let mut loaded = parse_meta(&write_meta(meta, &LoadedMeta::default())).map_err(|error| error.to_string())?;
    let (last, path) = conflict.key.split_last().ok_or_else(by_hand)?;
    let parent = descend(loaded.document.as_table_mut(), path).ok_or_else(by_hand)?;
    put(parent, last, conflict.sides[1].as_ref());
    let settled = parse_meta(&loaded.document.to_string()).map_err(|error| error.to_string())?;
    if !settled.problems.is_empty() || settled.meta == *meta {
        return Err(by_hand());
    }
    Ok(left(settled.meta))
}

struct Merge {
    conflicts: Vec<MetaConflict>,
}

impl Merge {
    fn tables(&mut self, path: &[String], ours: &mut Table, base: &Table, theirs: &Table) {
        let keys: BTreeSet<String> =
            [base, &*ours, theirs].into_iter().flat_map(|table| table.iter().map(|(key, _)| key.to_owned())).collect();
        for key in keys {
            let of = |table: &Table| table.get(&key).and_then(plain);
            let (was, a, b) = (of(base), of(ours), of(theirs));
            if a == b || b == was {
                continue;
            }
            if a == was {
                take(ours, theirs, &key);
                continue;
            }
            let path = [path, std::slice::from_ref(&key)].concat();
            self.both(&path, ours, (base.get(&key), theirs.get(&key)), [was, a, b]);
        }
    }

    /// Both sides changed it.
    fn both(&mut self, path: &[String], ours: &mut Table, (base, theirs): (Option<&Item>, Option<&Item>), plain: [Option<Json>; 3]) {
        let key = path.last().map_or("", String::as_str);
        let is_unit = path.len() == 1 && key == "t0";
        let table = |item: Option<&Item>| match item {
            _ if is_unit => None,
            Some(Item::Table(table)) => Some(table.clone()),
            Some(Item::Value(Value::InlineTable(table))) => Some(table.clone().into_table()),
            _ => None,
        };
        if let (Some(mut one), Some(other)) = (table(ours.get(key)), table(theirs)) {
            self.tables(path, &mut one, &table(base).unwrap_or_default(), &other);
            ours.insert(key, Item::Table(one));
            return;
        }
        let [was, a, b] = &plain;
        if let (Some(one), Some(other)) = (names(a.as_ref()), names(b.as_ref())) {
            let was = names(was.as_ref()).unwrap_or_default();
            let mut united: Vec<&String> = was.iter().filter(|name| one.contains(name) && other.contains(name)).collect();
            united.extend(one.iter().chain(&other).filter(|name| !was.contains(name)).collect::<BTreeSet<_>>());
            put(ours, key, Some(&json!(united)));
            return;
        }
        let list = |item: Option<&Item>| item.map_or(Some(Vec::new()), entries);
        if let (Some(was), Some(one), Some(other)) = (list(base), list(ours.get(key)), list(theirs)) {
            let merged = self.lists(path, &was, &one, &other);
            if merged.is_empty() {
                ours.remove(key);
            } else {
                ours.insert(key, Item::ArrayOfTables(merged));
            }
            return;
        }
        let [was, a, b] = plain;
        let stands = self.clash(path, was, [a, b]);
        put(ours, key, stands.as_ref());
    }

    fn lists(&mut self, path: &[String], was: &[(String, Table)], one: &[(String, Table)], other: &[(String, Table)]) -> ArrayOfTables {
        let get = |list: &'_ [(String, Table)], id: &str| list.iter().find(|entry| entry.0 == id).map(|entry| entry.1.clone());
        let mut order: Vec<&String> = was.iter().map(|entry| &entry.0).collect();
        let new: BTreeSet<&String> = one.iter().chain(other).map(|entry| &entry.0).filter(|id| !order.contains(id)).collect();
        order.extend(new);
        let mut merged = ArrayOfTables::new();
        for id in order {
            let (base, a, b) = (get(was, id), get(one, id), get(other, id));
            let told = |table: &Option<Table>| table.as_ref().map(|table| plain_table(table));
            let (was, ours, theirs) = (told(&base), told(&a), told(&b));
            let entry = match (a, b) {
                (a, _) if ours == theirs || theirs == was => a,
                (_, b) if ours == was => b,
                (Some(mut a), Some(b)) => {
                    self.tables(&[path, std::slice::from_ref(id)].concat(), &mut a, &base.unwrap_or_default(), &b);
                    Some(a)
                }
                (a, b) => {
                    self.clash(&[path, std::slice::from_ref(id)].concat(), was, [ours, theirs]);
                    a.or(b)
                }
            };
            if let Some(mut table) = entry {
                table.set_position(None);
                merged.push(table);
            }
        }
        merged
    }

    /// Notes the conflict; gives the value that stands, the same one whoever merges.
    fn clash(&mut self, key: &[String], base: Option<Json>, mut sides: [Option<Json>; 2]) -> Option<Json> {
        sides.sort_by_key(|side| (side.is_none(), side.as_ref().map(canonical)));
        self.conflicts.push(MetaConflict { key: key.to_vec(), base, sides: sides.clone() });
        let [first, _] = sides;
        first
    }
}

/// The same text for the same value, whatever the order of its keys.
fn canonical(value: &Json) -> String {
    match value {
        Json::Object(object) => {
            let mut keys: Vec<_> = object.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            keys.sort();
            format!("{{{}}}", keys.join(","))
        }
        other => other.to_string(),
    }
}

/// The entry of theirs as it stands there, with its comments.
fn take(ours: &mut Table, theirs: &Table, key: &str) {
    match theirs.get_key_value(key) {
        None => drop(ours.remove(key)),
        Some((formatted, item)) => {
            let mut item = item.clone();
            unplace(&mut item);
            ours.remove(key);
            ours.insert_formatted(formatted, item);
        }
    }
}

/// Tables of another document have places that mean nothing here.
fn unplace(item: &mut Item) {
    match item {
        Item::Table(table) => {
            table.set_position(None);
            table.iter_mut().for_each(|(_, item)| unplace(item));
        }
        Item::ArrayOfTables(tables) => tables.iter_mut().for_each(|table| {
            table.set_position(None);
            table.iter_mut().for_each(|(_, item)| unplace(item));
        }),
        _ => {}
    }
}

/// Entries of a list of tables by what tells them apart; `None` when it is no such list, or two are alike.
fn entries(item: &Item) -> Option<Vec<(String, Table)>> {
    let tables: Vec<Table> = match item {
        Item::ArrayOfTables(tables) => tables.iter().cloned().collect(),
        Item::Value(Value::Array(array)) => {
            array.iter().map(|value| value.as_inline_table().cloned().map(InlineTable::into_table)).collect::<Option<_>>()?
        }
        _ => return None,
    };
    let named: Vec<(String, Table)> = tables.into_iter().map(|table| (identity(&table), table)).collect();
    let ids: BTreeSet<&String> = named.iter().map(|entry| &entry.0).collect();
    (ids.len() == named.len()).then_some(named)
}

pub(super) fn identity(table: &Table) -> String {
    let text = |key: &str| table.get(key).and_then(Item::as_str);
    if let Some(rule) = text("rule") {
        return format!("{rule} {}", text("at").unwrap_or_default()).trim_end().to_owned();
    }
    let named = ["name", "filter", "series"].into_iter().find_map(text);
    named.map_or_else(|| canonical(&plain_table(table)), str::to_owned)
}

fn names(value: Option<&Json>) -> Option<Vec<String>> {
    value?.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn plain(item: &Item) -> Option<Json> {
    Some(match item {
        Item::None => return None,
        Item::Value(value) => plain_value(value),
        Item::Table(table) => plain_table(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| plain_table(table)).collect(),
    })
}

fn plain_table(table: &dyn TableLike) -> Json {
    Json::Object(table.iter().filter_map(|(key, item)| Some((key.to_owned(), plain(item)?))).collect())
}

fn plain_value(value: &Value) -> Json {
    match value {
        Value::String(text) => json!(text.value()),
        Value::Integer(number) => json!(number.value()),
        // What JSON cannot say is text.
        Value::Float(number) if !number.value().is_finite() => json!(number.value().to_string()),
        Value::Float(number) => json!(number.value()),
        Value::Boolean(flag) => json!(flag.value()),
        Value::Datetime(date) => json!({DATE: date.value().to_string()}),
        Value::Array(array) => array.iter().map(plain_value).collect(),
        Value::InlineTable(table) => plain_table(table),
    }
}

/// `None` for null, which TOML does not have.
fn toml_value(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::from(number.as_f64().unwrap_or_default()), Value::from),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(list) => Value::Array(list.iter().filter_map(toml_value).collect::<Array>()),
        Json::Object(object) => match object.get(DATE).and_then(Json::as_str).and_then(|text| text.parse::<toml_edit::Datetime>().ok()) {
            Some(date) => Value::from(date),
            None => Value::InlineTable(
                object.iter().filter_map(|(key, value)| Some((key.as_str(), toml_value(value)?))).collect::<InlineTable>(),
            ),
        },
    })
}

/// Sets or removes a key of a table, or an entry of a list of tables by its name.
fn put(table: &mut Table, key: &str, value: Option<&Json>) {
    super::meta::set(table, key, value.and_then(toml_value).map(Item::Value));
}

/// The table under a path; entries of lists of tables go by their names.
fn descend<'a>(table: &'a mut Table, path: &[String]) -> Option<&'a mut Table> {
    let Some((key, rest)) = path.split_first() else { return Some(table) };
    match table.entry(key).or_insert_with(|| Item::Table(Table::new())) {
        Item::Table(inner) => descend(inner, rest),
        Item::ArrayOfTables(tables) => {
            let (name, rest) = rest.split_first()?;
            descend(tables.iter_mut().find(|table| identity(table) == *name)?, rest)
        }
        _ => None,
    }
}

impl Reader<'_> {
    pub(super) fn conflicts(&mut self) -> Vec<MetaConflict> {
        let read = |table: &dyn TableLike| {
            let of = |key: &str| table.get(key).and_then(plain);
            Some(MetaConflict { key: names(of("key").as_ref())?, base: of("base"), sides: [of("a"), of("b")] })
        };
        self.tables(CONFLICTS, "a list of tables with key, a and b, made by merging", read)
    }
}

/// Rewrites the list of what is left to settle.
pub(super) fn write_conflicts(root: &mut Table, conflicts: &[MetaConflict]) {
    root.remove(CONFLICTS);
    if conflicts.is_empty() {
        return;
    }
    let table = |conflict: &MetaConflict| {
        let mut table = Table::new();
        put(&mut table, "key", Some(&json!(conflict.key)));
        put(&mut table, "base", conflict.base.as_ref());
        put(&mut table, "a", conflict.sides[0].as_ref());
        put(&mut table, "b", conflict.sides[1].as_ref());
        table
    };
    root.insert(CONFLICTS, Item::ArrayOfTables(conflicts.iter().map(table).collect()));
}
