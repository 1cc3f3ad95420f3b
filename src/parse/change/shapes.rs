//! Shapes of what tools tell of incidents, deploys and decisions, as data: which members make a record one of theirs,
//! and which of them are its time, kind, service and words.
//!
//! A path leads through members by points, `0` is the first element of a list, `^` begins at the record that the list
//! of [`Shape::each`] is in, `=` gives a word of ours, `/` before all else takes what stands behind the last `/` of a value,
//! `(` the last word of the parentheses that a value begins with.

/// What must hold for a record to have a shape.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sign {
    /// The member is there and not null.
    Has(&'static str),
    /// One of the members is there and not null.
    Any(&'static [&'static str]),
    /// Its text is this.
    Is(&'static str, &'static str),
    /// Its text ends so.
    Ends(&'static str, &'static str),
    /// Its text begins so.
    Starts(&'static str, &'static str),
}

/// Records of one tool.
#[derive(Debug)]
pub(super) struct Shape {
    pub format: &'static str,
    pub signs: &'static [Sign],
    /// A list in the record whose elements are the changes; empty when the record is the change.
    pub each: &'static str,
    /// Best first, as all that follow.
    pub time: &'static [&'static str],
    pub end: &'static [&'static str],
    pub kind: &'static [&'static str],
    pub service: &'static [&'static str],
    pub from: &'static [&'static str],
    pub to: &'static [&'static str],
    /// Parts of the sentence, each the first of its paths that says something.
    pub text: &'static [&'static [&'static str]],
}

const NONE: Shape = Shape { format: "", signs: &[], each: "", time: &[], end: &[], kind: &[], service: &[], from: &[], to: &[], text: &[] };

use Sign::{Any, Ends, Has, Is, Starts};

/// All shapes; of two that fit the first is meant.
pub(super) const SHAPES: &[Shape] = &[
    Shape {
        format: "pagerduty",
        signs: &[Ends("type", "_log_entry"), Has("created_at")],
        time: &["created_at"],
        kind: &["type"],
        service: &["service.summary", "incident.service.summary"],
        text: &[&["incident.title", "incident.summary", "channel.summary"], &["summary"], &["channel.details.description", "note"]],
        ..NONE
    },
    Shape {
        format: "pagerduty",
        signs: &[Has("event_type"), Has("occurred_at"), Has("data")],
        time: &["occurred_at"],
        kind: &["event_type"],
        service: &["data.service.summary"],
        text: &[&["data.title", "data.summary", "data.id"], &["data.status", "event_type"], &["agent.summary"]],
        ..NONE
    },
    Shape {
        format: "pagerduty",
        signs: &[Has("incident_number"), Has("created_at"), Any(&["urgency", "html_url"])],
        time: &["created_at"],
        end: &["resolved_at"],
        kind: &["=incident"],
        service: &["service.summary", "service.name"],
        text: &[&["title", "summary", "description"], &["status"]],
        ..NONE
    },
    Shape {
        format: "opsgenie",
        signs: &[Has("createdAt"), Any(&["tinyId", "alias"]), Has("message")],
        time: &["createdAt"],
        end: &["+report.closeTime", "closedAt"],
        kind: &["=incident"],
        service: &["entity", "service"],
        text: &[&["message"], &["status"], &["priority"]],
        ..NONE
    },
    Shape {
        format: "opsgenie",
        signs: &[Has("createdAt"), Has("log"), Has("owner")],
        time: &["createdAt"],
        kind: &["type", "=note"],
        text: &[&["log"], &["owner"]],
        ..NONE
    },
    Shape {
        format: "incident-io",
        signs: &[Has("created_at"), Has("incident_id"), Any(&["new_incident_status", "new_severity", "updater"])],
        time: &["created_at"],
        kind: &["=incident"],
        text: &[&["new_incident_status.name", "new_severity.name"], &["message"], &["updater.user.name"]],
        ..NONE
    },
    Shape {
        format: "incident-io",
        signs: &[Has("reference"), Has("name"), Any(&["incident_status", "severity"]), Has("created_at")],
        time: &["created_at"],
        kind: &["=incident"],
        text: &[&["reference"], &["name"], &["severity.name"], &["incident_status.name"], &["summary"]],
        ..NONE
    },
    Shape {
        format: "statuspage",
        signs: &[Has("incident_updates"), Has("name"), Any(&["impact", "status"])],
        each: "incident_updates",
        time: &["display_at", "created_at"],
        kind: &["=incident"],
        text: &[&["^name"], &["status"], &["body"]],
        ..NONE
    },
    Shape {
        format: "argocd",
        signs: &[Has("metadata.name"), Has("status.history.0.deployedAt")],
        each: "status.history",
        time: &["deployStartedAt", "deployedAt"],
        end: &["deployedAt"],
        kind: &["=deploy"],
        service: &["^metadata.name"],
        to: &["revision", "revisions.0"],
        text: &[&["^metadata.name"], &["revision", "revisions.0"], &["initiatedBy.username"]],
        ..NONE
    },
    Shape {
        format: "flux",
        signs: &[
            Has("metadata.name"),
            Has("status.conditions.0.lastTransitionTime"),
            Any(&["status.lastAppliedRevision", "status.lastAttemptedRevision", "status.history"]),
        ],
        each: "status.conditions",
        time: &["lastTransitionTime"],
        kind: &["=deploy"],
        service: &["^metadata.name"],
        to: &["^status.lastAppliedRevision"],
        text: &[&["^metadata.name"], &["reason"], &["message"]],
        ..NONE
    },
    Shape {
        format: "helm-history",
        signs: &[Has("revision"), Has("updated"), Has("chart"), Has("status")],
        time: &["updated"],
        kind: &["=deploy"],
        service: &["name"],
        to: &["chart"],
        text: &[&["chart"], &["description"], &["status"]],
        ..NONE
    },
    Shape {
        format: "kubernetes-rollouts",
        signs: &[Is("kind", "ReplicaSet"), Has("metadata.creationTimestamp")],
        time: &["metadata.creationTimestamp"],
        kind: &["=rollout"],
        service: &["metadata.ownerReferences.0.name", "metadata.name"],
        to: &["spec.template.spec.containers.0.image"],
        text: &[
            &["metadata.ownerReferences.0.name", "metadata.name"],
            &["spec.template.spec.containers.0.image"],
            &["metadata.annotations.kubernetes|io/change-cause", "metadata.name"],
        ],
        ..NONE
    },
    Shape {
        format: "kubernetes-pods",
        signs: &[Is("kind", "Pod"), Has("metadata.creationTimestamp"), Has("status")],
        each: "status.containerStatuses",
        time: &["lastState.terminated.finishedAt", "state.terminated.finishedAt"],
        kind: &["=restart"],
        service: &["^metadata.name"],
        text: &[&["^metadata.name"], &["lastState.terminated.reason", "state.terminated.reason"], &["name"]],
        ..NONE
    },
    Shape {
        format: "launchdarkly",
        signs: &[Has("date"), Has("kind"), Any(&["titleVerb", "shortDescription"])],
        time: &["date"],
        kind: &["kind"],
        service: &[],
        text: &[&["title", "name"], &["description", "shortDescription"], &["comment"]],
        ..NONE
    },
    Shape {
        format: "grafana-annotations",
        signs: &[Has("time"), Has("text"), Has("tags"), Any(&["dashboardId", "dashboardUID", "alertId", "login", "panelId"])],
        time: &["time"],
        end: &["timeEnd"],
        kind: &["tags.0", "=annotation"],
        text: &[&["text"], &["login"]],
        ..NONE
    },
    Shape {
        format: "github-workflow",
        signs: &[Any(&["run_started_at", "run_number"]), Has("head_sha"), Has("created_at")],
        time: &["run_started_at", "created_at"],
        end: &["updated_at"],
        kind: &["=workflow"],
        service: &["repository.name", "name"],
        to: &["head_sha"],
        text: &[&["name"], &["conclusion", "status"], &["display_title", "head_branch"]],
        ..NONE
    },
    Shape {
        format: "github-deployments",
        signs: &[Has("sha"), Has("ref"), Has("environment"), Has("created_at"), Any(&["task", "statuses_url"])],
        time: &["created_at"],
        kind: &["=deployment"],
        to: &["ref"],
        text: &[&["task", "=deployment"], &["ref"], &["environment"], &["description"]],
        ..NONE
    },
    Shape {
        format: "github-deployments",
        signs: &[Has("state"), Has("environment"), Has("created_at"), Has("deployment_url")],
        time: &["created_at"],
        kind: &["=deployment"],
        text: &[&["=deployment"], &["environment"], &["state"], &["description"]],
        ..NONE
    },
    Shape {
        format: "github-releases",
        signs: &[Has("tag_name"), Any(&["published_at", "created_at"])],
        time: &["published_at", "released_at", "created_at"],
        kind: &["=release"],
        to: &["tag_name"],
        text: &[&["tag_name"], &["name"], &["author.login"]],
        ..NONE
    },
    Shape {
        format: "github-commits",
        signs: &[Has("sha"), Has("commit.author.date"), Has("commit.message")],
        time: &["commit.author.date"],
        kind: &["=commit"],
        to: &["sha"],
        text: &[&["commit.message"], &["commit.author.name"]],
        ..NONE
    },
    Shape {
        format: "github-push",
        signs: &[Has("ref"), Has("commits"), Has("before"), Has("after")],
        each: "commits",
        time: &["timestamp"],
        kind: &["=commit"],
        service: &["^repository.name", "^project.name"],
        to: &["id"],
        text: &[&["message"], &["author.name"]],
        ..NONE
    },
    Shape {
        format: "gitlab-deployments",
        signs: &[Has("sha"), Has("ref"), Has("environment.name"), Has("created_at")],
        time: &["deployable.started_at", "created_at"],
        end: &["deployable.finished_at", "finished_at"],
        kind: &["=deployment"],
        to: &["ref"],
        text: &[&["deployable.name", "=deployment"], &["ref"], &["environment.name"], &["status"]],
        ..NONE
    },
    Shape {
        format: "gitlab-pipelines",
        signs: &[Has("sha"), Has("ref"), Has("status"), Has("created_at"), Any(&["project_id", "iid", "pipeline"])],
        time: &["started_at", "created_at"],
        end: &["finished_at"],
        kind: &["=pipeline"],
        to: &["sha"],
        text: &[&["name", "=pipeline"], &["ref"], &["status"]],
        ..NONE
    },
    Shape {
        format: "spinnaker",
        signs: &[Has("application"), Has("startTime"), Any(&["stages", "buildTime", "trigger"])],
        time: &["startTime"],
        end: &["endTime"],
        kind: &["=deploy"],
        service: &["application"],
        text: &[&["application"], &["name"], &["status"], &["trigger.user"]],
        ..NONE
    },
    Shape {
        format: "jenkins",
        signs: &[Has("number"), Has("timestamp"), Has("url"), Any(&["result", "building", "fullDisplayName"])],
        time: &["timestamp"],
        kind: &["=build"],
        text: &[&["fullDisplayName", "displayName", "url"], &["result"]],
        ..NONE
    },
    Shape {
        format: "ecs-services",
        signs: &[Has("taskDefinition"), Has("createdAt"), Has("rolloutState")],
        time: &["createdAt"],
        end: &["updatedAt"],
        kind: &["=deploy"],
        service: &["/taskDefinition"],
        to: &["/taskDefinition"],
        text: &[&["/taskDefinition"], &["rolloutState"], &["rolloutStateReason"]],
        ..NONE
    },
    Shape {
        format: "ecs-services",
        signs: &[Has("id"), Has("createdAt"), Starts("message", "(service ")],
        time: &["createdAt"],
        kind: &["=event"],
        service: &["(message"],
        text: &[&["message"]],
        ..NONE
    },
    Shape {
        format: "cloudtrail",
        signs: &[Has("eventTime"), Has("eventSource"), Has("eventName"), Has("eventVersion")],
        time: &["eventTime"],
        kind: &["eventName"],
        service: &["eventSource"],
        text: &[&["eventName"], &["userIdentity.userName", "userIdentity.arn", "userIdentity.type"], &["errorCode"], &["errorMessage"]],
        ..NONE
    },
    Shape {
        format: "azure-activity",
        signs: &[Has("eventTimestamp"), Has("operationName"), Any(&["resourceId", "resourceUri", "subscriptionId"])],
        time: &["eventTimestamp"],
        kind: &["operationName.localizedValue", "operationName.value", "operationName"],
        service: &["/resourceId", "/resourceUri"],
        text: &[
            &["operationName.localizedValue", "operationName.value", "operationName"],
            &["/resourceId", "/resourceUri"],
            &["properties.message", "properties.statusMessage", "description"],
            &["status.localizedValue", "status.value", "status"],
            &["caller"],
        ],
        ..NONE
    },
    Shape {
        format: "azure-devops",
        signs: &[Has("releaseDefinition"), Has("environments"), Has("createdOn")],
        each: "environments",
        time: &["deploySteps.0.queuedOn", "deploySteps.0.lastModifiedOn"],
        end: &["deploySteps.0.lastModifiedOn"],
        kind: &["=deploy"],
        service: &["^releaseDefinition.name"],
        to: &["^name"],
        text: &[
            &["^releaseDefinition.name"],
            &["^name"],
            &["name"],
            &["status"],
            &["^description"],
            &["^createdBy.displayName", "^modifiedBy.displayName"],
        ],
        ..NONE
    },
    Shape {
        format: "azure-devops",
        signs: &[Has("releaseDefinition"), Has("createdOn"), Any(&["reason", "artifacts"])],
        time: &["createdOn"],
        kind: &["=release"],
        service: &["releaseDefinition.name"],
        to: &["name"],
        text: &[&["releaseDefinition.name"], &["name"], &["status"], &["description"], &["createdBy.displayName"]],
        ..NONE
    },
    Shape {
        format: "sentry",
        signs: &[Has("title"), Has("dateCreated"), Any(&["eventID", "groupID"])],
        time: &["dateCreated"],
        kind: &["=error"],
        service: &["projectSlug", "project.slug"],
        text: &[&["title"], &["culprit"], &["message"]],
        ..NONE
    },
    Shape {
        format: "sentry",
        signs: &[Has("title"), Has("firstSeen"), Has("lastSeen")],
        time: &["firstSeen"],
        end: &["lastSeen"],
        kind: &["=error"],
        service: &["project.slug"],
        text: &[&["shortId"], &["title"], &["culprit"], &["status"]],
        ..NONE
    },
    Shape {
        format: "rollbar",
        signs: &[Has("counter"), Has("first_occurrence_timestamp"), Has("title")],
        time: &["first_occurrence_timestamp"],
        end: &["last_occurrence_timestamp"],
        kind: &["=error"],
        text: &[&["title"], &["level"], &["environment"], &["status"]],
        ..NONE
    },
    Shape {
        format: "victorops",
        signs: &[Has("incidentNumber"), Has("startTime"), Any(&["currentPhase", "entityState"]), Has("transitions")],
        each: "transitions",
        time: &["at"],
        kind: &["=incident"],
        service: &["^service"],
        text: &[&["^entityDisplayName", "^entityId"], &["name"], &["by"], &["message"]],
        ..NONE
    },
    Shape {
        format: "grafana-oncall",
        signs: &[Has("integration_id"), Has("created_at"), Any(&["alerts_count", "permalinks"])],
        time: &["created_at"],
        end: &["resolved_at"],
        kind: &["=incident"],
        text: &[&["title"], &["state"]],
        ..NONE
    },
    Shape {
        format: "cloudtrail",
        signs: &[Has("EventTime"), Has("EventSource"), Has("EventName"), Has("EventId")],
        time: &["EventTime"],
        kind: &["EventName"],
        service: &["EventSource"],
        text: &[&["EventName"], &["Username"], &["Resources.0.ResourceName"]],
        ..NONE
    },
    Shape {
        format: "datadog-events",
        signs: &[Has("title"), Has("date_happened")],
        time: &["date_happened"],
        kind: &["alert_type", "=event"],
        service: &["service"],
        text: &[&["title"], &["text"]],
        ..NONE
    },
];
