//! What every handler is given.

use std::sync::Arc;

use crate::app::App;

/// The services of the program, shared by every request.
pub type AppState = Arc<App>;
