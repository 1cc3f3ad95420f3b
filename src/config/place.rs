//! Where `config.toml` lies: `--config FILE`, `$CORONER_CONFIG`, else the folder that the platform has for it.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where to read it from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Named by the user: it must be there.
    Named(PathBuf),
    /// The usual one: it need not be there.
    Usual(PathBuf),
    /// Nowhere.
    Nowhere,
}

impl Place {
    /// The file, whether it is there or not.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Named(path) | Self::Usual(path) => Some(path),
            Self::Nowhere => None,
        }
    }
}

/// The file of these flags and this environment. An empty `CORONER_CONFIG` means none.
pub fn find(flag: Option<PathBuf>, variable: impl Fn(&str) -> Option<OsString>) -> Place {
    if let Some(path) = flag {
        return Place::Named(path);
    }
    match variable("CORONER_CONFIG") {
        Some(path) if path.is_empty() => return Place::Nowhere,
        Some(path) => return Place::Named(path.into()),
        None => {}
    }
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_CONFIG_HOME").or_else(|| folder("APPDATA")).or_else(|| Some(folder("HOME")?.join(".config")));
    base.map_or(Place::Nowhere, |base| Place::Usual(base.join("coroner").join("config.toml")))
}
