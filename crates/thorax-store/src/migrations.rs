//! The tables, step by step. One text for both databases: `dialect` gives the few words in which they differ.
//! `migrations/README.md` says how a step is added.

mod dialect;
mod m0001_people;
mod m0002_xrays;
mod m0003_predictions;
mod m0004_jobs;
mod m0005_tallies;
mod m0006_audit;

use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait, sea_orm::ConnectionTrait, sea_orm::DbErr,
};

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Step { name: "m0001_people", statements: m0001_people::STATEMENTS }),
            Box::new(Step { name: "m0002_xrays", statements: m0002_xrays::STATEMENTS }),
            Box::new(Step { name: "m0003_predictions", statements: m0003_predictions::STATEMENTS }),
            Box::new(Step { name: "m0004_jobs", statements: m0004_jobs::STATEMENTS }),
            Box::new(Step { name: "m0005_tallies", statements: m0005_tallies::STATEMENTS }),
            Box::new(Step { name: "m0006_audit", statements: m0006_audit::STATEMENTS }),
        ]
    }
}

/// One step: statements in the words of `dialect`.
struct Step {
    name: &'static str,
    statements: &'static [&'static str],
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.statements {
            if let Some(sql) = dialect::speak(manager.get_database_backend(), statement) {
                manager.get_connection().execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }
}
