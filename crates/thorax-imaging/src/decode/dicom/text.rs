//! Values written as text (PS3.5 6.2: AS, CS, DS, IS, UI).

/// More values than any attribute read here has.
const MOST_VALUES: usize = 64;

/// The first of the values, without padding; nothing if it is empty or not ASCII.
pub(super) fn first(value: &[u8]) -> Option<&str> {
    let first = value.split(|&byte| byte == b'\\').next()?;
    let text = std::str::from_utf8(first).ok()?;
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty() && text.is_ascii()).then_some(text)
}

/// All values as finite numbers; nothing if one of them is none. No values if the text is blank.
pub(super) fn numbers(value: &[u8]) -> Option<Vec<f64>> {
    let text = std::str::from_utf8(value).ok()?;
    let text = text.trim_matches([' ', '\0']);
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split('\\')
        .take(MOST_VALUES)
        .map(|number| {
            let number: f64 = number.trim_matches([' ', '\0']).parse().ok()?;
            number.is_finite().then_some(number)
        })
        .collect()
}

/// A code string of at most sixteen capitals, digits, spaces and underscores; nothing else is repeated to anybody.
pub(super) fn code(text: &str) -> Option<String> {
    let is_code =
        text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'_'));
    (text.len() <= 16 && is_code).then(|| text.to_owned())
}

/// An age string in whole years.
pub(super) fn years(text: &str) -> Option<u16> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u16 = digits.parse().ok()?;
    match unit {
        "Y" => Some(count),
        "M" => Some(count / 12),
        "W" => Some(count / 52),
        "D" => Some(count / 365),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ages() {
        for (text, age) in [
            ("018Y", Some(18)),
            ("023M", Some(1)),
            ("051W", Some(0)),
            ("400D", Some(1)),
            ("18Y", None),
            ("+18Y", None),
            ("018y", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(years(text), age, "{text}");
        }
    }

    #[test]
    fn reads_numbers_and_codes() {
        assert_eq!(numbers(b" 1.5\\-2e3 "), Some(vec![1.5, -2000.0]));
        assert_eq!(numbers(b"  "), Some(Vec::new()));
        for bad in [b"1,5".as_slice(), b"NaN", b"1\\", b"inf", b"\xff"] {
            assert_eq!(numbers(bad), None);
        }
        assert_eq!(first(b"PA \\LL"), Some("PA"));
        assert_eq!(first(b"\\LL"), None);
        assert_eq!(code("PA"), Some("PA".to_owned()));
        assert_eq!(code("Doe^Jane"), None);
    }
}
