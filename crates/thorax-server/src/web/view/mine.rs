//! What a patient sees: own results, in plain language, after a doctor has settled them.

use super::text;
use askama::Template;
use thorax_domain::prediction::Diagnosis;

use super::{Frame, Moment, Pager};

/// `GET /my`.
#[derive(Debug, Clone, Template)]
#[template(path = "my.html")]
pub struct MyResultsPage {
    /// Around the page.
    pub frame: Frame,
    /// Released results, newest first.
    pub results: Vec<MyResult>,
    /// X-rays whose result no doctor has released yet.
    pub in_review: u64,
    /// Where in the list.
    pub pager: Pager,
}

/// `GET /xrays/{id}` for the patient whose X-ray it is, after release.
#[derive(Debug, Clone, Template)]
#[template(path = "my_result.html")]
pub struct MyResultPage {
    /// Around the page.
    pub frame: Frame,
    /// The result.
    pub result: MyResult,
}

/// One released result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyResult {
    /// For the address.
    pub xray_id: String,
    /// When the X-ray came in.
    pub taken: Moment,
    /// When the doctor settled it.
    pub released: Moment,
    /// Who.
    pub doctor: String,
    /// The label that stands: the doctor's.
    pub label: Diagnosis,
    /// What the doctor wrote.
    pub notes: String,
    /// Whether the doctor changed what the program had said.
    pub corrected: bool,
    /// Columns and rows of the film.
    pub size: (u32, u32),
}

impl MyResult {
    /// The label in plain words.
    #[must_use]
    pub const fn plain(&self) -> &'static str {
        match self.label {
            Diagnosis::Covid => "Changes that fit COVID-19",
            Diagnosis::LungOpacity => "An opacity in the lung",
            Diagnosis::Normal => "No sign of pneumonia",
            Diagnosis::ViralPneumonia => "Changes that fit a viral pneumonia",
        }
    }

    /// What that means, in plain words.
    #[must_use]
    pub const fn meaning(&self) -> &'static str {
        match self.label {
            Diagnosis::Covid => {
                "Your doctor saw changes in your lungs that fit COVID-19. An X-ray alone cannot prove an infection; \
                 your doctor will tell you which tests and which treatment come next."
            }
            Diagnosis::LungOpacity => {
                "A part of your lung looks denser than it should. There are many causes, most of them treatable; \
                 an X-ray alone does not tell which. Your doctor will explain what comes next."
            }
            Diagnosis::Normal => {
                "Your doctor saw no sign of pneumonia on this X-ray. An early illness may not show yet: \
                 talk to your doctor if you feel unwell or get worse."
            }
            Diagnosis::ViralPneumonia => {
                "Your doctor saw changes in your lungs that fit a pneumonia caused by a virus other than COVID-19. \
                 Your doctor will tell you which tests and which treatment come next."
            }
        }
    }
}
