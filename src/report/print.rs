//! One gathered postmortem in any form: the single door from values to text.

use super::format::Format;
use super::postmortem::Postmortem;
use super::style::Style;
use super::{exchange, html, json, markdown};

/// A document with the pictures that stand beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Printed {
    /// Text of the file.
    pub text: String,
    /// File name (no folder) and SVG text of each picture; only Markdown has them beside it.
    pub assets: Vec<(String, String)>,
}

/// Prints one form. Deterministic: the same values and style give the same bytes.
pub fn print(postmortem: &Postmortem, format: Format, style: &Style) -> Printed {
    let text = match format {
        Format::Markdown => {
            let rendered = markdown::render_in(postmortem, style);
            return Printed { text: rendered.markdown, assets: rendered.assets };
        }
        Format::Html => html::page(postmortem, style),
        Format::Json => json::print(postmortem),
        Format::TimelineJsonl => exchange::timeline_jsonl(postmortem),
        Format::TimelineCsv => exchange::timeline_csv(postmortem),
        Format::GitlabCsv => exchange::gitlab_csv(postmortem),
        Format::JiraCsv => exchange::jira_csv(postmortem),
        Format::GithubJsonl => exchange::github(postmortem),
        Format::Grafana => exchange::grafana(postmortem),
        Format::Rootly => exchange::rootly(postmortem),
        Format::Aws => exchange::aws(postmortem),
        Format::GitlabTimeline => exchange::gitlab_timeline(postmortem),
        Format::Timesketch => exchange::timesketch(postmortem),
        Format::Slack => exchange::slack(postmortem, style.language),
    };
    Printed { text, assets: Vec::new() }
}
