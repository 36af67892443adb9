//! From one database to another, as when a hospital moves from SQLite to PostgreSQL.

mod tables;

use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use crate::db::{DatabaseKind, Store, execute, int};
use crate::error::{Result, StoreError};
use crate::sql::{Sql, insert, values_at_once};
pub(crate) use tables::{Kind, TABLES, Table};

/// Statements of one transaction.
const STATEMENTS: usize = 50;

/// One table that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
}

/// Names of all tables with their columns, as they are copied.
#[doc(hidden)]
#[must_use]
pub fn copied_columns() -> Vec<(&'static str, Vec<&'static str>)> {
    TABLES.iter().map(|table| (table.name, table.columns.iter().map(|(name, _)| *name).collect())).collect()
}

impl Store {
    /// Copies every row of every table into `target`, which must be empty, and compares the counts. Nothing may write to
    /// either meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Copy`] where a count differs or the target is not empty.
    pub async fn copy_to(&self, target: &Self, mut report: impl FnMut(&Copied) + Send) -> Result<Vec<Copied>> {
        for table in TABLES {
            let found = target.rows_of(table).await?;
            if found > 0 {
                return Err(StoreError::Copy { table: table.name, source_rows: 0, copied: found });
            }
        }
        let mut all = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            copy_table(self, target, table).await?;
            let (source_rows, copied) = (self.rows_of(table).await?, target.rows_of(table).await?);
            if source_rows != copied {
                return Err(StoreError::Copy { table: table.name, source_rows, copied });
            }
            let copied = Copied { table: table.name, rows: copied };
            report(&copied);
            all.push(copied);
        }
        target.continue_numbers().await?;
        target.optimize().await?;
        Ok(all)
    }

    async fn rows_of(&self, table: &Table) -> Result<u64> {
        self.number(&format!("SELECT COUNT(*) FROM {}", table.name), []).await
    }

    /// PostgreSQL counts audit events by itself, and goes on after those that were copied.
    async fn continue_numbers(&self) -> Result<()> {
        if self.kind() == DatabaseKind::PostgreSql {
            let sql = "SELECT setval(pg_get_serial_sequence('audit_events', 'seq'), \
                       (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit_events), FALSE)";
            self.writer().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}

async fn copy_table(source: &Store, target: &Store, table: &Table) -> Result<()> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let rows_at_once = values_at_once(target.backend()) / columns.len();
    let mut after: Option<Vec<Value>> = None;
    loop {
        let transaction = target.begin().await?;
        for _ in 0..STATEMENTS {
            let rows = read(source, table, after.as_deref(), rows_at_once).await?;
            let Some(last) = rows.last() else {
                return Ok(transaction.commit().await?);
            };
            let place = |name: &&str| table.columns.iter().position(|(column, _)| column == name);
            after = Some(table.key.iter().filter_map(place).map(|place| last[place].clone()).collect());
            let (sql, values) = insert(table.name, &columns, rows, "");
            execute(&transaction, &sql, values).await?;
        }
        transaction.commit().await?;
    }
}

/// Rows in the order of the primary key, after the one last read.
async fn read(store: &Store, table: &Table, after: Option<&[Value]>, limit: usize) -> Result<Vec<Vec<Value>>> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let key = table.key.join(", ");
    let mut sql = Sql::new(&format!("SELECT {} FROM {}", columns.join(", "), table.name));
    if let Some(after) = after {
        sql.condition(&format!("({key}) > ("));
        for (place, value) in after.iter().enumerate() {
            sql.push(if place == 0 { "" } else { ", " }).bind(value.clone());
        }
        sql.push(")");
    }
    sql.push(&format!(" ORDER BY {key} LIMIT ")).bind(int(limit as u64));
    let (text, values) = sql.into_parts();
    let rows = store.reader().query_all_raw(store.statement(&text, values)).await?;
    rows.iter().map(|row| table.columns.iter().map(|(name, kind)| value(row, name, *kind)).collect()).collect()
}

fn value(row: &QueryResult, name: &str, kind: Kind) -> Result<Value> {
    Ok(match kind {
        Kind::Id => row.try_get::<Option<Uuid>>("", name)?.into(),
        Kind::Text => row.try_get::<Option<String>>("", name)?.into(),
        Kind::Big => row.try_get::<Option<i64>>("", name)?.into(),
        Kind::Int => row.try_get::<Option<i32>>("", name)?.into(),
        Kind::Bool => row.try_get::<Option<bool>>("", name)?.into(),
        Kind::Real => row.try_get::<Option<f64>>("", name)?.into(),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>>("", name)?.into(),
    })
}
