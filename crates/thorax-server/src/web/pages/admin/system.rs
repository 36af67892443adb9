//! The system: whether everything works, the bundle, memory.

use axum::response::Response;
use thorax_domain::clock::Timestamp;
use thorax_inference::analyzer::Analyzer;
use thorax_store::DatabaseKind;
use thorax_store::jobs::QueueDepth;

use crate::app::{App, NetworkState, PROGRAM};
use crate::web::pages::visit::{Visit, moment, page as answer};
use crate::web::view::{Check, Health, Memory, NetworkRow, SystemPage};
use crate::web::{AppState, WebError};

/// A job that waits this long is a sign that too little work is done.
const LONG_WAIT: std::time::Duration = std::time::Duration::from_mins(10);

/// `GET /admin/system`
pub async fn page(visit: Visit) -> Result<Response, WebError> {
    let app = &visit.app;
    let depth = app.store.jobs().depth().await?;
    let checks = checks(app, &depth).await;
    let analyzer = app.networks.analyzer();
    let manifest = analyzer.as_ref().map(|analyzer| analyzer.bundle().manifest());
    let said = |text: Option<&String>| text.cloned().unwrap_or_else(|| "not open here".to_owned());
    let facts = vec![
        ("Program".to_owned(), PROGRAM.to_owned()),
        ("Workers in this process".to_owned(), app.work.workers(crate::app::cores()).to_string()),
        ("X-rays that may wait".to_owned(), app.web.queue.to_string()),
        ("Labels".to_owned(), manifest.map_or_else(String::new, |one| one.labels.join(", "))),
        ("Made".to_owned(), said(manifest.map(|one| &one.created))),
    ];
    let page = SystemPage {
        frame: visit.frame("System", "/admin/system").await?,
        checks,
        bundle: said(manifest.map(|one| &one.id)),
        bundle_sha256: analyzer.as_ref().map_or_else(String::new, |one| one.bundle().hash().to_owned()),
        bundle_licence: said(manifest.map(|one| &one.licence)),
        engine: analyzer.as_ref().map_or_else(String::new, |one| {
            let engine = one.engine();
            format!("{} {}", engine.name, engine.version)
        }),
        networks: analyzer.as_deref().map(networks).unwrap_or_default(),
        memory: memory(analyzer.as_deref()),
        database: database(app).to_owned(),
        cache: app.cache.kind().to_owned(),
        kept_bytes: None,
        started: moment(app.started),
        facts,
    };
    answer(&page)
}

fn networks(analyzer: &Analyzer) -> Vec<NetworkRow> {
    let report = analyzer.memory();
    let identities = analyzer.networks();
    let row = |(index, network): (usize, &thorax_inference::bundle::Network)| NetworkRow {
        name: network.name.clone(),
        title: network.title.clone(),
        parameters: network.parameters,
        bytes: report.footprints.get(index).copied().unwrap_or(0),
        loaded: report.resident.get(index).copied().unwrap_or(false),
        sha256: network.sha256.clone(),
        precision: identities[index].precision,
    };
    analyzer.bundle().networks().iter().enumerate().map(row).collect()
}

fn memory(analyzer: Option<&Analyzer>) -> Memory {
    let report = analyzer.map(Analyzer::memory);
    Memory {
        resident: crate::app::resident(),
        peak: report.as_ref().and_then(|report| report.process_peak),
        networks: report.as_ref().map_or(0, |report| report.accounted),
        budget: report.and_then(|report| report.budget).unwrap_or(0),
    }
}

fn database(app: &App) -> &'static str {
    match app.store.kind() {
        DatabaseKind::Sqlite => "SQLite",
        DatabaseKind::PostgreSql => "PostgreSQL",
    }
}

/// Whether everything works.
pub async fn checks(app: &AppState, depth: &QueueDepth) -> Vec<Check> {
    let check = |name: &str, health, message: String| Check { name: name.to_owned(), health, message };
    let database = match app.store.ping().await {
        Ok(()) => check("Database", Health::Good, format!("{} answers.", database(app))),
        Err(_) => check("Database", Health::Bad, "It does not answer; the log says why.".to_owned()),
    };
    let networks = match app.networks.state() {
        NetworkState::Ready(analyzer) => {
            let number = analyzer.bundle().networks().len();
            check("Networks", Health::Good, format!("{number} networks, proved against their golden values."))
        }
        NetworkState::Opening => check("Networks", Health::Warning, "They are being opened and proved.".to_owned()),
        NetworkState::Elsewhere => {
            check("Networks", Health::Good, "This process reads nothing; `thorax work` does.".to_owned())
        }
        NetworkState::Refused(_) => {
            check("Networks", Health::Bad, "The bundle or the engine is refused; the log says why.".to_owned())
        }
    };
    vec![database, networks, queue(app, depth, app.clock.now()), dead(depth)]
}

fn queue(app: &App, depth: &QueueDepth, now: Timestamp) -> Check {
    let name = "Queue".to_owned();
    let waits = depth.oldest.map(|oldest| now.since(oldest)).unwrap_or_default();
    let (health, message) = if depth.queued >= app.web.queue {
        (Health::Bad, format!("Full: {} X-rays wait, and further ones are refused. Start more workers.", depth.queued))
    } else if waits > LONG_WAIT {
        let minutes = waits.as_secs() / 60;
        (Health::Warning, format!("{} wait, the oldest for {minutes} minutes. Is a worker running?", depth.queued))
    } else {
        (Health::Good, format!("{} wait, {} are being read.", depth.queued, depth.leased))
    };
    Check { name, health, message }
}

fn dead(depth: &QueueDepth) -> Check {
    let (health, message) = match depth.dead {
        0 => (Health::Good, "None.".to_owned()),
        number => {
            (Health::Warning, format!("{number}. Look at them under Jobs; try them again when the cause is gone."))
        }
    };
    Check { name: "Dead jobs".to_owned(), health, message }
}
