//! The document taken apart for reading.

use serde_json::{Map, Value};

/// Operations that belong together.
pub struct Chapter<'a> {
    /// Its name.
    pub name: &'a str,
    /// In the order of the document.
    pub operations: Vec<Operation<'a>>,
}

/// One operation.
pub struct Operation<'a> {
    /// In capitals.
    pub method: String,
    /// With parameters in braces.
    pub path: &'a str,
    /// As the document has it.
    pub value: &'a Value,
}

/// All chapters.
pub fn chapters(document: &Value) -> Vec<Chapter<'_>> {
    let names = document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
    let operations = |name: &str| {
        let paths = document["paths"].as_object().into_iter().flatten();
        let all = paths.flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, value)| Operation {
                method: method.to_ascii_uppercase(),
                path,
                value,
            })
        });
        all.filter(|one| one.value["tags"][0] == name).collect()
    };
    names.map(|name| Chapter { name, operations: operations(name) }).collect()
}

impl Operation<'_> {
    /// A text of it.
    pub fn text(&self, part: &str) -> &str {
        self.value[part].as_str().unwrap_or_default()
    }

    /// Its parameters: name, place, type, what it is.
    pub fn parameters(&self) -> Vec<[String; 4]> {
        let all = self.value["parameters"].as_array().into_iter().flatten();
        let row = |one: &Value| {
            let text = |part: &str| one[part].as_str().unwrap_or_default().to_owned();
            [text("name"), text("in"), kind(&one["schema"]), text("description")]
        };
        all.map(row).collect()
    }

    /// Its body: media type and schema.
    pub fn body(&self) -> Option<(&str, &Value)> {
        let content = self.value["requestBody"]["content"].as_object()?;
        content.iter().next().map(|(media_type, content)| (media_type.as_str(), &content["schema"]))
    }

    /// Its answers: status, type, when.
    pub fn answers(&self) -> Vec<[String; 3]> {
        let all = self.value["responses"].as_object().into_iter().flatten();
        let row = |(status, answer): (&String, &Value)| {
            let content = answer["content"].as_object();
            let kinds = content.into_iter().flatten().map(|(media_type, content)| match &content["schema"] {
                Value::Null => media_type.clone(),
                schema => kind(schema),
            });
            let kinds: Vec<String> = kinds.collect();
            [status.clone(), kinds.join(", "), answer["description"].as_str().unwrap_or_default().to_owned()]
        };
        all.map(row).collect()
    }
}

/// Fields of an object: name, type, whether it must be there, what it is. Those of its parts are among them.
pub fn fields(schema: &Value) -> Vec<[String; 4]> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut rows: Vec<[String; 4]> = parts
        .filter(|part| part.get("$ref").is_some())
        .map(|part| [String::new(), kind(part), String::new(), "All of its fields.".to_owned()])
        .collect();
    rows.extend(schema["allOf"].as_array().into_iter().flatten().flat_map(own_fields));
    rows.extend(own_fields(schema));
    rows
}

fn own_fields(schema: &Value) -> Vec<[String; 4]> {
    let empty = Map::new();
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let row = |(name, field): (&String, &Value)| {
        let must = if required(name) { "yes" } else { "" };
        let about = field["description"].as_str().unwrap_or_default();
        [name.clone(), kind(field), must.to_owned(), about.to_owned()]
    };
    schema["properties"].as_object().unwrap_or(&empty).iter().map(row).collect()
}

/// A schema in a few words.
pub fn kind(schema: &Value) -> String {
    if let Some(to) = schema["$ref"].as_str() {
        return to.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for (word, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(all) = schema[word].as_array() {
            return all.iter().map(kind).collect::<Vec<_>>().join(between);
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return words.join(", ");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let named = |one: &str| match one {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["properties"]["items"].is_object() => kind(&schema["properties"]["items"]),
        other => schema["format"].as_str().map_or_else(|| other.to_owned(), |format| format!("{other} ({format})")),
    };
    let kinds: Vec<String> =
        types.into_iter().map(|one| if one == "null" { one.to_owned() } else { named(one) }).collect();
    format!("{}{}", kinds.join(" or "), limits(schema))
}

fn limits(schema: &Value) -> String {
    let bound = |least: &str, most: &str, of: &str| match (schema.get(least), schema.get(most)) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{of}")),
        (Some(least), None) => Some(format!("at least {least}{of}")),
        (None, Some(most)) => Some(format!("at most {most}{of}")),
        (None, None) => None,
    };
    let bounds = [
        bound("minimum", "maximum", ""),
        bound("minLength", "maxLength", " characters"),
        bound("minItems", "maxItems", " items"),
    ];
    let bounds: Vec<String> = bounds.into_iter().flatten().collect();
    if bounds.is_empty() { String::new() } else { format!(", {}", bounds.join(", ")) }
}
