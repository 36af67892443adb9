//! The reference of the API.

use askama::Template;

use super::frame::Frame;
use super::text;

/// `/api/docs`: every operation of the `OpenAPI` document, and its types.
#[derive(Debug, Clone, Template)]
#[template(path = "reference.html")]
pub struct ReferencePage {
    /// Around the page.
    pub frame: Frame,
    /// What every reader must know first, paragraph by paragraph.
    pub about: Vec<String>,
    /// Operations that belong together.
    pub chapters: Vec<ReferenceChapter>,
    /// The types of bodies and answers.
    pub types: Vec<ReferenceType>,
}

/// Operations that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceChapter {
    /// Its name.
    pub name: String,
    /// What can be done.
    pub operations: Vec<ReferenceOperation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceOperation {
    /// Its name for programs, which is also its place on the page.
    pub id: String,
    /// In capitals.
    pub method: String,
    /// With parameters in braces.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// What it does, and who may, paragraph by paragraph.
    pub about: Vec<String>,
    /// Name, place, type, what it is.
    pub parameters: Vec<[String; 4]>,
    /// Media type and type of the body.
    pub body: Option<[String; 2]>,
    /// Name, type, whether it is needed, what it is; of a body without a name of its own.
    pub fields: Vec<[String; 4]>,
    /// Status, type, when.
    pub answers: Vec<[String; 3]>,
}

/// A type of a body or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceType {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Name, type, whether it is always there, what it is.
    pub fields: Vec<[String; 4]>,
}
