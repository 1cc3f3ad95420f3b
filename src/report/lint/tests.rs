//! Each rule with a case that it objects to and one that it does not.
//!
//! A case is the lines of `annotations.jsonl` without what every record has; the facts are three minutes of one shop.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::model::query::ValueAt;
use crate::model::{Catalog, Change, EventFilter, Sample, SeriesId, SeriesMeta, SourceId, SourceReport, TimeRange, Unit};
use crate::report::case_file::{parse_annotations, parse_meta};
use crate::report::markdown::render;
use crate::report::postmortem::{ReportSettings, gather};

/// 10:00 to 11:00; requests fail from 10:10 to 10:20, at most 40 % of them.
struct Shop {
    catalog: Catalog,
}

const HOUR: i64 = 1_772_359_200;

impl Shop {
    fn new() -> Self {
        let extent = TimeRange::new(Timestamp::from_secs(HOUR), Timestamp::from_secs(HOUR + 3600));
        let source = |id, path: &str| SourceReport { id: SourceId(id), path: path.into(), is_complete: true, ..SourceReport::default() };
        let series = SeriesMeta {
            name: "error_ratio".into(),
            unit: Unit::Ratio,
            step_ns: Some(10_000_000_000),
            extent: Some(extent),
            n_samples: 360,
            ..SeriesMeta::default()
        };
        let change = Change {
            time: Some(Timestamp::from_secs(HOUR + 540)),
            kind: "deploy".into(),
            text: "shop v2".into(),
            source: SourceId(1),
            line: 1,
            ..Change::default()
        };
        let catalog = Catalog {
            sources: vec![source(0, "a.json"), source(1, "deploys.jsonl"), source(2, "shop.log")],
            series: vec![series],
            changes: vec![change],
            extent: Some(extent),
            is_complete: true,
            ..Catalog::default()
        };
        Self { catalog }
    }
}

impl Facts for Shop {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }
    fn value_at(&self, _: SeriesId, _: Timestamp) -> Option<ValueAt> {
        None
    }
    fn samples(&self, _: SeriesId, range: TimeRange) -> Vec<Sample> {
        let value = |secs: i64| if (600..1200).contains(&secs) { 0.4 } else { 0.001 };
        let all = (0..360).map(|n| Sample { time: Timestamp::from_secs(HOUR + n * 10), value: value(n * 10) });
        all.filter(|sample| range.contains(sample.time)).collect()
    }
    fn count(&self, _: &EventFilter, _: TimeRange) -> u64 {
        0
    }
    fn sha256(&self, path: &str) -> Option<String> {
        self.catalog.sources.iter().any(|source| source.path == path).then(|| "a".repeat(64))
    }
    fn lines_sha256(&self, _: &str, first: u64, _: u64) -> Option<String> {
        Some(if first == 7 { "7".repeat(64) } else { "0".repeat(64) })
    }
}

/// A case of `case.toml` and lines; `{"kind":…}` gets what every record has.
fn case(meta: &str, lines: &str) -> CaseDoc {
    let panels = "\n[[panels]]\nrole = \"error rate\"\nseries = \"error_ratio\"\nsource = \"a.json\"\n";
    let loaded = parse_meta(&format!("{meta}{panels}")).unwrap();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let whole = |(n, line): (usize, &str)| {
        let id = if line.contains("\"id\"") { String::new() } else { format!("\"id\":\"R{n}\",") };
        let body = line.trim().trim_start_matches('{').replace("@10:", "2026-03-01T10:");
        format!(
            "{{{id}\"v\":1,\"author\":\"on-call\",\"created\":\"2026-03-02T00:00:00Z\",\"updated\":\"2026-03-02T00:00:00Z\",\"rev\":1,{body}"
        )
    };
    let text: Vec<String> = lines.lines().filter(|line| !line.trim().is_empty()).enumerate().map(whole).collect();
    let notes = parse_annotations(&text.join("\n"));
    assert!(notes.problems.total() == 0, "{:?}", notes.problems);
    CaseDoc { meta: loaded.meta, annotations: notes.annotations }
}

fn findings_with(case: &CaseDoc, sections: &[(&str, &str)], exported: Option<&str>) -> Vec<Finding> {
    let shop = Shop::new();
    let sections: BTreeMap<String, String> = sections.iter().map(|(stem, text)| ((*stem).to_owned(), (*text).to_owned())).collect();
    let postmortem = gather(case, &shop, &ReportSettings { sections, ..ReportSettings::default() });
    let fresh = render(&postmortem).markdown;
    check(&Desk { case, postmortem: &postmortem, facts: &shop, fresh: &fresh, exported, today: Some("2026-06-01") })
}

fn findings(meta: &str, lines: &str) -> Vec<Finding> {
    findings_with(&case(meta, lines), &[], None)
}

/// Severities of the findings of a rule.
fn of(findings: &[Finding], rule: &str) -> Vec<&'static str> {
    findings.iter().filter(|finding| finding.rule == rule && finding.suppressed.is_none()).map(|finding| finding.severity.name()).collect()
}

/// The rule objects to the first lines with this severity, and to the second ones not at all.
#[track_caller]
fn objects(rule: &str, severity: &str, bad: &str, good: &str) {
    let (bad, good) = (findings("", bad), findings("", good));
    assert!(of(&bad, rule).contains(&severity), "{rule} does not object: {bad:#?}");
    assert_eq!(of(&good, rule), [""; 0], "{rule} objects: {good:#?}");
    for finding in bad.iter().filter(|finding| finding.rule == rule) {
        assert!(!finding.place.is_empty() && !finding.message.is_empty() && !finding.fix.is_empty(), "{finding:?}");
    }
}

const PIN: &str = r#"{"id":"E","kind":"evidence","t":"@10:10:00Z","src":{"path":"deploys.jsonl"},"what":"change","sel":{"line":1},"snapshot":{"text":"shop v2"},"text":"deploy"}"#;

fn marker(name: &str, time: &str) -> String {
    format!("{{\"kind\":\"marker\",\"t\":\"@10:{time}Z\",\"name\":\"{name}\",\"rule\":\"manual\",\"text\":\"\"}}\n")
}

/// All five required markers.
fn markers() -> String {
    [("trigger", "09:00"), ("impact_start", "10:00"), ("detected", "12:00"), ("mitigated", "20:00"), ("resolved", "25:00")]
        .map(|(name, time)| marker(name, time))
        .concat()
}

#[test]
fn pm001_a_confirmed_cause_needs_evidence_and_a_suspected_one_should_have_it() {
    let cause = |status: &str, ev: &str| {
        format!("{PIN}\n{{\"kind\":\"cause\",\"order\":1,\"ctype\":\"defect\",\"status\":\"{status}\",\"ev\":[{ev}],\"text\":\"x\"}}")
    };
    objects("PM001", "error", &cause("confirmed", ""), &cause("confirmed", "\"E\""));
    objects("PM001", "warning", &cause("suspected", ""), &cause("refuted", ""));
}

#[test]
fn pm002_evidence_resolves_and_is_unchanged() {
    objects("PM002", "error", &PIN.replace("deploys.jsonl", "gone.jsonl"), PIN);
    objects("PM002", "error", &PIN.replace("\"line\":1", "\"line\":9"), PIN);
    let hash =
        |hash: &str| PIN.replace("\"path\":\"deploys.jsonl\"", &format!("\"path\":\"deploys.jsonl\",\"sha256\":\"{}\"", hash.repeat(64)));
    objects("PM002", "error", &hash("b"), &hash("a"));
    let lines = |first: u32| {
        format!(
            r#"{{"id":"E","kind":"evidence","t":"@10:10:00Z","src":{{"path":"shop.log","sha256":"{}"}},"what":"lines","sel":{{"first":{first},"last":{first}}},"snapshot":{{"sha256":"{}","excerpt":"x"}},"text":""}}"#,
            "b".repeat(64),
            "7".repeat(64)
        )
    };
    objects("PM002", "error", &lines(8), &lines(7));
    let cause = r#"{"kind":"cause","order":1,"ctype":"defect","status":"confirmed","ev":["E"],"text":"x"}"#;
    objects("PM002", "error", cause, &format!("{PIN}\n{cause}"));
}

#[test]
fn pm003_markers_are_in_the_order_of_things() {
    objects("PM003", "error", &(marker("mitigated", "20:00") + &marker("resolved", "15:00")), &markers());
    // An interval may reach over.
    let open = r#"{"kind":"marker","t":"@10:15:00Z","t_latest":"2026-03-01T10:30:00Z","name":"resolved","rule":"manual","text":""}"#;
    objects("PM003", "error", &(marker("resolved", "20:00") + &marker("verified", "15:00")), &(marker("mitigated", "20:00") + open));
}

#[test]
fn pm004_late_detection_wants_a_detect_action() {
    let late = marker("impact_start", "10:00") + &marker("detected", "16:00");
    let answered = late.clone() + r#"{"kind":"action","type":"detect","text":"Alert on errors"}"#;
    objects("PM004", "warning", &late, &answered);
    objects("PM004", "warning", &late, &(marker("impact_start", "10:00") + &marker("detected", "11:00")));
    assert!(of(&findings("[lint.limits]\ndetection_s = 600\n", &late), "PM004").is_empty(), "the limit is the case's");
}

#[test]
fn pm005_a_time_to_detect_of_zero_is_a_default() {
    let same = marker("impact_start", "10:00") + &marker("detected", "10:00");
    objects("PM005", "warning", &same, &same.replacen("manual", "first alert", 1));
}

#[test]
fn pm006_a_required_marker_is_set_or_declared_unknown() {
    objects("PM006", "error", "", &markers());
    let unknown =
        ["trigger", "impact_start", "detected", "mitigated", "resolved"].map(|name| format!("{name} = \"nobody was there\"\n")).concat();
    assert!(of(&findings(&format!("[unknown]\n{unknown}"), ""), "PM006").is_empty());
    let found = findings("", "");
    let impact = found.iter().find(|finding| finding.place == "impact_start").unwrap();
    assert!(impact.fix.contains("2026-03-01T10:10:00Z"), "the data suggest a moment: {}", impact.fix);
}

#[test]
fn pm007_a_long_hole_while_users_are_affected() {
    let ends = marker("impact_start", "10:00") + &marker("mitigated", "25:00");
    let note = r#"{"kind":"moment","t":"@10:17:00Z","text":"pool is full"}"#;
    objects("PM007", "warning", &ends, &(ends.clone() + note));
}

#[test]
fn pm008_the_story_begins_before_the_trigger() {
    let before = r#"{"kind":"moment","t":"@10:01:00Z","text":"quiet night"}"#;
    objects("PM008", "warning", &marker("trigger", "05:00"), &(marker("trigger", "05:00") + before));
}

#[test]
fn pm009_rows_lie_inside_the_data_and_not_an_hour_off() {
    let note = |time: &str| format!("{{\"kind\":\"moment\",\"t\":\"{time}\",\"text\":\"x\"}}\n");
    objects("PM009", "error", &note("2026-03-01T14:00:00Z"), &note("2026-03-01T10:30:00Z"));
    // The deploy is at 10:09: two notes at 11:09 are an hour off.
    let off = note("2026-03-01T11:09:00Z").replace('x', "deploy") + &note("2026-03-01T11:09:01Z");
    objects("PM009", "warning", &off, &note("2026-03-01T10:09:00Z"));
}

#[test]
fn pm010_rows_have_evidence_near_them() {
    let note = |time: &str| format!("{{\"kind\":\"moment\",\"t\":\"@10:{time}Z\",\"text\":\"x\"}}\n");
    objects("PM010", "warning", &note("30:00"), &(note("30:20") + &PIN.replace("@10:10:00Z", "@10:30:00Z")));
}

#[test]
fn pm011_to_pm015_actions_can_be_done_and_followed() {
    let action = |fields: &str, text: &str| format!("{{\"kind\":\"action\",\"type\":\"prevent\"{fields},\"text\":\"{text}\"}}");
    let whole = action(",\"owner\":\"shop\",\"link\":\"https://t.example/1\",\"due\":\"2026-07-01\"", "Release in the loop");
    for (rule, severity, bad) in [
        ("PM011", "error", whole.replace("\"owner\":\"shop\",", "")),
        ("PM012", "error", whole.replace(",\"due\":\"2026-07-01\"", "")),
        ("PM013", "warning", whole.replace("\"link\":\"https://t.example/1\",", "")),
        ("PM014", "warning", whole.replace("Release in the loop", "Be careful with loops")),
        ("PM015", "warning", whole.replace("2026-07-01", "2026-05-31")),
    ] {
        objects(rule, severity, &bad, &whole);
    }
    objects(
        "PM015",
        "warning",
        &whole.replace("2026-07-01", "2026-05-31"),
        &whole.replace("2026-07-01\"", "2026-05-31\",\"done_on\":\"2026-05-30\""),
    );
    let dropped = action(",\"not_doing_because\":\"the service goes away\"", "Rewrite it");
    objects("PM011", "error", &action("", "Rewrite it"), &dropped);
}

#[test]
fn pm016_causes_are_answered_by_prevention_too() {
    let cause = r#"{"id":"C","kind":"cause","order":1,"ctype":"defect","status":"suspected","ev":[],"text":"x"}"#;
    let action = r#"{"kind":"action","type":"prevent","causes":["C"],"text":"Release in the loop"}"#;
    objects("PM016", "warning", cause, &format!("{cause}\n{action}"));
    let accepted = cause.replace("\"text\"", "\"accepted_because\":\"the disk is going away\",\"text\"");
    let other = action.replace("[\"C\"]", "[]");
    objects("PM016", "warning", &format!("{cause}\n{other}"), &format!("{accepted}\n{other}"));
}

#[test]
fn pm017_nobody_is_blamed() {
    let cause = |text: &str| {
        format!("{{\"kind\":\"cause\",\"order\":1,\"ctype\":\"defect\",\"status\":\"suspected\",\"ev\":[],\"text\":\"{text}\"}}")
    };
    objects("PM017", "warning", &cause("the operator forgot the flag"), &cause("nothing checks the flag"));
    objects("PM017", "error", &cause("@ann deployed it"), &cause("the deploy went to all at once"));
    let people = "[[people]]\nname = \"Ann Lee\"\nrole = \"on-call\"\n";
    assert_eq!(of(&findings(people, &cause("Ann Lee deployed it")), "PM017"), ["error"]);
    // Outside of causes a name is no blame.
    assert!(of(&findings(people, r#"{"kind":"moment","t":"@10:30:00Z","text":"Ann Lee joins the call"}"#), "PM017").is_empty());
}

#[test]
fn pm018_the_fix_is_verified() {
    let stage = |verdict: &str, end: &str| {
        format!("{{\"kind\":\"stage\",\"t0\":\"@10:30:00Z\",\"t1\":\"@10:{end}Z\",\"pct\":1,{verdict}\"text\":\"1 %\"}}")
    };
    objects("PM018", "error", "", &stage("\"verdict\":\"pass\",", "40:00"));
    objects("PM018", "error", &stage("\"verdict\":\"inconclusive\",", "40:00"), &stage("\"verdict\":\"fail\",", "40:00"));
    objects("PM018", "warning", &stage("\"verdict\":\"pass\",", "30:20"), &stage("\"verdict\":\"pass\",", "40:00"));
    let stated = |verdict: &str| {
        format!("{{\"kind\":\"stage\",\"t0\":\"@10:12:00Z\",\"t1\":\"@10:18:00Z\",\"pct\":1,\"verdict\":\"{verdict}\",\"text\":\"1 %\"}}")
    };
    // 40 % of its requests failed, whatever people say.
    objects("PM018", "warning", &stated("pass"), &stated("fail"));
    let found = findings_with(&case("", ""), &[("verification", "The canary ran for a day.")], None);
    assert!(of(&found, "PM018").is_empty());
}

#[test]
fn pm019_a_final_document_has_no_open_ends() {
    let open = r#"{"kind":"question","asked_by":"on-call","status":"open","blocking":true,"text":"why?"}"#;
    let with = |lines: &str| findings("status = \"final\"\n", lines);
    assert_eq!(of(&with(open), "PM019"), ["error"]);
    assert!(of(&with(&open.replace("\"open\"", "\"answered\"")), "PM019").is_empty());
    assert!(of(&findings("status = \"draft\"\n", open), "PM019").is_empty());
    let chain = r#"{"id":"C","kind":"cause","order":1,"ctype":"defect","status":"suspected","ev":[],"text":"x"}
        {"id":"H","kind":"hypothesis","status":"open","text":"the disk was slow"}"#;
    let linked = format!("{chain}\n{{\"kind\":\"link\",\"from\":\"H\",\"to\":\"C\",\"rel\":\"causes\",\"text\":\"\"}}");
    assert_eq!(of(&with(&linked), "PM019"), ["error"]);
    assert!(of(&with(chain), "PM019").is_empty(), "what hangs on nothing blocks nothing");
}

const CAUSES: &str = r#"{"id":"A","kind":"cause","order":1,"ctype":"trigger","status":"suspected","t0":"@10:09:00Z","t1":"@10:09:00Z","ev":[],"text":"a"}
{"id":"B","kind":"cause","order":2,"ctype":"defect","status":"suspected","t0":"@10:10:00Z","t1":"@10:10:00Z","ev":[],"text":"b"}
{"id":"C","kind":"cause","order":3,"ctype":"effect","status":"suspected","t0":"@10:11:00Z","t1":"@10:11:00Z","ev":[],"text":"c"}
"#;

fn links(pairs: &[(&str, &str)]) -> String {
    let link =
        |(from, to): &(&str, &str)| format!("{{\"kind\":\"link\",\"from\":\"{from}\",\"to\":\"{to}\",\"rel\":\"causes\",\"text\":\"\"}}\n");
    CAUSES.to_owned() + &pairs.iter().map(link).collect::<String>()
}

#[test]
fn pm020_a_straight_line_is_not_the_whole_story() {
    objects("PM020", "warning", &links(&[("A", "B"), ("B", "C")]), &links(&[("A", "C"), ("B", "C")]));
    let factor = r#"{"kind":"factor","group":"review","ev":[],"text":"no second pair of eyes"}"#;
    objects("PM020", "warning", &links(&[("A", "B")]), &(links(&[("A", "B")]) + factor));
}

#[test]
fn pm021_no_effect_before_its_cause_and_no_circle() {
    objects("PM021", "error", &links(&[("C", "A")]), &links(&[("A", "C")]));
    let circle = links(&[("A", "B"), ("B", "C"), ("C", "A")]);
    assert!(findings("", &circle).iter().any(|finding| finding.rule == "PM021" && finding.message.contains("cause of itself")));
    let masks = links(&[("C", "A")]).replace("\"causes\"", "\"masks\"");
    objects("PM021", "error", &links(&[("C", "A")]), &masks);
}

#[test]
fn pm022_numbers_in_prose_are_the_derived_ones() {
    let with = |text: &str| findings_with(&case("", &markers()), &[("summary", text)], None);
    assert_eq!(of(&with("The impact lasted 25 minutes."), "PM022"), ["warning"]);
    assert!(of(&with("The impact lasted 10 minutes."), "PM022").is_empty());
    assert_eq!(of(&with("The error rate reached 70 %."), "PM022"), ["warning"], "nothing is above the peak");
    assert!(of(&with("The error rate reached 40 %, and was at 20 % later."), "PM022").is_empty());
}

#[test]
fn pm023_no_means_of_one_incident() {
    let note = |text: &str| format!("{{\"kind\":\"moment\",\"t\":\"@10:30:00Z\",\"text\":\"{text}\"}}");
    objects("PM023", "warning", &note("MTTR was 10 min"), &note("TTR was 10 min"));
}

#[test]
fn pm024_no_secret_is_quoted() {
    let lines = |excerpt: &str| {
        format!(
            r#"{{"kind":"evidence","t":"@10:10:00Z","src":{{"path":"shop.log"}},"what":"lines","sel":{{"first":7,"last":7}},"snapshot":{{"sha256":"{}","excerpt":"{excerpt}"}},"text":""}}"#,
            "7".repeat(64)
        )
    };
    objects("PM024", "error", &lines("login password=hunter22x ok"), &lines("login password=*** ok"));
    objects("PM024", "error", &lines("user ann@shop.example.com"), &lines("user 17"));
    objects("PM024", "warning", &lines("client 198.18.7.9 left"), &lines("client 10.0.0.9 left"));
    let told = findings("", &lines("login password=hunter22x ok"));
    assert!(told.iter().all(|finding| !finding.message.contains("hunter22x")), "the secret itself is never printed");
}

#[test]
fn pm025_an_outage_is_one_only_when_everything_failed() {
    let with = |title: &str| findings(&format!("title = \"{title}\"\n"), &markers());
    assert_eq!(of(&with("Shop outage"), "PM025"), ["warning"]);
    assert!(of(&with("Shop fails for four of ten"), "PM025").is_empty());
}

#[test]
fn pm026_the_duration_is_not_that_of_the_paperwork() {
    objects("PM026", "info", &markers().replace("10:25:00", "10:50:00"), &markers());
}

#[test]
fn pm027_the_impact_is_counted_and_data_loss_answered() {
    assert_eq!(of(&findings("", ""), "PM027"), ["warning", "warning"]);
    assert!(of(&findings("[impact]\ndata_loss = false\nusers = \"about 200\"\n", ""), "PM027").is_empty());
}

#[test]
fn pm028_what_was_ruled_out_is_recorded() {
    let hypothesis = |status: &str| format!("{{\"kind\":\"hypothesis\",\"status\":\"{status}\",\"text\":\"the disk was slow\"}}");
    objects("PM028", "warning", &hypothesis("open"), &hypothesis("refuted"));
}

#[test]
fn pm029_the_document_renders_everywhere() {
    let with = |text: &str| findings_with(&case("", ""), &[], Some(text));
    assert_eq!(of(&with("![](a.svg)\n"), "PM029"), ["warning"]);
    assert_eq!(of(&with("| a | b |\n| --- | --- |\n| 1\n"), "PM029"), ["warning"]);
    let graph = format!("```mermaid\nflowchart LR\n{}```\n", "  A --> B\n".repeat(501));
    assert_eq!(of(&with(&graph), "PM029"), ["warning"]);
    assert!(of(&with("![errors](a.svg)\n\n| a | b |\n| --- | --- |\n| 1 \\| 2 | 3 |\n\n```text\n| no table |\n```\n"), "PM029").is_empty());
    assert!(of(&findings("", &links(&[("A", "B"), ("B", "C")])), "PM029").is_empty(), "what we write ourselves renders");
}

#[test]
fn pm030_a_generated_block_is_not_edited() {
    let document = crate::report::blocks::wrap("impact", "12 failed");
    let with = |text: &str| findings_with(&case("", ""), &[], Some(text));
    assert_eq!(of(&with(&document.replace("12", "13")), "PM030"), ["error"]);
    assert!(of(&with(&format!("{document}\nwords of ours\n")), "PM030").is_empty());
}

#[test]
fn a_suppression_needs_a_reason_and_fits_its_place() {
    let meta = |at: &str, reason: &str| format!("[[lint.suppress]]\nrule = \"PM006\"\n{at}reason = \"{reason}\"\n");
    let off = |meta: &str| findings(meta, "").iter().filter(|finding| finding.suppressed.is_some()).count();
    assert_eq!(off(&meta("", "exercise, nobody was there")), 5);
    assert_eq!(off(&meta("at = \"trigger\"\n", "unknown to this day")), 1);
    assert_eq!(off(&meta("", " ")), 0);
}

#[test]
fn the_debt_counts_claims_without_support_the_weakest_first() {
    let lines = format!("{}{}", marker("trigger", "09:00"), PIN.replace("deploys.jsonl", "gone.jsonl"));
    let found = findings("", &lines);
    let owed = debt(&found);
    assert_eq!(owed[0].rule, "PM002");
    assert!(owed.iter().all(|finding| rule_of(finding.rule).unwrap().debt > 0));
    assert!(!owed.iter().any(|finding| finding.rule == "PM027"));
}

#[test]
fn every_rule_has_one_id_and_a_sentence() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), 32);
    assert!(RULES.iter().enumerate().all(|(index, rule)| rule.id == format!("PM{:03}", index + 1) && rule.says.len() > 10));
}

#[test]
fn pm031_a_title_that_is_only_the_name_of_the_folder_is_told() {
    assert_eq!(of(&findings("", ""), "PM031"), ["info"]);
    assert_eq!(of(&findings("title = \"Checkout fails\"", ""), "PM031"), Vec::<&str>::new());
}

#[test]
fn what_to_do_about_a_claim_without_evidence_fits_what_it_is() {
    let suspected = r#"{"kind":"cause","text":"the pool","ctype":"defect","status":"suspected"}"#;
    let found = findings("", suspected);
    let fix = |rule: &str| found.iter().find(|finding| finding.rule == rule).map(|finding| finding.fix.clone()).unwrap();
    assert!(!fix("PM001").contains("back to suspected"), "{}", fix("PM001"));
    let silent = r#"{"kind":"marker","t":"@10:20:00Z","name":"impact_start","rule":"manual","text":""}"#;
    let found = findings("", silent);
    let told = found.iter().find(|finding| finding.rule == "PM010").unwrap();
    assert!(told.message.ends_with("shows it: impact start"), "{}", told.message);
}

#[test]
fn pm032_no_share_is_above_all_that_there_is() {
    let desk = |scale: f64| {
        let (case, shop) = (case("", ""), Scaled(Shop::new(), scale));
        let postmortem = gather(&case, &shop, &ReportSettings::default());
        check(&Desk { case: &case, postmortem: &postmortem, facts: &shop, fresh: "", exported: None, today: None })
    };
    assert_eq!(of(&desk(4.0), "PM032"), ["warning"]);
    assert_eq!(of(&desk(1.0), "PM032"), [""; 0]);
}

/// The shop with other error ratios.
struct Scaled(Shop, f64);

impl Facts for Scaled {
    fn catalog(&self) -> &Catalog {
        self.0.catalog()
    }
    fn value_at(&self, id: SeriesId, at: Timestamp) -> Option<ValueAt> {
        self.0.value_at(id, at)
    }
    fn samples(&self, id: SeriesId, range: TimeRange) -> Vec<Sample> {
        let all = self.0.samples(id, range).into_iter();
        all.map(|sample| Sample { value: sample.value * self.1, ..sample }).collect()
    }
    fn count(&self, filter: &EventFilter, range: TimeRange) -> u64 {
        self.0.count(filter, range)
    }
    fn sha256(&self, path: &str) -> Option<String> {
        self.0.sha256(path)
    }
}

#[test]
fn pm032_what_is_mitigated_fails_no_more() {
    objects("PM032", "warning", &marker("mitigated", "15:00"), &marker("mitigated", "20:00"));
}
