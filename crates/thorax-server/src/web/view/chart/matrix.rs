//! A table whose cells are shaded by how much is in them: confusion matrices, agreement of each two.

use super::{Drawing, place};
use crate::web::view::Html;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// 0 to 1: how dark. None is drawn empty.
    pub share: Option<f64>,
    /// What stands in it.
    pub text: String,
}

/// Cells row by row under their names. `down` and `across` say what rows and columns are.
pub fn matrix(title: &str, (down, across): (&str, &str), names: (&[String], &[String]), cells: &[Vec<Cell>]) -> Html {
    const LEFT: f64 = 150.0;
    const TOP: f64 = 66.0;
    const WIDTH: f64 = 84.0;
    const HEIGHT: f64 = 40.0;
    let (rows, columns) = names;
    let size = (LEFT + WIDTH * place(columns.len()), TOP + HEIGHT * place(rows.len()));
    let description = format!("Rows: {down}. Columns: {across}.");
    let mut drawing = Drawing::new("chart", size, title, &description);
    drawing.words("words small end", (LEFT - 10.0, TOP - 10.0), &format!("{down} ↓"));
    drawing.words("words small middle", (LEFT + WIDTH * place(columns.len()) / 2.0, 14.0), &format!("{across} →"));
    for (index, name) in columns.iter().enumerate() {
        let middle = LEFT + WIDTH * (place(index) + 0.5);
        for (line, words) in in_two(name, 13).iter().rev().enumerate() {
            drawing.words("words small middle", (middle, TOP - 10.0 - 15.0 * place(line)), words);
        }
    }
    for (row, name) in rows.iter().enumerate() {
        let top = TOP + HEIGHT * place(row);
        drawing.words("words end", (LEFT - 10.0, top + HEIGHT / 2.0 + 5.0), &shortened(name, 19));
        for (column, cell) in cells.get(row).into_iter().flatten().enumerate() {
            let left = LEFT + WIDTH * place(column);
            let shade = shade(cell.share);
            let hint =
                format!("{down} {name}, {across} {}: {}", columns.get(column).map_or("", |name| name), cell.text);
            let class = format!("cell shade-{shade}");
            drawing.rectangle(&class, (left + 1.0, top + 1.0), (WIDTH - 2.0, HEIGHT - 2.0), &hint);
            let words = if shade >= 6 { "words middle on-dark" } else { "words middle" };
            drawing.words(words, (left + WIDTH / 2.0, top + HEIGHT / 2.0 + 5.0), &cell.text);
        }
    }
    Html(drawing.done())
}

/// One of eleven shades, which `app.css` colours for each theme.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 10")]
fn shade(share: Option<f64>) -> u8 {
    share.map_or(0, |share| (share.clamp(0.0, 1.0) * 10.0).round() as u8)
}

/// A long name on two lines, broken at a space or behind a hyphen where it has one.
fn in_two(name: &str, most: usize) -> Vec<String> {
    if name.chars().count() <= most {
        return vec![name.to_owned()];
    }
    let breaks = name.match_indices([' ', '-']).map(|(at, _)| at + 1);
    match breaks.min_by_key(|at| at.abs_diff(name.len() / 2)) {
        Some(at) => [&name[..at], &name[at..]].map(|line| shortened(line.trim_end(), most)).to_vec(),
        None => vec![shortened(name, most)],
    }
}

fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most { name.to_owned() } else { name.chars().take(most - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::in_two;

    #[test]
    fn a_long_name_is_broken_where_it_may_be() {
        for (name, lines) in [
            ("Normal", vec!["Normal"]),
            ("Viral Pneumonia", vec!["Viral", "Pneumonia"]),
            ("EfficientNet-Lite0", vec!["EfficientNet-", "Lite0"]),
            ("Incomprehensible", vec!["Incomprehens…"]),
        ] {
            assert_eq!(in_two(name, 13), lines, "{name}");
        }
    }
}
