//! The statistics page: numbers, and the charts drawn from them.

mod drawn;

use super::text;
use askama::Template;
use thorax_domain::prediction::Diagnosis;

use super::{ConfusionMatrix, Frame, Html, Moment};

/// `GET /statistics`: the frame around a body that is cached 15 minutes per role and tag.
#[derive(Debug, Clone, Template)]
#[template(path = "statistics.html")]
pub struct StatisticsPage {
    /// Around the page.
    pub frame: Frame,
    /// The rendered [`StatisticsBody`].
    pub body: Html,
}

/// What the statistics say, the same for everyone of a role.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "fragments/statistics_body.html")]
pub struct StatisticsBody {
    /// All predictions.
    pub total: u64,
    /// Those that say COVID.
    pub covid: u64,
    /// Those that say Normal.
    pub normal: u64,
    /// Those that wait for a review.
    pub awaiting: u64,
    /// Those that are inconclusive.
    pub inconclusive: u64,
    /// Mean confidence.
    pub avg_confidence: Option<f64>,
    /// One for each diagnosis, in the order of `Diagnosis::ALL`.
    pub diagnoses: Vec<DiagnosisCount>,
    /// Predictions a day, oldest first; days without any may be left out.
    pub days: Vec<Day>,
    /// How often each two networks name the same diagnosis.
    pub networks: NetworkAgreement,
    /// Doctor against consensus first, then against each network.
    pub readers: Vec<Reader>,
    /// When this was counted.
    pub computed: Moment,
}

/// One diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnosisCount {
    /// Which.
    pub diagnosis: Diagnosis,
    /// How many predictions say so.
    pub predictions: u64,
    /// How sure on average.
    pub avg_confidence: Option<f64>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Predictions, in the order of `Diagnosis::ALL`.
    pub counts: [u64; 4],
}

/// How often each two networks name the same diagnosis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetworkAgreement {
    /// The networks.
    pub names: Vec<String>,
    /// Share of predictions, 0 to 1, row by row; none where nothing was compared.
    pub shares: Vec<Vec<Option<f64>>>,
    /// Predictions that were compared.
    pub over: u64,
}

/// One reader whose word is compared with the doctors'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// `consensus`, or the network's name.
    pub key: String,
    /// For people.
    pub title: String,
    /// What it said against what the doctors said.
    pub matrix: ConfusionMatrix,
}
