//! Counts over time: one column per step, the diagnoses stacked in it.

use thorax_domain::prediction::Diagnosis;

use super::{Drawing, axis, length, place};
use crate::web::view::text;
use crate::web::view::{Day, Html};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 58.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 12.0;
/// What a day needs under its column.
const LABEL: f64 = 72.0;
/// More columns than this cannot be told apart: neighbouring days are added up.
const MOST_COLUMNS: usize = 60;

/// Predictions over time, oldest first. Many days are drawn several to a column.
pub fn series(title: &str, description: &str, days: &[Day]) -> Html {
    let columns = columns(days);
    let most = columns.iter().map(|column| column.counts.iter().sum()).max().unwrap_or(0);
    let (top, step) = axis::marks(most);
    let (room, height) = (WIDTH - LEFT, HEIGHT - TOP - BOTTOM);
    let rise = |count: u64| height * length(count) / length(top);
    let mut drawing = Drawing::new("chart", (WIDTH, HEIGHT), title, description);
    let mut mark = 0;
    while mark <= top {
        let y = TOP + height - rise(mark);
        drawing.line("grid", (LEFT, y), (WIDTH, y));
        drawing.words("words small end", (LEFT - 8.0, y + 4.0), &text::thousands(&mark));
        mark += step;
    }
    let pitch = room / place(columns.len().max(1));
    let labelled = columns.len().div_ceil(6).max(1);
    for (index, column) in columns.iter().enumerate() {
        let x = LEFT + pitch * place(index);
        let mut y = TOP + height;
        for (one, count) in Diagnosis::ALL.into_iter().zip(column.counts).filter(|(_, count)| *count > 0) {
            y -= rise(count);
            let class = format!("fill {}", text::diagnosis_class(&one));
            let hint = format!("{}: {} {one}", column.name, text::thousands(&count));
            drawing.rectangle(&class, (x + pitch * 0.1, y), (pitch * 0.8, rise(count)), &hint);
        }
        if index % labelled == 0 && x + LABEL < WIDTH {
            drawing.words("words small start", (x + pitch * 0.1, HEIGHT - 8.0), &column.first);
        }
    }
    Html(drawing.done())
}

/// One column: one day or several.
struct Column {
    first: String,
    name: String,
    counts: [u64; 4],
}

fn columns(days: &[Day]) -> Vec<Column> {
    let together = days.len().div_ceil(MOST_COLUMNS).max(1);
    let column = |days: &[Day]| {
        let (first, last) = (&days[0].day, &days[days.len() - 1].day);
        let name = if first == last { first.clone() } else { format!("{first} to {last}") };
        let counts = std::array::from_fn(|class| days.iter().map(|day| day.counts[class]).sum());
        Column { first: first.clone(), name, counts }
    };
    days.chunks(together).map(column).collect()
}
