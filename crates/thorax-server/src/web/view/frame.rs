//! What surrounds every page: who is signed in, the navigation, the theme, messages, and the words under every result.

use std::fmt;

use askama::Template;

use super::text;

use crate::web::assets::Assets;

/// Stands in every page before `</body>`; the debug toolbar replaces it, in production it stays an empty comment.
pub const TOOLBAR_SLOT: &str = "<!-- toolbar -->";

/// Around every page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Title of the page, without the program's name. Never a person's name: titles land in histories.
    pub title: String,
    /// Where in the navigation this page is: the link's path, as `/worklist`.
    pub section: &'static str,
    /// Who is signed in.
    pub user: Option<SignedIn>,
    /// Dark, light, or as the system says.
    pub theme: Theme,
    /// Shown at the foot of the page, for questions to the operator.
    pub request_id: String,
    /// The rendered [`Sidebar`], from its cache; empty where nobody is signed in.
    pub sidebar: Html,
    /// What happened just before: "Saved.".
    pub flashes: Vec<Flash>,
    /// Where static files are.
    pub assets: Assets,
}

impl Frame {
    /// The sidebar with the current page marked; the cached fragment knows nothing of the page it stands in.
    #[must_use]
    pub fn navigation(&self) -> Html {
        let link = format!("href=\"{}\"", self.section);
        Html(self.sidebar.0.replacen(&link, &format!("{link} aria-current=\"page\""), 1))
    }

    /// The constant line under every result.
    #[must_use]
    pub fn notice(&self) -> &'static str {
        thorax_domain::DECISION_SUPPORT
    }

    /// The version at the foot of the page.
    #[must_use]
    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Whether the signed-in person may do what doctors do.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.role != Role::Patient)
    }
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The name to sign in with.
    pub username: String,
    /// The name to be called by.
    pub full_name: String,
    /// What the person may do.
    pub role: Role,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs the site, and sees what a doctor sees.
    Admin,
    /// Uploads, reads, reviews.
    Doctor,
    /// Sees own results after validation.
    Patient,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Doctor, Self::Patient];

    /// For forms and addresses.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Doctor => "doctor",
            Self::Patient => "patient",
        }
    }

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Admin => "Administrator",
            Self::Doctor => "Doctor",
            Self::Patient => "Patient",
        }
    }
}

/// Dark or light. Read from the cookie `theme`, which `static/js/theme.js` and `POST /theme` write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says (`prefers-color-scheme`).
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The theme that a cookie's value names; anything unknown is the system's.
    #[must_use]
    pub fn from_cookie(value: Option<&str>) -> Self {
        match value {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// The value of `data-bs-theme`, and of the cookie.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// One message at the top of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// How it went.
    pub kind: FlashKind,
    /// What happened, in a sentence.
    pub text: String,
}

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashKind {
    /// Well.
    Success,
    /// With something to bear in mind.
    Warning,
    /// Not at all.
    Danger,
    /// For information.
    Info,
}

impl FlashKind {
    /// Bootstrap's word for it.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Danger => "danger",
            Self::Info => "info",
        }
    }
}

/// HTML that a template of ours rendered: written out as it is. Never made from anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(pub String);

impl fmt::Display for Html {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// A point in time, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    iso: String,
}

impl Moment {
    /// From RFC 3339 in UTC, as `2026-11-23T14:05:06.123456Z`.
    pub fn new(rfc3339: impl Into<String>) -> Self {
        Self { iso: rfc3339.into() }
    }

    /// For `<time datetime>`.
    #[must_use]
    pub fn iso(&self) -> &str {
        &self.iso
    }

    /// `2026-11-23 14:05`.
    #[must_use]
    pub fn text(&self) -> String {
        self.iso.get(..16).unwrap_or(&self.iso).replacen('T', " ", 1)
    }

    /// `2026-11-23`.
    #[must_use]
    pub fn day(&self) -> &str {
        self.iso.get(..10).unwrap_or(&self.iso)
    }
}

/// The navigation, cached 900 seconds per user: `GET /fragments/sidebar`.
#[derive(Debug, Clone, Template)]
#[template(path = "fragments/sidebar.html")]
pub struct Sidebar {
    /// Whose navigation.
    pub user: SignedIn,
    /// Predictions that wait for a review; none for patients.
    pub awaiting: Option<u64>,
}
