//! A document of the invented incident, as the export would make it: some chapters that show every kind of block.

use coroner::app::draft::{Chapter, Manuscript, ManuscriptQuery, Origin, Remark};
use coroner::model::AnnotationKind;

const TIMELINE: &str = "| Time (UTC) | T+ | Service | Kind | What happened | Evidence |\n| --- | --- | --- | --- | --- | --- |\n\
    | 03:22:05 | T+0 | order | change | deploy order v1.8.3 → v1.9.0 | E1 |\n\
    | 03:23:00 | T+55s | order | symptom | P99 leaves its baseline, `pool wait 2.1s`<br>and goroutines pile up | E2, E3 |\n";

pub fn of(query: &ManuscriptQuery) -> Manuscript {
    let records = query.case.annotations.values().filter_map(|record| match &record.kind {
        AnnotationKind::Section(section) => {
            Some((section.name.clone(), Origin::Record(record.id.clone(), section.name.clone()), record.text.clone()))
        }
        _ => None,
    });
    let mut written: Vec<(String, Origin, String)> = records.collect();
    for stem in ["summary", "went-well"] {
        if !written.iter().any(|one| one.0 == stem) && stem == "summary" {
            written.push((stem.into(), Origin::Unwritten(stem.into()), String::new()));
        }
    }
    written.push((
        "lessons".into(),
        Origin::File("lessons".into()),
        "- Loops over ids are **batches**.\n- A pool that is full tells nobody.\n".into(),
    ));
    let chapter = |name: &str, title: &str, text: &str| Chapter {
        name: name.into(),
        title: title.into(),
        before: text.into(),
        prose: String::new(),
        after: String::new(),
        written: String::new(),
        origin: Origin::Made,
        remarks: Vec::new(),
    };
    let remark = |place: &str, line| Remark {
        rule: "PM010".into(),
        is_error: false,
        place: place.into(),
        message: "no evidence".into(),
        fix: "pin the series, lines or change that shows it (p)".into(),
        line,
        label: place.into(),
    };
    let mut chapters = Vec::new();
    for (stem, origin, words) in written {
        let words = query.typed.as_ref().filter(|typed| typed.0 == stem).map_or(words, |typed| typed.1.clone());
        let is_summary = stem == "summary";
        let remarks = words.lines().position(|line| line.contains("error")).map(|line| Remark {
            rule: "PM017".into(),
            is_error: true,
            place: format!("sections/{stem}.md:{}", line + 1),
            message: "\"human error\" explains nothing".into(),
            fix: "say what made the action look right".into(),
            line: Some(line),
            label: String::new(),
        });
        chapters.push(Chapter {
            name: if is_summary { stem.clone() } else { format!("section.{stem}") },
            title: if is_summary { "Summary".into() } else { stem.replace('-', " ") },
            before: String::new(),
            prose: words.clone(),
            after: if is_summary {
                "- **What.** Users of order were affected for 4m01s.\n- **Trigger.** deploy order v1.9.0, at T+0.\n".into()
            } else {
                String::new()
            },
            written: words,
            origin,
            remarks: remarks.into_iter().collect(),
        });
    }
    let mut timeline = chapter("timeline", "Timeline", TIMELINE);
    timeline.remarks.push(remark("03:22:05", None));
    chapters.push(timeline);
    chapters.push(chapter(
        "chain",
        "Causal chain",
        "```mermaid\nflowchart LR\n```\n\n- C1 → C2: empties the pool, 12 s later\n\n> defer releases at the end of the function\n\n```go\ndefer rows.Close()\n```\n",
    ));
    let style = ["full", "sre-book"][query.preset % 2];
    Manuscript {
        head: "# Orders fail\n\n**SEV1** · all times are UTC · T+0 = 2026-11-22T03:22:05Z\n".into(),
        style: style.into(),
        chapters,
    }
}
