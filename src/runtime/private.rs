//! Files of our own in the temporary directory that only this user may read: for editors, and for what is copied where
//! no clipboard is in reach. Names are new ones, so that nothing that somebody else put there is followed or overwritten.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use anyhow::Context as _;

/// Names that are tried.
const ATTEMPTS: usize = 1_000;

/// A file that goes with this value.
#[derive(Debug)]
pub struct PrivateFile {
    path: PathBuf,
}

impl PrivateFile {
    /// A new file `coroner-PID-N-NAME` with these bytes. `name` may come from outside: only letters, digits, `.`, `-` and
    /// `_` of it are used.
    pub fn create(name: &str, bytes: &[u8]) -> anyhow::Result<Self> {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
        let name = &name[name.len().saturating_sub(80)..];
        for attempt in 0..ATTEMPTS {
            let path = env::temp_dir().join(format!("coroner-{}-{attempt}-{name}", std::process::id()));
            match new_file(&path) {
                Ok(mut file) => {
                    let this = Self { path };
                    file.write_all(bytes).with_context(|| format!("{}: cannot be written", this.path.display()))?;
                    return Ok(this);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| format!("{}: cannot be created", path.display())),
            }
        }
        anyhow::bail!("{}: no free name for a temporary file; remove old ones named coroner-*", env::temp_dir().display())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the file to the user.
    pub fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.path)
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn new_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_readable_by_its_owner_alone_and_goes_with_its_value() {
        let file = PrivateFile::create("../a b/\u{1b}x.log", b"words").unwrap();
        let path = file.path().to_owned();
        assert_eq!((fs::read(&path).unwrap(), path.parent()), (b"words".to_vec(), Some(&*env::temp_dir())));
        assert!(path.to_string_lossy().ends_with("-.._a_b__x.log"), "{}", path.display());
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
        drop(file);
        assert!(!path.exists());
        let kept = PrivateFile::create("x", b"").unwrap().keep();
        assert!(kept.exists());
        fs::remove_file(kept).unwrap();
    }
}
