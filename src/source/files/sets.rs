//! Sources that belong together: the same bytes under two paths, and the files that rotation cut a log into.

use std::sync::Arc;

use crate::model::SourceKind;
use crate::parse::{Plan, Verdict};

use super::content::Content;
use super::load::Loader;
use super::prepare::{self, RotatedSet};

impl Loader<'_> {
    /// Reads content that is there under several paths only once.
    pub(super) fn settle_twins(&mut self, verdicts: &mut [Option<Verdict>]) {
        for (index, first) in prepare::twins(&self.sources, verdicts) {
            let path = self.sources[first].report.path.clone();
            prepare::mark_twin(&mut self.sources[index], &path);
            verdicts[index] = None;
            self.finish(index);
        }
    }

    /// Says which lines of rotated logs are in which of their files.
    pub(super) fn describe_sets(&mut self) {
        for RotatedSet { head, parts } in std::mem::take(&mut self.sets) {
            let contents = Content::parts(&self.sources[head].content);
            let places = prepare::describe(&contents);
            self.sources[head].report.why = format!("{} files of a rotated log, oldest first: {places}", parts.len());
        }
    }

    /// Makes one log of the files that rotation cut it into.
    pub(super) fn join_rotated(&mut self, verdicts: &mut [Option<Verdict>]) {
        for RotatedSet { head, parts } in prepare::rotated_sets(&self.sources, verdicts) {
            let contents = parts.iter().map(|index| Arc::clone(&self.sources[*index].content)).collect();
            let Ok(joined) = Content::joined(Arc::clone(&self.sources[head].content), contents) else { continue };
            let Ok(verdict @ Verdict { plan: Plan::Log(_), .. }) = prepare::verdict_of(&joined, &self.context(head, None)) else {
                continue;
            };
            let path = self.sources[head].report.path.clone();
            for (number, index) in parts.iter().enumerate().filter(|(_, index)| **index != head) {
                let report = &mut self.sources[*index].report;
                report.kind = SourceKind::Report;
                "rotated".clone_into(&mut report.format);
                report.why = format!("part {} of {} of a rotated log; its records are in {path}", number + 1, parts.len());
                report.runner_up = None;
                verdicts[*index] = None;
                // Its bytes are read there.
                report.is_complete = true;
            }
            let source = &mut self.sources[head];
            source.report.why = format!("{} files of a rotated log", parts.len());
            // Lines are counted in the parts themselves, once everything is read.
            source.content = Arc::new(joined);
            verdicts[head] = Some(verdict);
            self.sets.push(RotatedSet { head, parts });
        }
        self.share_contents();
    }
}
