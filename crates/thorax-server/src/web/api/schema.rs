//! Words of the domain as the document describes them, taken from the domain itself, and the form of every error.

use std::borrow::Cow;

use serde_json::Value;
use thorax_domain::audit::{Action, Object as AuditObject, Outcome};
use thorax_domain::job::JobState;
use thorax_domain::patient::Sex;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::{PredictionStatus, ReviewVerdict};
use thorax_domain::user::{Role, Scope};
use thorax_domain::xray::{Source, View};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $title:literal: $words:expr;)+) => {
        $($(#[$doc])*
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words: Vec<Value> = $words.iter().map(|word| Value::from(word.to_string())).collect();
                let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(words));
                object.into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($title)
            }
        })+
    };
}

words! {
    /// One of the four classes.
    DiagnosisWord = "Diagnosis": Diagnosis::ALL;
    /// A patient's sex, as DICOM writes it.
    SexWord = "Sex": Sex::ALL;
    /// How far a prediction is.
    StatusWord = "PredictionStatus": PredictionStatus::ALL;
    /// What a doctor made of a prediction.
    VerdictWord = "ReviewVerdict": ReviewVerdict::ALL;
    /// What a user may do.
    RoleWord = "Role": Role::ALL;
    /// What a token may be used for.
    ScopeWord = "Scope": Scope::ALL;
    /// How the beam went.
    ViewWord = "View": View::ALL;
    /// The door an X-ray came through.
    SourceWord = "Source": Source::ALL;
    /// Where a job stands.
    JobStateWord = "JobState": JobState::ALL;
    /// What was done.
    ActionWord = "AuditAction": Action::ALL;
    /// To what.
    ObjectWord = "AuditObject": AuditObject::ALL;
    /// How it went.
    OutcomeWord = "AuditOutcome": Outcome::ALL;
}

/// What went wrong: RFC 9457.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "described only; web/error writes it")]
pub struct ProblemBody {
    /// `urn:thorax:problem:` and a short name that stays the same.
    #[schema(pattern = "^urn:thorax:problem:[a-z-]+$")]
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// For people.
    detail: String,
    /// What is wrong with which field.
    errors: Option<Vec<FieldProblem>>,
    /// The name of the request in the log.
    #[schema(format = "uuid")]
    request_id: String,
}

/// What is wrong with one field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described only; web/error writes it")]
pub struct FieldProblem {
    /// The field's name.
    field: String,
    /// What is wrong and what to do.
    detail: String,
}

/// Words as a parameter's enum.
pub fn words<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
