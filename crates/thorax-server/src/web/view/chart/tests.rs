//! What every chart keeps to: a name, no style, nothing that breaks out of the drawing, coordinates inside it.

use super::*;
use crate::drawing::number;
use crate::web::view::{Day, Html, Interval};

fn bar(label: &str, value: f64) -> Bar {
    Bar { label: label.to_owned(), value, text: number(value), class: "dx-covid" }
}

/// The numbers of an attribute, wherever it stands.
fn values(svg: &str, attribute: &str) -> Vec<f64> {
    let start = format!(" {attribute}=\"");
    svg.split(&start).skip(1).map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
}

fn samples() -> Vec<Html> {
    let day = |number: usize| Day { day: format!("2026-01-{number:02}"), counts: [1, 2, place_count(number), 0] };
    let days: Vec<Day> = (1..=31).map(day).collect();
    let names = vec!["<b>".to_owned(), "A network with a long name".to_owned()];
    let cell = |share: f64| Cell { share: Some(share), text: number(share) };
    vec![
        bars("Predictions", "By diagnosis.", &[bar("COVID", 3.0), bar("a < b & \"c\"", 0.0)], None),
        bars("Nothing", "", &[], None),
        stacked(&[0.1, 0.2, 0.7, 0.0]),
        series("Over time", "", &days),
        series("Nothing yet", "", &[]),
        matrix("Who says what", ("network", "doctor"), (&names, &names), &[vec![cell(1.0), cell(0.0)], vec![]]),
        whiskers(
            "Sensitivity",
            "",
            &[
                Whisker { label: "COVID".to_owned(), interval: Interval::wilson(9, 10), class: "dx-covid" },
                Whisker { label: "Normal".to_owned(), interval: None, class: "dx-normal" },
            ],
        ),
    ]
}

fn place_count(number: usize) -> u64 {
    u64::try_from(number).unwrap() * 7
}

#[test]
fn charts_have_a_name_and_neither_style_nor_script() {
    for Html(svg) in samples() {
        assert!(svg.starts_with("<svg class=\"chart") && svg.ends_with("</svg>"), "{svg}");
        assert!(svg.contains("role=\"img\"><title>"), "{svg}");
        for forbidden in ["style=", "<style", "<script", " onload", "<b>", "NaN", "inf"] {
            assert!(!svg.contains(forbidden), "{forbidden} in {svg}");
        }
    }
}

#[test]
fn nothing_is_drawn_outside() {
    for Html(svg) in samples() {
        let size = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split('"').next().unwrap();
        let (width, height) = size.split_once(' ').unwrap();
        let (width, height): (f64, f64) = (width.parse().unwrap(), height.parse().unwrap());
        for attribute in ["x", "cx", "x1", "x2", "width"] {
            assert!(values(&svg, attribute).iter().all(|value| (-0.01..=width + 0.01).contains(value)), "{svg}");
        }
        for attribute in ["y", "cy", "y1", "y2", "height"] {
            assert!(values(&svg, attribute).iter().all(|value| (-0.01..=height + 0.01).contains(value)), "{svg}");
        }
    }
}

#[test]
fn the_longest_bar_fills_the_room_and_an_empty_one_none() {
    let Html(svg) = bars("t", "", &[bar("a", 4.0), bar("b", 1.0), bar("c", 0.0)], None);
    assert_eq!(values(&svg, "width"), [280.0, 280.0, 280.0, 70.0, 280.0, 0.0]);
}

#[test]
fn a_year_is_drawn_in_at_most_sixty_columns_and_nothing_is_lost() {
    let days: Vec<Day> = (0..365).map(|number| Day { day: format!("day {number:03}"), counts: [1, 0, 0, 0] }).collect();
    let Html(svg) = series("t", "", &days);
    assert_eq!(svg.matches("fill dx-covid").count(), 53);
    assert!(svg.contains("day 000 to day 006: 7 COVID"), "{svg}");
}

#[test]
fn cells_are_shaded_by_their_share() {
    let names = vec!["one".to_owned(), "two".to_owned()];
    let cell = |share| Cell { share, text: String::new() };
    let Html(svg) =
        matrix("t", ("d", "a"), (&names, &names), &[vec![cell(Some(0.0)), cell(Some(0.94))], vec![cell(None)]]);
    assert!(svg.contains("shade-0") && svg.contains("shade-9"), "{svg}");
}
