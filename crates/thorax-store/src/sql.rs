//! Statements whose conditions depend on what is asked for: text and values grow together.

use sea_orm::{DbBackend, Value};

/// A statement being written. Values are numbered `$1`, `$2`, … as both databases read them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
    conditions: bool,
}

impl Sql {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Begins another condition: `WHERE` the first time, then `AND`.
    pub(crate) fn condition(&mut self, text: &str) -> &mut Self {
        self.push(if self.conditions { " AND " } else { " WHERE " });
        self.conditions = true;
        self.push(text)
    }

    /// The condition that `text` and the value make together, such as `a = ` and 5.
    pub(crate) fn is(&mut self, text: &str, value: impl Into<Value>) -> &mut Self {
        self.condition(text).bind(value)
    }

    /// The same, where there is a value.
    pub(crate) fn is_maybe(&mut self, text: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.is(text, value);
        }
        self
    }

    /// Another SELECT of the same statement begins, with conditions of its own.
    pub(crate) fn next_select(&mut self, text: &str) -> &mut Self {
        self.conditions = false;
        self.push(text)
    }

    pub(crate) fn into_parts(self) -> (String, Vec<Value>) {
        (self.text, self.values)
    }
}

/// How many values a statement that writes many rows should have. SQLite looks its parameters up one after the other, so
/// that many of them take the square of the time; and a short statement is prepared once and used again.
pub(crate) const fn values_at_once(backend: DbBackend) -> usize {
    match backend {
        DbBackend::Sqlite => 500,
        _ => 16_000,
    }
}

/// `INSERT INTO table (columns) VALUES …` for some rows, each of as many values as there are columns.
pub(crate) fn insert(table: &str, columns: &[&str], rows: Vec<Vec<Value>>, end: &str) -> (String, Vec<Value>) {
    let mut sql = Sql::new(&format!("INSERT INTO {table} ({}) VALUES ", columns.join(", ")));
    for (number, row) in rows.into_iter().enumerate() {
        debug_assert_eq!(row.len(), columns.len(), "{table}");
        sql.push(if number == 0 { "(" } else { ", (" });
        for (place, value) in row.into_iter().enumerate() {
            if place > 0 {
                sql.push(", ");
            }
            sql.bind(value);
        }
        sql.push(")");
    }
    sql.push(end);
    sql.into_parts()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_values_grow_together() {
        let mut sql = Sql::new("SELECT a FROM t");
        sql.is("a = ", 5_i64).is_maybe("b < ", None::<i64>).is("c > ", 7_i64).push(" LIMIT ").bind(1_i64);
        let (text, values) = sql.into_parts();
        assert_eq!(text, "SELECT a FROM t WHERE a = $1 AND c > $2 LIMIT $3");
        assert_eq!(values.len(), 3);
    }

    #[test]
    fn rows_are_numbered_through() {
        let rows = vec![vec![1_i64.into(), 2_i64.into()], vec![3_i64.into(), 4_i64.into()]];
        let (text, values) = insert("t", &["a", "b"], rows, " ON CONFLICT DO NOTHING");
        assert_eq!(text, "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
        assert_eq!(values.len(), 4);
    }
}
