//! Rows of words to templates: a tree of fixed depth, then a second look at what it threw together.
//!
//! The tree is that of Drain (He et al., ICWS 2017): rows of one shape and first word meet, and a row joins the group
//! that shares the most words with it. Drain must decide on each row as it comes, and calls a place variable as soon
//! as two words were seen there. Here all rows are known before a template is named, so each place is judged by
//! its values (as in `IPLoM`, Makanju et al., KDD 2009): few plain words are an enumeration (`opened`, `closed`), which
//! splits the group; many words, names or masks are a value. One setting for all data.

use std::collections::{BTreeMap, HashMap};

use super::words::{Sort, Word};

/// Part of the words that a row must share with a group, in percent.
const MIN_SHARED_PERCENT: usize = 50;
/// So many plain words at one place are a value, fewer are an enumeration.
const MANY_WORDS: usize = 6;
/// The same for names: words with a dot, slash, dash or underscore, or capitals inside.
const MANY_NAMES: usize = 4;
/// The same for words in capitals, which name states.
const MANY_STATES: usize = 12;
/// The same after `=`: names, plain words.
const MANY_OF_KEY: (usize, usize) = (3, 5);
/// The same after a preposition: `for root`, `by cron`.
const MANY_AFTER_PREPOSITION: usize = 4;
/// The same after a noun that is followed by a name, as in `user root`, and in `for root from`.
const MANY_NAMED: usize = 2;
/// Groups of one leaf that are compared; further rows join the one that is most like them.
const MAX_GROUPS: usize = 200;

/// Nouns that are followed by the name of one.
const NAMED: &[&str] = &[
    "user",
    "host",
    "hostname",
    "node",
    "server",
    "client",
    "service",
    "device",
    "domain",
    "interface",
    "file",
    "directory",
    "path",
    "name",
    "id",
    "key",
    "table",
    "database",
    "topic",
    "queue",
    "pool",
    "pod",
    "container",
    "image",
    "job",
    "task",
    "worker",
    "thread",
    "process",
    "module",
    "class",
    "method",
    "function",
    "package",
    "command",
    "address",
    "url",
    "uri",
    "group",
    "account",
    "volume",
    "partition",
    "cluster",
    "instance",
    "session",
    "endpoint",
    "backend",
    "upstream",
    "shard",
    "replica",
    "namespace",
    "deployment",
];

/// Words that are followed by what an event is about.
const PREPOSITIONS: &[&str] = &["for", "by", "from", "to", "of", "on", "at", "in", "with", "as", "via"];

/// A group of like rows.
struct Group {
    rows: Vec<usize>,
    /// The word that all rows share at each place; `None` where they differ.
    shared: Vec<bool>,
    first: usize,
}

/// Gives each row the number of its cluster. Clusters are numbered by their first row. O(rows × groups of a leaf).
pub(super) fn cluster(rows: &[Vec<Word>]) -> Vec<u32> {
    let mut leaves: HashMap<(Vec<u8>, &str), Vec<Group>> = HashMap::new();
    for (i, row) in rows.iter().enumerate() {
        // A name at the beginning, `mapred.job.id is deprecated`, is as likely a value as one elsewhere.
        let first = row.iter().find(|word| word.sort != Sort::Sign).map_or("", |word| &*word.text);
        let first = if first.contains(['.', '/', '@']) { "" } else { first };
        let groups = leaves.entry((shape(row), first)).or_default();
        match best(groups, rows, row) {
            Some(group) => groups[group].add(i, rows),
            None => groups.push(Group { rows: vec![i], shared: vec![true; row.len()], first: i }),
        }
    }
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for group in leaves.into_values().flatten() {
        let n = rows[group.first].len();
        split(rows, group.rows, &vec![false; n], &mut parts);
    }
    parts.sort_unstable_by_key(|part| part[0]);
    let mut clusters = vec![0; rows.len()];
    for (cluster, part) in parts.iter().enumerate() {
        for row in part {
            clusters[*row] = cluster as u32;
        }
    }
    clusters
}

/// Signs and the places of words between them.
fn shape(row: &[Word]) -> Vec<u8> {
    let mut shape = Vec::with_capacity(row.len() * 2);
    for word in row {
        if word.is_apart {
            shape.push(b' ');
        }
        match word.sort {
            Sort::Sign => shape.extend_from_slice(word.text.as_bytes()),
            Sort::Word | Sort::Any => shape.push(b'a'),
        }
    }
    shape
}

impl Group {
    fn add(&mut self, i: usize, rows: &[Vec<Word>]) {
        for ((shared, a), b) in self.shared.iter_mut().zip(&rows[self.first]).zip(&rows[i]) {
            *shared &= a == b;
        }
        self.rows.push(i);
    }
}

/// The group that shares the most words with a row, if it shares enough.
fn best(groups: &[Group], rows: &[Vec<Word>], row: &[Word]) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (g, group) in groups.iter().enumerate() {
        let (mut same, mut all) = (0, 0);
        for ((shared, a), b) in group.shared.iter().zip(&rows[group.first]).zip(row) {
            if b.sort == Sort::Sign || (a.sort == Sort::Any && b.sort == Sort::Any) {
                continue;
            }
            all += 1;
            same += usize::from(*shared && a == b);
        }
        let percent = (same * 100).checked_div(all).unwrap_or(100);
        if (percent >= MIN_SHARED_PERCENT || groups.len() >= MAX_GROUPS) && best.is_none_or(|(_, most)| percent > most) {
            best = Some((g, percent));
        }
    }
    best.map(|(g, _)| g)
}

/// Splits a group at its enumerations, the smallest first. A place that is a value in the whole is one in each part.
fn split(rows: &[Vec<Word>], group: Vec<usize>, is_value: &[bool], parts: &mut Vec<Vec<usize>>) {
    let mut is_value = is_value.to_vec();
    let mut smallest: Option<(usize, usize)> = None;
    for place in 0..is_value.len() {
        if is_value[place] || rows[group[0]][place].sort == Sort::Sign {
            continue;
        }
        match judge(rows, &group, place) {
            Place::Same => {}
            Place::Value => is_value[place] = true,
            Place::Enumeration(n) => {
                if smallest.is_none_or(|(_, least)| n < least) {
                    smallest = Some((place, n));
                }
            }
        }
    }
    let Some((place, _)) = smallest else {
        parts.push(group);
        return;
    };
    let mut by_word: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in &group {
        by_word.entry(&rows[*row][place].text).or_default().push(*row);
    }
    for part in by_word.into_values() {
        split(rows, part, &is_value, parts);
    }
}

/// What a place of a group is.
enum Place {
    /// One word or mask in all rows.
    Same,
    /// So many words that each mean another message.
    Enumeration(usize),
    /// A name or value.
    Value,
}

fn judge(rows: &[Vec<Word>], group: &[usize], place: usize) -> Place {
    let mut values: Vec<&str> = Vec::new();
    let mut has_mask = false;
    for row in group {
        let word = &rows[*row][place];
        if word.sort == Sort::Any {
            has_mask = true;
        } else if values.len() < MANY_STATES && !values.contains(&&*word.text) {
            values.push(&word.text);
        }
    }
    if values.len() + usize::from(has_mask) <= 1 {
        return Place::Same;
    }
    let many = many(&rows[group[0]], place, &values);
    if has_mask || values.len() >= many { Place::Value } else { Place::Enumeration(values.len()) }
}

/// How many different words make a place a value, by how they are written and by what stands before them.
fn many(row: &[Word], place: usize, values: &[&str]) -> usize {
    let is_most = |is_such: fn(&str) -> bool| values.iter().filter(|value| is_such(value)).count() * 2 > values.len();
    let before = place.checked_sub(1).map_or(String::new(), |before| row[before].text.to_ascii_lowercase());
    if before == "=" {
        return if is_most(is_name) { MANY_OF_KEY.0 } else { MANY_OF_KEY.1 };
    }
    if is_most(is_state) {
        return MANY_STATES;
    }
    if row[place].is_apart && NAMED.contains(&&*before) {
        return MANY_NAMED;
    }
    let after = row.get(place + 1).map_or("", |after| &*after.text);
    if row[place].is_apart && before == "for" && after == "from" {
        return MANY_NAMED;
    }
    if row[place].is_apart && PREPOSITIONS.contains(&&*before) {
        return MANY_AFTER_PREPOSITION;
    }
    if is_most(is_name) { MANY_NAMES } else { MANY_WORDS }
}

/// Whether a word is written as states are, in capitals.
fn is_state(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Whether a word is written as names of things are, not as words of a sentence.
fn is_name(word: &str) -> bool {
    let inner = |c: char| matches!(c, '.' | '/' | '_' | '-' | '@' | '\\' | '$');
    word.contains(inner) || word.chars().skip(1).zip(word.chars()).any(|(c, before)| c.is_uppercase() && before.is_lowercase())
}

/// The text of a cluster: what its rows share, `<*>` elsewhere.
pub(super) fn template(rows: &[&Vec<Word>]) -> String {
    let mut text = String::new();
    let Some(first) = rows.first() else { return text };
    for (place, word) in first.iter().enumerate() {
        if word.is_apart && !text.is_empty() {
            text.push(' ');
        }
        let is_shared = word.sort != Sort::Any && rows.iter().all(|row| row[place] == *word);
        text.push_str(if is_shared { &word.text } else { "<*>" });
    }
    text
}
