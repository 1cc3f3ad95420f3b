//! GitHub `deployment_status` and `deployment` payloads: a deploy at the time of its status.

use serde_json::Value;

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Change, ProblemKind};
use crate::parse::document::json::{self, plain};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Reads one payload, a list or JSON lines of them.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut changes = Vec::new();
    for element in json::elements(&text, &mut problems) {
        let place = Place { line: element.line, byte: element.byte };
        match change_of(&element.value, element.line) {
            Some(change) => {
                if change.time.is_none() {
                    problems.push(place.problem(ProblemKind::Time, "deployment without a readable time".into()));
                }
                changes.push(change);
            }
            None => problems.push(place.problem(ProblemKind::Syntax, "record is not a deployment payload".into())),
        }
    }
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let n_records = changes.len() as u64;
    super::finish(changes, problems, bytes, n_records, n_unplaced, super::zone_of(context, false))
}

fn change_of(payload: &Value, line: u64) -> Option<Change> {
    let body = payload.get("payload").filter(|inner| inner.get("deployment").is_some()).unwrap_or(payload);
    let deployment = body.get("deployment");
    let status = body.get("deployment_status").or(deployment)?;
    let text = |value: Option<&Value>, key: &str| value.and_then(|value| value.get(key)).and_then(plain).filter(|text| !text.is_empty());
    let status = Some(status);
    let state = text(status, "state");
    let reference = text(deployment, "ref").or_else(|| text(deployment, "sha"));
    let environment = text(status, "environment").or_else(|| text(deployment, "environment"));
    let repository = text(body.get("repository"), "name");
    let mut sentence = vec![repository.clone().unwrap_or_else(|| "deployment".into())];
    sentence.extend(reference.as_ref().map(|reference| format!("→ {reference}")));
    sentence.extend(environment.as_ref().map(|environment| format!("in {environment}")));
    let outcome = state.clone().or_else(|| text(Some(body), "action")).unwrap_or_default();
    let about = text(status, "description").or_else(|| text(deployment, "description")).map(|text| format!(", {text}")).unwrap_or_default();
    let named = [("state", state), ("ref", reference.clone()), ("environment", environment), ("sha", text(deployment, "sha"))];
    let creator = status.and_then(|status| status.get("creator"));
    let fields = named.into_iter().chain([("creator", text(creator, "login"))]).filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Some(Change {
        time: text(status, "created_at").or_else(|| text(status, "updated_at")).and_then(|at| when::any(&at, WallZone::Utc)),
        kind: "deployment".into(),
        service: repository,
        text: format!("{}: {outcome}{about}", sentence.join(" ")),
        to: reference,
        fields: fields.collect(),
        line,
        ..Change::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_deploy_at_its_time() {
        let text = r#"[{"action":"created","deployment_status":{"state":"success","created_at":"2019-05-15T15:20:55Z","environment":"production"},
            "deployment":{"ref":"v2","sha":"f95f"},"repository":{"name":"shop"}},{"zen":"x"}]"#;
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.changes.len(), document.problems.total()), (1, 1));
        assert_eq!(document.changes[0].text, "shop → v2 in production: success");
    }
}
