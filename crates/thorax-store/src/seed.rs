//! Made-up rows for showing and measuring: patients with X-rays, predictions with six opinions, and reviews, as plausible as
//! numbers can be. No blobs: the X-rays of these rows cannot be looked at.

mod people;
mod reading;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, Value};
use std::time::Duration;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::UserId;
use thorax_domain::user::Role;
use uuid::Uuid;

use crate::copy::{TABLES, Table};
use crate::db::{Store, execute};
use crate::error::{Result, StoreError};
use crate::sql::{insert, values_at_once};
use crate::tallies::Difference;

/// Predictions of one transaction.
const BATCH: u64 = 20_000;
/// How far back the rows go.
const YEARS: u64 = 3;

/// How much is made up.
#[derive(Debug, Clone, Copy)]
pub struct Seed {
    /// How many predictions; about a fifth as many patients.
    pub predictions: u64,
    /// The same number makes the same rows.
    pub number: u64,
    /// The newest is made just before; they go back three years.
    pub now: Timestamp,
}

/// Rows of one transaction, table by table in the order in which they are written.
#[derive(Default)]
struct Rows {
    patients: Vec<Vec<Value>>,
    patient_words: Vec<Vec<Value>>,
    xray_images: Vec<Vec<Value>>,
    predictions: Vec<Vec<Value>>,
    prediction_details: Vec<Vec<Value>>,
    model_scores: Vec<Vec<Value>>,
    reviews: Vec<Vec<Value>>,
}

/// What the generator remembers from row to row.
struct Generator {
    random: StdRng,
    doctors: Vec<UserId>,
    patients: Vec<people::Known>,
    first_record: u64,
    provenance: String,
}

impl Store {
    /// Adds made-up patients, X-rays (without blobs), predictions with six opinions each, and reviews, oldest first. `report`
    /// is told how many predictions are there after each transaction. Reviews are signed by the doctors that there are.
    ///
    /// # Errors
    /// [`StoreError::Gone`] where there is no doctor or admin who could have signed; else of the database.
    pub async fn seed(&self, seed: Seed, mut report: impl FnMut(u64) + Send) -> Result<()> {
        let mut generator = self.generator(seed).await?;
        let span = Duration::from_secs(YEARS * 365 * 86_400);
        let start = seed.now.minus(span);
        let mut done = 0;
        while done < seed.predictions {
            let end = (done + BATCH).min(seed.predictions);
            let mut rows = Rows::default();
            let mut difference = Difference::default();
            for number in done..end {
                let share = u32::try_from(number * 1_000_000 / seed.predictions.max(1)).unwrap_or(0);
                let at = start.plus(span / 1_000_000 * share).plus(Duration::from_micros(number % 997));
                // The last week awaits review, and now and then an older one.
                let recent = at.plus(Duration::from_hours(7 * 24)) > seed.now;
                generator.reading(&mut rows, &mut difference, at, recent)?;
            }
            let transaction = self.begin().await?;
            rows.write(&transaction).await?;
            difference.apply(&transaction).await?;
            transaction.commit().await?;
            done = end;
            report(done);
        }
        self.optimize().await
    }

    async fn generator(&self, seed: Seed) -> Result<Generator> {
        #[derive(sea_orm::FromQueryResult)]
        struct Id {
            id: Uuid,
        }
        let sql = "SELECT id FROM users WHERE role = $1 AND is_active IS TRUE ORDER BY created_at, id LIMIT 20";
        let mut doctors = self.all::<Id>(sql, [Role::Doctor.word().into()]).await?;
        if doctors.is_empty() {
            doctors = self.all::<Id>(sql, [Role::Admin.word().into()]).await?;
        }
        if doctors.is_empty() {
            return Err(StoreError::Gone("a doctor who could sign"));
        }
        let first_record = self.number("SELECT COUNT(*) FROM patients", []).await?;
        let (provenance, body) = reading::provenance()?;
        let transaction = self.begin().await?;
        let sql = "INSERT INTO provenances (id, body) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
        execute(&transaction, sql, [provenance.as_str().into(), body.into()]).await?;
        transaction.commit().await?;
        Ok(Generator {
            random: StdRng::seed_from_u64(seed.number),
            doctors: doctors.into_iter().map(|row| UserId::from_uuid(row.id)).collect(),
            patients: Vec::new(),
            first_record,
            provenance,
        })
    }
}

impl Generator {
    /// A UUID of version 7 made at `at`, from this generator's own chance.
    fn id(&mut self, at: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(at.micros() / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.random.random()).into_uuid()
    }

    fn chance(&mut self) -> f64 {
        self.random.random()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.random.random_range(0..of.len())]
    }
}

impl Rows {
    async fn write(self, transaction: &DatabaseTransaction) -> Result<()> {
        let tables = [
            ("patients", self.patients),
            ("patient_words", self.patient_words),
            ("xray_images", self.xray_images),
            ("predictions", self.predictions),
            ("prediction_details", self.prediction_details),
            ("model_scores", self.model_scores),
            ("reviews", self.reviews),
        ];
        for (name, rows) in tables {
            let Some(table) = TABLES.iter().find(|table| table.name == name) else { continue };
            write(transaction, table, rows).await?;
        }
        Ok(())
    }
}

async fn write(transaction: &DatabaseTransaction, table: &Table, mut rows: Vec<Vec<Value>>) -> Result<()> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let at_once = values_at_once(transaction.get_database_backend()) / columns.len();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(at_once));
        let (sql, values) = insert(table.name, &columns, std::mem::replace(&mut rows, rest), "");
        execute(transaction, &sql, values).await?;
    }
    Ok(())
}
