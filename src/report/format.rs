//! The forms in which a postmortem leaves the program: names, file endings and one sentence each.
//!
//! Every form is printed from the same gathered values (`report::postmortem`); which of them a caller wants is a list
//! of these. What each looks like is written by the module of its name.

/// One form of the document or of a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// GitHub-flavoured Markdown with pictures beside it.
    Markdown,
    /// One page with everything inside.
    Html,
    /// All values with formula and inputs.
    Json,
    /// The timeline, one event a line.
    TimelineJsonl,
    /// The timeline as a table.
    TimelineCsv,
    /// Action items for the import of GitLab.
    GitlabCsv,
    /// Action items for the import of Jira.
    JiraCsv,
    /// Action items as bodies of `POST /repos/…/issues`.
    GithubJsonl,
    /// The timeline as bodies of `POST /api/annotations`.
    Grafana,
    /// The timeline as bodies of Rootly's incident events.
    Rootly,
    /// The timeline as inputs of `CreateTimelineEvent`.
    Aws,
    /// The timeline as quick actions of a GitLab comment.
    GitlabTimeline,
    /// The timeline for Timesketch.
    Timesketch,
    /// A few lines for a chat.
    Slack,
}

/// A form, its name on the command line, the ending of its file, and what it is.
pub type Entry = (Format, &'static str, &'static str, &'static str);

/// All forms.
pub const ALL: [Entry; 14] = [
    (Format::Markdown, "md", "md", "GitHub-flavoured Markdown, charts beside it"),
    (Format::Html, "html", "html", "one page with its charts inside: no script, nothing loaded from elsewhere"),
    (Format::Json, "json", "json", "every value with its formula and inputs (coroner.postmortem/1)"),
    (Format::TimelineJsonl, "jsonl", "timeline.jsonl", "the timeline, one event a line"),
    (Format::TimelineCsv, "csv", "timeline.csv", "the timeline as a table"),
    (Format::GitlabCsv, "gitlab-csv", "actions.gitlab.csv", "action items for the CSV import of GitLab"),
    (Format::JiraCsv, "jira-csv", "actions.jira.csv", "action items for the CSV import of Jira (dates: yyyy-MM-dd)"),
    (Format::GithubJsonl, "github", "actions.github.jsonl", "action items, one body of POST /repos/OWNER/REPO/issues a line"),
    (Format::Grafana, "grafana-annotations", "grafana-annotations.json", "the timeline as bodies of POST /api/annotations"),
    (Format::Rootly, "rootly", "rootly-events.json", "the timeline as bodies of Rootly's incident events"),
    (Format::Aws, "aws", "aws-events.json", "the timeline as inputs of CreateTimelineEvent (Incident Manager)"),
    (Format::GitlabTimeline, "gitlab-timeline", "gitlab-timeline.txt", "the timeline as /timeline quick actions of GitLab"),
    (Format::Timesketch, "timesketch", "timesketch.jsonl", "the timeline for Timesketch"),
    (Format::Slack, "slack", "slack.txt", "a summary for a chat, at most 1500 characters"),
];

impl Format {
    /// The form of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().find(|entry| entry.1 == name).map(|entry| entry.0)
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// What stands behind the stem and a dot in the name of its file.
    pub fn ending(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> &'static Entry {
        ALL.iter().find(|entry| entry.0 == self).unwrap_or(&ALL[0])
    }
}

/// The names with their sentences, for help.
pub fn table() -> String {
    ALL.iter().map(|entry| format!("  {:<20} {}", entry.1, entry.3)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_form_has_a_name_and_an_ending_of_its_own() {
        assert_eq!(ALL.iter().map(|entry| entry.0).collect::<BTreeSet<_>>().len(), ALL.len());
        assert_eq!(ALL.iter().map(|entry| entry.2).collect::<BTreeSet<_>>().len(), ALL.len());
        for entry in &ALL {
            assert_eq!(Format::from_name(entry.1), Some(entry.0));
        }
    }
}
