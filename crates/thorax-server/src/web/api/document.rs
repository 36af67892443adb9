//! The `OpenAPI` 3.1 document, put together from the same table as the routes.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::body::with_tag;
use super::endpoint::Endpoint;
use super::schema::{FieldProblem, ProblemBody};
use crate::web::auth::cookie;

/// What every reader must know first.
const ABOUT: &str = "Everything that the pages of Thorax do, for programs. Decision support, not a diagnosis: a physician decides.\n\n\
Say who asks with a token, `Authorization: Bearer …`, made on the account page or with `POST /api/v1/tokens`; a browser's session \
works, too. Ids are UUIDs. Times are RFC 3339 in UTC. Lists go from new to old, 25 rows a page and 50 at most, and go on with \
`next_cursor`. What is looked for is sent with `POST` to the list's `_search`, since a name is not for addresses. What one may not see is not there: 404. Errors are `application/problem+json` (RFC 9457) with the `request_id` that is \
also in the log and in the header `X-Request-Id`. Where there is a `Retry-After`, try again after so many seconds.";

/// The document.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| written(&super::endpoints()));
    &DOCUMENT
}

fn written(endpoints: &[Endpoint]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas: Map<String, Value> = Map::new();
    let mut groups: Vec<&str> = Vec::new();
    schemas.insert("Problem".to_owned(), json!(ProblemBody::schema()));
    schemas.insert(FieldProblem::name().into_owned(), json!(FieldProblem::schema()));
    for endpoint in endpoints {
        let path = paths.entry(endpoint.route.path).or_insert_with(|| json!({}));
        path[endpoint.route.method.as_str().to_ascii_lowercase()] = endpoint.operation();
        schemas.extend(endpoint.schemas.clone());
        if !groups.contains(&endpoint.group) {
            groups.push(endpoint.group);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Thorax",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": groups.into_iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token of the user's."},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": cookie::PLAIN_NAME,
                    "description": "The session of a browser that signed in."
                }
            }
        }
    })
}

/// `GET /api/v1/openapi.json`.
pub async fn show(headers: HeaderMap) -> Response {
    static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| serde_json::to_vec(document()).unwrap_or_default());
    with_tag(&headers, HeaderValue::from_static("application/json"), TEXT.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn operations() -> Vec<(String, Value)> {
        let paths = document()["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
        });
        all.collect()
    }

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else() {
        let described: BTreeSet<String> = operations().into_iter().map(|(name, _)| name).collect();
        let routed: BTreeSet<String> = super::super::routes()
            .iter()
            .filter(|route| route.path.starts_with("/api/v1/"))
            .map(|route| format!("{} {}", route.method.as_str().to_ascii_lowercase(), route.path))
            .collect();
        assert_eq!(described, routed);
        let ids: BTreeSet<String> = operations().iter().map(|(_, one)| one["operationId"].to_string()).collect();
        assert_eq!(ids.len(), described.len(), "each operation has a name of its own");
    }

    #[test]
    fn every_operation_says_what_it_does_and_how_it_ends() {
        for (name, operation) in operations() {
            for part in ["operationId", "summary", "description"] {
                assert!(!operation[part].as_str().unwrap().is_empty(), "{name} has no {part}");
            }
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
            assert!(answers.contains_key("500"), "{name} never breaks");
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        fn references(value: &Value, found: &mut BTreeSet<String>) {
            match value {
                Value::Object(object) => {
                    if let Some(to) = object.get("$ref").and_then(Value::as_str) {
                        found.insert(to.trim_start_matches("#/components/schemas/").to_owned());
                    }
                    object.values().for_each(|value| references(value, found));
                }
                Value::Array(array) => array.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let mut used = BTreeSet::new();
        references(document(), &mut used);
        let there: BTreeSet<String> =
            document()["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(used, there);
    }
}
