//! The checks, and what they mean.

use super::super::{Check, Checks};
use super::{estimate, table};

pub fn section(checks: Option<&Checks>) -> String {
    let Some(checks) = checks else {
        return "## What else is read than lungs\n\nSkipped.".to_owned();
    };
    let row = |name: &str, check: &Check| {
        let films =
            if check.unread == 0 { check.films.to_string() } else { format!("{} ({} not)", check.films, check.unread) };
        [name.to_owned(), films, estimate(check.covid_auroc), estimate(check.covid_auroc_uncovered)]
    };
    let mut rows = vec![row("only the outer border of 6 %", &checks.border_only)];
    rows.extend(checks.lungs_covered.as_ref().map(|check| row("lungs covered", check)));
    let lungs = match checks.lungs_covered {
        Some(_) => {
            "Lungs are covered where the bundle sees them with a probability above 0.5. What it does not see, as in lungs \
            that are white with disease, stays and may be read, and so may the outline of what is covered."
        }
        None => "The bundle has no locator, so that the lungs could not be covered.",
    };
    let words = "The same films, read once more with a part covered by one even grey, the gate overridden. Hardly any lung \
        is left, so that an area near 0.5 is what one wants; a high one says that the networks read something else than \
        lungs: the border, letters, the outline, how a hospital takes and stores films. Then the figures above are worth \
        less on films from elsewhere.";
    let grey = "The even grey is the mean of the film, or of what is left of it, and so still tells how light a film is; where \
        the recipe cuts off the border, that is all that the first check leaves.";
    let table = table(&["what is left", "films", "AUROC of COVID", "AUROC of the same films, uncovered"], rows);
    format!("## What else is read than lungs\n\n{words}\n\n{grey}\n\n{table}\n\n{lungs}")
}
