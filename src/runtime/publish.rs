//! The postmortem in every form that was asked for, each written by temporary file and rename.
//!
//! What the forms look like is `report`'s; here is only where they go: `-o FILE` names the first form and lends its stem
//! to the others, `-o FOLDER` takes them all under their usual names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::export::{Edits, write_markdown, write_whole};
use super::exported::Ledger;
use crate::report::format::Format;
use crate::report::html;
use crate::report::markdown::Rendered;
use crate::report::postmortem::Postmortem;
use crate::report::print::print;
use crate::report::style::Style;
use crate::report::template;

/// Where the files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Folder of all files.
    pub folder: PathBuf,
    /// What their names begin with.
    pub stem: String,
    /// Name of the first file, if it was given whole.
    pub first: Option<PathBuf>,
}

impl Destination {
    /// Reads `-o`: a folder (one that is there, ends in a slash, or has no ending), or the name of the first file.
    pub fn of(output: Option<&Path>, case_dir: &Path) -> Self {
        let usual = |folder: &Path| Self { folder: folder.to_owned(), stem: "postmortem".into(), first: None };
        let Some(output) = output else { return usual(case_dir) };
        let is_folder = output.is_dir() || output.extension().is_none() || output.as_os_str().to_string_lossy().ends_with(['/', '\\']);
        if is_folder {
            return usual(output);
        }
        let stem = output.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = output.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self { folder: folder.to_owned(), stem, first: Some(output.to_owned()) }
    }

    /// The file of the form at this place of the list.
    pub fn path(&self, index: usize, format: Format) -> PathBuf {
        match &self.first {
            Some(first) if index == 0 => first.clone(),
            _ => self.folder.join(format!("{}.{}", self.stem, format.ending())),
        }
    }
}

impl Destination {
    /// The file of a template that writes `name` (`retro.md`).
    pub fn path_named(&self, name: &str) -> PathBuf {
        let name = Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.first.clone().unwrap_or_else(|| self.folder.join(format!("{}.{name}", self.stem)))
    }
}

/// One file that was written, with the pictures beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its form; `None`: a template of the user.
    pub format: Option<Format>,
    /// Where it is.
    pub path: PathBuf,
    /// Pictures, for forms that have them beside them.
    pub assets: Vec<PathBuf>,
}

/// Writes each form. Nothing is written over a source: `sources` are the files that were read.
pub fn publish(
    postmortem: &Postmortem,
    formats: &[Format],
    style: &Style,
    (to, edits, ledger): (&Destination, Edits, &mut Ledger),
    sources: &[PathBuf],
) -> anyhow::Result<Vec<Published>> {
    let paths: Vec<PathBuf> = formats.iter().enumerate().map(|(index, format)| to.path(index, *format)).collect();
    for path in &paths {
        check(path, sources)?;
    }
    fs::create_dir_all(&to.folder).with_context(|| format!("{}: cannot be created; export elsewhere with -o", to.folder.display()))?;
    let mut published = Vec::new();
    for (format, path) in formats.iter().zip(paths) {
        let printed = print(postmortem, *format, style);
        let mut assets = Vec::new();
        if *format == Format::Markdown {
            let rendered = Rendered { markdown: printed.text, assets: printed.assets };
            assets = write_markdown((&path, edits), &postmortem.assets, &rendered)?.assets;
        } else {
            match *format {
                Format::Html => {
                    keep_page(&path, edits, &printed.text)?;
                    write_whole(&path, printed.text.as_bytes())?;
                }
                _ => ledger.write(&path, edits, printed.text.as_bytes())?,
            }
        }
        published.push(Published { format: Some(*format), path, assets });
    }
    Ok(published)
}

/// A page that people changed is not written over: nobody could tell their words from ours.
fn keep_page(path: &Path, edits: Edits, fresh: &str) -> anyhow::Result<()> {
    let Ok(old) = fs::read(path) else { return Ok(()) };
    let text = String::from_utf8_lossy(&old);
    if text.trim().is_empty() || text == fresh || html::is_sealed(&text) == Some(true) {
        return Ok(());
    }
    let why = if html::is_sealed(&text).is_some() { "was edited by hand" } else { "was not written by this program" };
    anyhow::ensure!(
        edits == Edits::Overwrite,
        "{}: {why}, and would be lost (PM030); move the words into sections/*.md of the case, export elsewhere with -o FILE.html, or overwrite \
         it with --force (the old one stays beside it as .orig)",
        path.display()
    );
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".orig");
    write_whole(&path.with_file_name(name), &old)
}

/// Prints a template of the user.
pub fn publish_template(
    postmortem: &Postmortem,
    file: &Path,
    style: &Style,
    (to, edits, ledger): (&Path, Edits, &mut Ledger),
    sources: &[PathBuf],
) -> anyhow::Result<Published> {
    let source = fs::read_to_string(file).with_context(|| format!("{}: cannot be read as a template", file.display()))?;
    let text = template::print(&file.to_string_lossy(), &source, postmortem, style)?;
    check(to, sources)?;
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot be created; export elsewhere with -o", folder.display()))?;
    }
    ledger.write(to, edits, text.as_bytes())?;
    Ok(Published { format: None, path: to.to_owned(), assets: Vec::new() })
}

/// Refuses what is no plain file, and what was read.
fn check(path: &Path, sources: &[PathBuf]) -> anyhow::Result<()> {
    let Ok(meta) = fs::metadata(path) else { return Ok(()) };
    anyhow::ensure!(meta.is_file(), "{}: is no file that could be written anew; export elsewhere with -o", path.display());
    let real = fs::canonicalize(path)?;
    let is_source = sources.iter().any(|source| fs::canonicalize(source).is_ok_and(|source| source == real));
    anyhow::ensure!(!is_source, "{}: is one of the sources; export elsewhere with -o", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_lends_its_stem_and_a_folder_takes_the_usual_names() {
        let file = Destination::of(Some(Path::new("out/inc-7.md")), Path::new("case"));
        assert_eq!(file.path(0, Format::Markdown), Path::new("out/inc-7.md"));
        assert_eq!(file.path(1, Format::TimelineCsv), Path::new("out/inc-7.timeline.csv"));
        let folder = Destination::of(Some(Path::new("out/")), Path::new("case"));
        assert_eq!(folder.path(0, Format::Html), Path::new("out/postmortem.html"));
        assert_eq!(Destination::of(None, Path::new("case")).path(0, Format::Markdown), Path::new("case/postmortem.md"));
    }
}
