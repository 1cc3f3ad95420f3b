//! Which series a panel names, and what tells it from others on screen.

use crate::model::case::{FORMULA_SOURCE, PanelRef};
use crate::model::{Catalog, SeriesMeta, text};

/// Names a series across loads.
pub(crate) fn reference(catalog: &Catalog, meta: &SeriesMeta, role: &str) -> PanelRef {
    let is_written = meta.derivation.as_ref().is_some_and(|derivation| derivation.is_written);
    let path = || catalog.source(meta.source).map(|source| source.path.clone()).unwrap_or_default();
    let source = if is_written { FORMULA_SOURCE.to_owned() } else { path() };
    PanelRef { role: role.to_owned(), series: meta.full_name(), source }
}

/// The series that a reference names; of several with one name that of the stated source, else the first.
pub(crate) fn find<'a>(catalog: &'a Catalog, reference: &PanelRef) -> Option<&'a SeriesMeta> {
    let name = reference.formula().unwrap_or_else(|| reference.series.split('{').next().unwrap_or_default());
    let start = catalog.series.partition_point(|meta| meta.name.as_str() < name);
    let mut same = catalog.series[start..].iter().take_while(|meta| meta.name == name).filter(|meta| meta.is_called(&reference.series));
    let first = same.clone().next()?;
    let is_there = |source| catalog.source(source).is_some_and(|source| source.path == reference.source);
    let of_source = same.find(|meta| meta.sources().any(is_there));
    Some(of_source.unwrap_or(first))
}

/// What tells a series from others of its name: instance or service, else its label values.
pub(crate) fn place_of(meta: &SeriesMeta) -> String {
    let first = |names: &[&str]| names.iter().find_map(|name| meta.labels.get(name));
    let service = first(&["service", "service_name", "service.name", "app", "job"]);
    let instance = first(&["instance", "pod", "host", "node"]);
    let place = match (service, instance) {
        (Some(service), Some(instance)) if !instance.contains(service) => format!("{service} {instance}"),
        (_, Some(instance)) => instance.to_owned(),
        (Some(service), None) => service.to_owned(),
        (None, None) => meta.labels.iter().map(|(_, value)| value).collect::<Vec<_>>().join(","),
    };
    text::printable(&place).into_owned()
}
