//! One line of the API: a route with the scope that a token needs for it and with its description, so that neither can be
//! without the other.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thorax_domain::user::Scope;
use utoipa::ToSchema;

use super::parameters;
use crate::web::{Route, Section};

/// A route, and what the document says of it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where it is and who may come.
    pub route: Route,
    /// What a token must be allowed.
    pub scope: Option<Scope>,
    pub(super) id: &'static str,
    pub(super) group: &'static str,
    summary: &'static str,
    about: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
    pub(super) schemas: BTreeMap<String, Value>,
}

impl Endpoint {
    /// A route for whoever is allowed `scope`.
    pub fn new(route: Route, scope: Scope) -> Self {
        Self { scope: Some(scope), ..Self::open(route) }
    }

    /// A route that needs no scope.
    pub fn open(route: Route) -> Self {
        let parameters = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = parameters.map(parameters::in_path).collect();
        Self {
            route,
            scope: None,
            id: "",
            group: "",
            summary: "",
            about: "",
            parameters,
            body: None,
            answers: BTreeMap::new(),
            schemas: BTreeMap::new(),
        }
    }

    /// Its name for programs, its chapter, and what it does in a few words.
    pub fn named(mut self, id: &'static str, group: &'static str, summary: &'static str) -> Self {
        (self.id, self.group, self.summary) = (id, group, summary);
        self
    }

    /// What else there is to say.
    pub fn about(mut self, text: &'static str) -> Self {
        self.about = text;
        self
    }

    /// A parameter.
    pub fn takes(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// The two parameters of every list.
    pub fn paged(self) -> Self {
        self.takes(parameters::limit()).takes(parameters::cursor())
    }

    /// A JSON body.
    pub fn reads<T: ToSchema>(self) -> Self {
        self.reads_as::<T>(|schema| schema)
    }

    /// A JSON body, with more to say of it than its type does.
    pub fn reads_as<T: ToSchema>(mut self, with: impl Fn(Value) -> Value) -> Self {
        let schema = with(self.schema::<T>());
        self.body = Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}));
        self
    }

    /// What the address would take, in a JSON body instead: the parameters of the query so far.
    pub fn in_body(mut self) -> Self {
        let (query, others): (Vec<Value>, _) =
            self.parameters.into_iter().partition(|parameter| parameter["in"] == "query");
        self.parameters = others;
        let property = |parameter: Value| {
            let mut schema = parameter["schema"].clone();
            schema["description"] = parameter["description"].clone();
            (parameter["name"].as_str().unwrap_or_default().to_owned(), schema)
        };
        let properties: Map<String, Value> = query.into_iter().map(property).collect();
        let schema = json!({"type": "object", "additionalProperties": false, "properties": properties});
        self.body = Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}));
        self
    }

    /// A form with files.
    pub fn reads_form(mut self, schema: &Value) -> Self {
        self.body = Some(json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}}));
        self
    }

    /// A JSON answer.
    pub fn gives<T: ToSchema>(mut self, status: u16, what: &str) -> Self {
        let schema = self.schema::<T>();
        self.answers.insert(status, json!({"description": what, "content": {"application/json": {"schema": schema}}}));
        self
    }

    /// One page of a list.
    pub fn gives_page<T: ToSchema>(mut self, what: &str) -> Self {
        let row = self.schema::<T>();
        let schema = json!({
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": {"type": "array", "maxItems": 50, "items": row},
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "Send it as `cursor` for the next page; null on the last one."
                }
            }
        });
        self.answers.insert(200, json!({"description": what, "content": {"application/json": {"schema": schema}}}));
        self
    }

    /// A list that is never long.
    pub fn gives_whole<T: ToSchema>(mut self, what: &str) -> Self {
        let row = self.schema::<T>();
        let items = json!({"items": {"type": "array", "items": row}});
        let schema = json!({"type": "object", "required": ["items"], "properties": items});
        self.answers.insert(200, json!({"description": what, "content": {"application/json": {"schema": schema}}}));
        self
    }

    /// An answer that is no JSON.
    pub fn gives_file(mut self, media_types: &[&str], what: &str) -> Self {
        let content: Map<String, Value> =
            media_types.iter().map(|media_type| ((*media_type).to_owned(), json!({}))).collect();
        self.answers.insert(200, json!({"description": what, "content": content}));
        self
    }

    /// An answer without a body.
    pub fn gives_nothing(mut self, what: &str) -> Self {
        self.answers.insert(204, json!({"description": what}));
        self
    }

    /// An answer that says what went wrong.
    pub fn fails(mut self, status: u16, when: &str) -> Self {
        let mut answer = json!({
            "description": when,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        });
        if matches!(status, 429 | 503) {
            answer["headers"] = json!({"Retry-After": {
                "description": "Seconds after which to try again.", "schema": {"type": "integer", "minimum": 1}
            }});
        }
        if status == 401 {
            answer["headers"] = json!({"WWW-Authenticate": {
                "description": "How to say who asks.", "schema": {"type": "string"}
            }});
        }
        self.answers.entry(status).or_insert(answer);
        self
    }

    /// The answer has another status than is usual.
    pub fn moved(mut self, from: u16, to: u16) -> Self {
        if let Some(answer) = self.answers.remove(&from) {
            self.answers.insert(to, answer);
        }
        self
    }

    /// A header of one of the answers given before.
    pub fn header(mut self, status: u16, name: &str, what: &str) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["headers"][name] = json!({"description": what, "schema": {"type": "string"}});
        }
        self
    }

    /// The answer has an `ETag`, and may be that nothing has changed.
    pub fn tagged(mut self) -> Self {
        self.parameters.push(parameters::if_none_match());
        self.answers.insert(
            304,
            json!({"description": "It is as it was when the `ETag` sent with `If-None-Match` was given."}),
        );
        self.header(200, "ETag", "Names this state; send it back with `If-None-Match`.")
    }

    /// The route, behind its scope.
    pub fn into_route(self) -> Route {
        match self.scope {
            Some(scope) => self.route.scoped(scope),
            None => self.route,
        }
    }

    /// What the document says.
    pub(super) fn operation(&self) -> Value {
        let complete = self.clone().complete();
        let answers: Map<String, Value> =
            complete.answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
        let mut operation = json!({
            "operationId": self.id,
            "tags": [self.group],
            "summary": self.summary,
            "description": self.described(),
            "responses": answers,
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = json!(self.parameters);
        }
        if let Some(body) = &self.body {
            operation["requestBody"] = body.clone();
        }
        if self.route.section == Section::Public {
            operation["security"] = json!([]);
        }
        operation
    }

    fn described(&self) -> String {
        let who = match self.route.section {
            Section::Public => "anybody",
            Section::SignedIn => "whoever is signed in",
            Section::Clinical => "doctors and administrators",
            Section::Results => "doctors, administrators, and the patient whose it is once a doctor has released it",
            Section::Patient => "patients",
            Section::Admin => "administrators",
            Section::Operations => "operators",
        };
        let scope = self.scope.map(|scope| format!(" A token needs the scope `{scope}`.")).unwrap_or_default();
        let about = if self.about.is_empty() { String::new() } else { format!("{}\n\n", self.about) };
        format!("{about}For {who}.{scope}")
    }

    /// Adds the answers that follow from what it is.
    fn complete(self) -> Self {
        let (is_public, has_scope) = (self.route.section == Section::Public, self.scope.is_some());
        let has_object = self.route.path.contains('{');
        let has_body = self.body.is_some();
        let has_query = self.parameters.iter().any(|parameter| parameter["in"] == "query");
        let mut this = self;
        if !is_public {
            this = this.fails(401, "Nobody is signed in, or the token is wrong, ended or revoked.");
        }
        if has_scope && !is_public {
            this = this.fails(
                403,
                "The token does not have the scope, this part is for others, or a form of another site sent it.",
            );
        }
        if has_object {
            this = this.fails(404, "There is no such thing, or it is not for this user to know that there is.");
        }
        if has_body {
            this = this
                .fails(400, "The body cannot be read at all.")
                .fails(413, "More was sent than is taken.")
                .fails(415, "The body is of a kind that is not read here.");
        }
        if has_body || has_query {
            this = this.fails(422, "Some fields are wrong; `errors` says which and why.");
        }
        this.fails(500, "Something broke; the log has it under `request_id`.")
            .fails(503, "It cannot be done right now.")
            .fails(504, "It took too long.")
    }

    fn schema<T: ToSchema>(&mut self) -> Value {
        let mut found = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut found);
        for (name, schema) in found {
            self.schemas.insert(name, json!(schema));
        }
        json!({"$ref": format!("#/components/schemas/{}", T::name())})
    }
}
