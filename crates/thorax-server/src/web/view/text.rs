//! Numbers and words as people read them. Templates hand everything over by reference, so these take references.
#![expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand everything over by reference")]

use thorax_domain::prediction::Diagnosis;

use super::Html;
pub use super::icons::icon;

/// `71.8 %`.
#[must_use]
pub fn percent(share: &f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `1,234,567`.
#[must_use]
pub fn thousands(number: &u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 MiB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn bytes(number: &u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = *number as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit < UNITS.len() - 1 {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{number} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// `363 ms`, `1.24 s`.
#[must_use]
pub fn milliseconds(number: &f64) -> String {
    match *number {
        short if short < 10.0 => format!("{short:.1} ms"),
        middling if middling < 1000.0 => format!("{middling:.0} ms"),
        long => format!("{:.2} s", long / 1000.0),
    }
}

/// A number that was measured, with as many digits as help: `0.034`, `12.8`, `183`.
#[must_use]
pub fn measured(number: &f64) -> String {
    let digits = match number.abs() {
        small if small < 1.0 => 3,
        middling if middling < 100.0 => 1,
        _ => 0,
    };
    format!("{number:.digits$}")
}

/// The first twelve characters of a hash, which tell it apart.
#[must_use]
pub fn short_hash(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// A diagnosis's class in `app.css`: its colour, the same everywhere.
#[must_use]
pub const fn diagnosis_class(diagnosis: &Diagnosis) -> &'static str {
    match diagnosis {
        Diagnosis::Covid => "dx-covid",
        Diagnosis::LungOpacity => "dx-opacity",
        Diagnosis::Normal => "dx-normal",
        Diagnosis::ViralPneumonia => "dx-viral",
    }
}

/// The four diagnoses, in the order in which numbers come.
#[must_use]
pub const fn diagnoses() -> [Diagnosis; 4] {
    Diagnosis::ALL
}

/// The word for `F`, `M`, `O`, `U`.
#[must_use]
pub fn sex(letter: &str) -> &'static str {
    match letter {
        "F" => "female",
        "M" => "male",
        "O" => "other",
        _ => "not known",
    }
}

/// How many networks agree, drawn and in figures.
#[must_use]
pub fn agreement(agree: &u64, voted: &u64) -> Html {
    let mark = |index: u64| if index < *agree { r#"<i class="on"></i>"# } else { "<i></i>" };
    let marks: String = (0..*voted).map(mark).collect();
    let drawn = format!(r#"<span class="agree" aria-hidden="true">{marks}</span>"#);
    Html(format!(r#"<span class="nowrap">{drawn} {agree}/{voted}</span>"#))
}

/// The class of a tag for the state of a job or an event.
#[must_use]
pub fn state_class(state: &str) -> &'static str {
    match state {
        "done" | "completed" | "allowed" | "accepted" => "success",
        "leased" | "running" => "info",
        "queued" | "pending" | "unsure" | "refused" | "duplicate" => "warning",
        "dead" | "failed" | "denied" => "danger",
        _ => "plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(percent(&0.718), "71.8 %");
        assert_eq!([0, 999, 1000, 1_234_567].map(|one| thousands(&one)), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1023, 1024, 5_000_000].map(|one| bytes(&one)), ["0 B", "1023 B", "1.0 KiB", "4.8 MiB"]);
        assert_eq!([0.44, 362.9, 1240.0].map(|one| milliseconds(&one)), ["0.4 ms", "363 ms", "1.24 s"]);
        assert_eq!([0.0341, 12.83, 183.2].map(|one| measured(&one)), ["0.034", "12.8", "183"]);
        assert_eq!(short_hash("0123456789abcdef"), "0123456789ab");
        assert_eq!(short_hash("ä"), "ä");
    }
}
