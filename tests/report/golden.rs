//! The small incident in every form, preset and language, against what is in the repository.
//!
//! Whole texts stand in the snapshots of the forms; here is one line for each combination (bytes, lines, hash), so that
//! nothing changes unseen, and the whole Markdown of what readers outside and readers of Chinese get.

use std::fmt::Write as _;

use coroner::report::blocks::hash;
use coroner::report::format::{ALL, Format};
use coroner::report::layout::Layout;
use coroner::report::print::print;
use coroner::report::redact::{Names, redact, visible};
use coroner::report::style::Style;
use coroner::report::words::Language;

use super::*;

/// As `coroner export` prints it.
fn exported(format: Format, layout: &Layout, language: Language) -> coroner::report::print::Printed {
    let (all, incident) = (checkout_case(), checkout_incident());
    let (case, _) = visible(&all, layout.audience);
    let postmortem = redact(gather(&case, &incident, &settings()), layout.audience, &Names::of(&all, &incident.catalog));
    print(&postmortem, format, &Style { layout: layout.clone(), language, ..Style::default() })
}

#[test]
fn every_form_in_every_preset_and_language() {
    let mut table = String::new();
    for layout in Layout::all() {
        for (language, tag) in Language::ALL {
            for (format, name, ..) in ALL {
                let printed = exported(format, layout, language);
                let pictures: String = printed.assets.iter().map(|(name, svg)| format!("{name} {svg}")).collect();
                let (text, n) = (&printed.text, printed.assets.len());
                let pictures = if n > 0 { format!(", {n} pictures {}", hash(&pictures)) } else { String::new() };
                let line = format!(
                    "{:<10} {tag} {name:<20} {:>6} bytes, {:>4} lines, {}",
                    layout.name,
                    text.len(),
                    text.lines().count(),
                    hash(text)
                );
                let _ = writeln!(table, "{line}{pictures}");
            }
        }
    }
    insta::assert_snapshot!("golden_all", table);
}

#[test]
fn the_texts_for_other_readers() {
    for (preset, language, name) in [
        ("full", Language::Chinese, "golden_full_zh"),
        ("public", Language::English, "golden_public_en"),
        ("public", Language::Chinese, "golden_public_zh"),
        ("tldr", Language::English, "golden_tldr_en"),
    ] {
        let layout = Layout::named(preset).expect("a preset");
        insta::assert_snapshot!(name, exported(Format::Markdown, layout, language).text);
    }
    let slack = exported(Format::Slack, Layout::full(), Language::Chinese).text;
    insta::assert_snapshot!("golden_slack_zh", slack);
}
