//! Search by the beginnings of words: names and numbers are kept as words in small letters, and a search is a range of them.

use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use uuid::Uuid;

use crate::db::{Store, execute, int};
use crate::error::Result;
use crate::sql::{Sql, insert};

/// Words that a search looks at; more are ignored.
const MOST: usize = 5;
/// Characters of a word that are kept.
const LONGEST: usize = 64;

/// Whose words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    table: &'static str,
    owner: &'static str,
}

pub(crate) const USERS: Words = Words { table: "user_words", owner: "user_id" };
pub(crate) const PATIENTS: Words = Words { table: "patient_words", owner: "patient_id" };

/// The words of a text, each once.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> =
        text.to_lowercase().split(apart).map(|word| word.chars().take(LONGEST).collect()).collect();
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    words
}

fn apart(one: char) -> bool {
    one.is_whitespace() || one.is_control()
}

/// The first text after all that begin with `word`.
fn after(word: &str) -> String {
    format!("{word}\u{10FFFF}")
}

impl Words {
    /// Rows for an INSERT: the words of `text` for one owner.
    pub(crate) fn rows(text: &str, owner: Uuid) -> Vec<Vec<Value>> {
        words(text).into_iter().map(|word| vec![word.into(), owner.into()]).collect()
    }

    pub(crate) fn columns(self) -> [&'static str; 2] {
        ["word", self.owner]
    }

    /// Makes the words of `text` those of one owner, in place of any before.
    pub(crate) async fn keep(self, transaction: &DatabaseTransaction, text: &str, owner: Uuid) -> Result<()> {
        let (table, column) = (self.table, self.owner);
        execute(transaction, &format!("DELETE FROM {table} WHERE {column} = $1"), [owner.into()]).await?;
        let rows = Self::rows(text, owner);
        if !rows.is_empty() {
            let (sql, values) = insert(table, &self.columns(), rows, "");
            execute(transaction, &sql, values).await?;
        }
        Ok(())
    }

    /// Adds a sub-select of the owners that a search finds; `false` where the search is empty and nothing was added. (`IS TRUE`
    /// has the databases find all owners of a word once and then look each up, rather than look for each again.)
    pub(crate) fn select(self, sql: &mut Sql, search: &str) -> bool {
        let mut wanted = words(search);
        // The longest word finds the fewest.
        wanted.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        wanted.truncate(MOST);
        let Some((first, others)) = wanted.split_first() else { return false };
        let Self { table, owner } = self;
        sql.push(&format!("SELECT DISTINCT w.{owner} FROM {table} w WHERE w.word >= ")).bind(first.as_str());
        sql.push(" AND w.word < ").bind(after(first));
        for word in others {
            sql.push(&format!(" AND (w.{owner} IN (SELECT o.{owner} FROM {table} o WHERE o.word >= "));
            sql.bind(word.as_str()).push(" AND o.word < ").bind(after(word)).push(")) IS TRUE");
        }
        true
    }
}

/// What a search for patients found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is no search.
    All,
    /// These.
    Few(Vec<Uuid>),
    /// More than that.
    Many,
}

/// Owners that a search may find for a list to be made of theirs; where there are more, the list is looked through for them.
const FEW: usize = 300;

#[derive(FromQueryResult)]
struct Owner {
    owner: Uuid,
}

impl Found {
    pub(crate) fn nothing(&self) -> bool {
        *self == Self::Few(Vec::new())
    }

    /// Adds that `column` is one of those found by `search`.
    pub(crate) fn condition(&self, sql: &mut Sql, column: &str, search: &str) {
        match self {
            Self::All => {}
            Self::Few(found) => {
                sql.condition(column).push(" IN (");
                // As many values as the next power of two: few different statements for the databases to remember.
                for place in 0..found.len().next_power_of_two() {
                    sql.push(if place == 0 { "" } else { ", " });
                    sql.bind(found.get(place).or(found.last()).copied());
                }
                sql.push(")");
            }
            Self::Many => {
                sql.condition("(").push(column).push(" IN (");
                PATIENTS.select(sql, search);
                sql.push(")) IS TRUE");
            }
        }
    }
}

/// Which patients a search finds; one statement, none without a search.
pub(crate) async fn patients(store: &Store, search: &str) -> Result<Found> {
    let mut inner = Sql::new("SELECT f.patient_id AS owner FROM (");
    if !PATIENTS.select(&mut inner, search) {
        return Ok(Found::All);
    }
    inner.push(" LIMIT ").bind(int(FEW as u64 + 1)).push(") f");
    let (text, values) = inner.into_parts();
    let mut found: Vec<Uuid> = store.all::<Owner>(&text, values).await?.into_iter().map(|row| row.owner).collect();
    found.sort_unstable();
    Ok(if found.len() > FEW { Found::Many } else { Found::Few(found) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_small_and_each_once() {
        assert_eq!(words("Anna MÜLLER  anna R-17"), ["anna", "müller", "r-17"]);
        assert!(words("  ").is_empty());
        assert!(words(&"x".repeat(100))[0].len() == 64);
    }

    #[test]
    fn an_empty_search_adds_nothing() {
        let mut sql = Sql::new("");
        assert!(!PATIENTS.select(&mut sql, " "));
        assert_eq!(sql.clone().into_parts().0, "");
        assert!(PATIENTS.select(&mut sql, "an mü"));
        assert!(sql.into_parts().0.contains("IS TRUE"));
    }
}
