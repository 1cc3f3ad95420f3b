//! Lists of tables in `case.toml` (`[[slos]]`, `[[measures]]`, `[[people]]`, `[[lint.suppress]]`) and the tables of
//! words beside them. An entry that keeps its name keeps its comments and unknown keys, wherever it goes.

use std::collections::BTreeMap;

use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, TableLike, Value, value};

use super::meta::{Reader, set, write_map};
use crate::model::case::{CaseMeta, DataLoss, ImpactAnswers, Indicator, LintSettings, MarkerName, Measure, Person, Slo, Suppression};
use crate::model::when::parse_duration;

/// Keys of a table and what they are to hold; `None` takes the key away.
type Row = Vec<(&'static str, Option<Value>)>;

impl Reader<'_> {
    pub(super) fn slos(&mut self) -> Vec<Slo> {
        let wanted =
            "a list of tables with name, objective = 0.999, window = \"30d\" and total with bad or good, ratio, or latency with threshold";
        self.tables("slos", wanted, read_slo)
    }

    pub(super) fn measures(&mut self) -> Vec<Measure> {
        let marker = |table: &dyn TableLike, key: &str| MarkerName::from_name(&text(table, key)?);
        let read =
            |table: &dyn TableLike| Some(Measure { name: text(table, "name")?, from: marker(table, "from")?, to: marker(table, "to")? });
        self.tables("measures", "a list of tables with name, and the markers from and to", read)
    }

    pub(super) fn people(&mut self) -> Vec<Person> {
        let read = |table: &dyn TableLike| {
            Some(Person { name: text(table, "name")?, role: text(table, "role"), aliases: texts(table, "aliases").unwrap_or_default() })
        };
        self.tables("people", "a list of tables with name, role and aliases", read)
    }

    pub(super) fn unknown_markers(&mut self) -> BTreeMap<MarkerName, String> {
        let said = self.map("unknown", |item| item.as_str().map(str::to_owned));
        let mut known = BTreeMap::new();
        for (name, because) in said {
            match MarkerName::from_name(&name) {
                Some(marker) => {
                    known.insert(marker, because);
                }
                None => self.wrong(&format!("unknown.{name}"), "the name of a marker, such as acknowledged"),
            }
        }
        known
    }

    pub(super) fn impact(&mut self) -> ImpactAnswers {
        let Some(item) = self.root.get("impact") else { return ImpactAnswers::default() };
        let Some(table) = item.as_table_like() else {
            self.wrong("impact", "a table with data_loss, users, accounts, tickets, revenue, other");
            return ImpactAnswers::default();
        };
        let mut word = |key: &'static str| {
            let item = table.get(key)?;
            let word = item.as_str().map(str::to_owned).or_else(|| item.as_integer().map(|n| n.to_string()));
            if word.is_none() {
                self.wrong(&format!("impact.{key}"), "a text or a whole number");
            }
            word
        };
        let [users, accounts, tickets, revenue, other] = ["users", "accounts", "tickets", "revenue", "other"].map(&mut word);
        let data_loss = match (table.get("data_loss"), text(table, "data_loss_unknown")) {
            (Some(item), _) => match (item.as_bool(), item.as_str()) {
                (Some(false), _) => Some(DataLoss::No),
                (Some(true), _) => Some(DataLoss::Yes(String::new())),
                (_, Some(what)) => Some(DataLoss::Yes(what.to_owned())),
                _ => {
                    self.wrong("impact.data_loss", "false, true, or what was lost");
                    None
                }
            },
            (None, because) => because.map(DataLoss::Unknown),
        };
        ImpactAnswers { data_loss, users, accounts, tickets, revenue, other }
    }

    pub(super) fn lint(&mut self) -> LintSettings {
        let Some(item) = self.root.get("lint") else { return LintSettings::default() };
        let Some(table) = item.as_table_like() else {
            self.wrong("lint", "a table with limits and suppress");
            return LintSettings::default();
        };
        let mut inner = Reader { root: &into_table(table), problems: Vec::new() };
        let limits = inner.map("limits", number);
        let read =
            |table: &dyn TableLike| Some(Suppression { rule: text(table, "rule")?, at: text(table, "at"), reason: text(table, "reason")? });
        let suppress = inner.tables("suppress", "a list of tables with rule, reason and, for one place, at", read);
        let problems = inner.problems;
        self.problems.extend(problems.into_iter().map(|problem| format!("lint.{problem}")));
        LintSettings { limits, suppress }
    }
}

/// A copy to read from: a table, however it is written.
fn into_table(table: &dyn TableLike) -> Table {
    table.iter().map(|(key, item)| (key.to_owned(), item.clone())).collect()
}

pub(super) fn number(item: &Item) -> Option<f64> {
    item.as_float().or_else(|| item.as_integer().map(|n| n as f64))
}

fn text(table: &dyn TableLike, key: &str) -> Option<String> {
    table.get(key).and_then(Item::as_str).map(str::to_owned)
}

fn texts(table: &dyn TableLike, key: &str) -> Option<Vec<String>> {
    table.get(key)?.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect()
}

fn read_slo(table: &dyn TableLike) -> Option<Slo> {
    let window_ns = parse_duration(&text(table, "window")?).ok().filter(|ns| *ns > 0)?;
    let rate = text(table, "rate");
    let indicator = match (text(table, "total"), text(table, "bad"), text(table, "good"), text(table, "ratio"), text(table, "latency")) {
        (Some(total), Some(bad), ..) => Indicator::BadOfTotal { bad, total },
        (Some(total), _, Some(good), ..) => Indicator::GoodOfTotal { good, total },
        (_, _, _, Some(ratio), _) => Indicator::Ratio { ratio, rate },
        (.., Some(latency)) => Indicator::Latency { latency, threshold: number(table.get("threshold")?)?, rate },
        _ => return None,
    };
    Some(Slo { name: text(table, "name")?, objective: number(table.get("objective")?)?, window_ns, indicator })
}

fn slo_row(slo: &Slo) -> Row {
    let (mut bad, mut good, mut total, mut ratio, mut latency, mut threshold, mut rate) = (None, None, None, None, None, None, None);
    match &slo.indicator {
        Indicator::BadOfTotal { bad: b, total: t } => (bad, total) = (Some(b), Some(t)),
        Indicator::GoodOfTotal { good: g, total: t } => (good, total) = (Some(g), Some(t)),
        Indicator::Ratio { ratio: r, rate: per_second } => (ratio, rate) = (Some(r), per_second.as_ref()),
        Indicator::Latency { latency: l, threshold: limit, rate: per_second } => {
            (latency, threshold, rate) = (Some(l), Some(*limit), per_second.as_ref());
        }
    }
    let word = |text: Option<&String>| text.map(|text| Value::from(text.as_str()));
    vec![
        ("name", Some(slo.name.as_str().into())),
        ("objective", Some(slo.objective.into())),
        ("window", Some(duration_text(slo.window_ns).into())),
        ("bad", word(bad)),
        ("good", word(good)),
        ("total", word(total)),
        ("ratio", word(ratio)),
        ("latency", word(latency)),
        ("threshold", threshold.map(Value::from)),
        ("rate", word(rate)),
    ]
}

/// `30d`, `90s`: the greatest unit that says it exactly.
pub(super) fn duration_text(ns: i64) -> String {
    const UNITS: [(i64, &str); 7] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| ns % unit == 0).unwrap_or((1, "ns"));
    format!("{}{name}", ns / unit)
}

/// Writes what changed of the lists and tables of this file.
pub(super) fn write_tables(root: &mut Table, now: &CaseMeta, was: &CaseMeta) {
    write_list(root, "slos", (&now.slos, &was.slos), |slo| &slo.name, slo_row);
    write_list(
        root,
        "measures",
        (&now.measures, &was.measures),
        |measure| &measure.name,
        |measure| {
            vec![
                ("name", Some(measure.name.as_str().into())),
                ("from", Some(measure.from.name().into())),
                ("to", Some(measure.to.name().into())),
            ]
        },
    );
    write_list(
        root,
        "people",
        (&now.people, &was.people),
        |person| &person.name,
        |person| {
            vec![
                ("name", Some(person.name.as_str().into())),
                ("role", person.role.as_deref().map(Value::from)),
                ("aliases", (!person.aliases.is_empty()).then(|| person.aliases.iter().map(String::as_str).collect::<Array>().into())),
            ]
        },
    );
    let named = |map: &BTreeMap<MarkerName, String>| map.iter().map(|(name, because)| (name.name().to_owned(), because.clone())).collect();
    write_map(root, "unknown", &named(&now.unknown_markers), &named(&was.unknown_markers), |because: &String| {
        Value::from(because.as_str())
    });
    write_impact(root, &now.impact, &was.impact);
    write_lint(root, &now.lint, &was.lint);
}

fn write_impact(root: &mut Table, now: &ImpactAnswers, was: &ImpactAnswers) {
    if now == was {
        return;
    }
    let Some(table) = table_of(root, "impact") else { return };
    let words = [
        ("users", &now.users, &was.users),
        ("accounts", &now.accounts, &was.accounts),
        ("tickets", &now.tickets, &was.tickets),
        ("revenue", &now.revenue, &was.revenue),
        ("other", &now.other, &was.other),
    ];
    for (key, now, was) in words {
        if now != was {
            set(table, key, now.as_deref().map(value));
        }
    }
    if now.data_loss != was.data_loss {
        let (lost, unknown) = match &now.data_loss {
            None => (None, None),
            Some(DataLoss::No) => (Some(value(false)), None),
            Some(DataLoss::Yes(what)) if what.is_empty() => (Some(value(true)), None),
            Some(DataLoss::Yes(what)) => (Some(value(what.as_str())), None),
            Some(DataLoss::Unknown(because)) => (None, Some(value(because.as_str()))),
        };
        set(table, "data_loss", lost);
        set(table, "data_loss_unknown", unknown);
    }
    if table.is_empty() {
        root.remove("impact");
    }
}

fn write_lint(root: &mut Table, now: &LintSettings, was: &LintSettings) {
    if now == was {
        return;
    }
    let Some(table) = table_of(root, "lint") else { return };
    write_map(table, "limits", &now.limits, &was.limits, |number| Value::from(*number));
    write_list(
        table,
        "suppress",
        (&now.suppress, &was.suppress),
        |entry| &entry.rule,
        |entry| {
            vec![
                ("rule", Some(entry.rule.as_str().into())),
                ("at", entry.at.as_deref().map(Value::from)),
                ("reason", Some(entry.reason.as_str().into())),
            ]
        },
    );
    if table.is_empty() {
        root.remove("lint");
    }
}

/// The table of this name, made if it is not there; one written in a line becomes one of its own.
fn table_of<'a>(root: &'a mut Table, key: &str) -> Option<&'a mut Table> {
    match root.get(key) {
        Some(Item::Table(_)) => {}
        Some(Item::Value(Value::InlineTable(inline))) => {
            let table = inline.clone().into_table();
            root.insert(key, Item::Table(table));
        }
        _ => {
            let mut table = Table::new();
            table.set_implicit(true);
            root.insert(key, Item::Table(table));
        }
    }
    root.get_mut(key)?.as_table_mut()
}

/// Rewrites a list of tables.
fn write_list<T: PartialEq>(root: &mut Table, key: &str, (now, was): (&[T], &[T]), name: impl Fn(&T) -> &str, row: impl Fn(&T) -> Row) {
    if now == was {
        return;
    }
    let old: Vec<Table> = match root.get(key) {
        Some(Item::ArrayOfTables(tables)) => tables.iter().cloned().collect(),
        Some(Item::Value(Value::Array(array))) => {
            array.iter().filter_map(Value::as_inline_table).cloned().map(InlineTable::into_table).collect()
        }
        _ => Vec::new(),
    };
    if now.is_empty() {
        root.remove(key);
        return;
    }
    let mut positions = old.iter().filter_map(Table::position).collect::<Vec<_>>().into_iter();
    let mut old: Vec<Option<(&T, Table)>> = was.iter().zip(old).map(Some).collect();
    let mut tables = ArrayOfTables::new();
    for entry in now {
        let mut take = |is_it: &dyn Fn(&T) -> bool| {
            old.iter_mut().find(|kept| kept.as_ref().is_some_and(|(entry, _)| is_it(entry))).and_then(Option::take)
        };
        let kept = take(&|other| other == entry).or_else(|| take(&|other| name(other) == name(entry)));
        let is_same = kept.as_ref().is_some_and(|(other, _)| *other == entry);
        let mut table = kept.map(|(_, table)| table).unwrap_or_default();
        if !is_same {
            for (key, new) in row(entry) {
                set(&mut table, key, new.map(Item::Value));
            }
        }
        table.set_position(positions.next());
        tables.push(table);
    }
    root.insert(key, Item::ArrayOfTables(tables));
}
