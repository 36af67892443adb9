//! Which compressed variant a browser takes, by `Accept-Encoding` with its weights (RFC 9110, 12.5.3).

use axum::http::{HeaderMap, header};

/// A compressed variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Brotli.
    Brotli,
    /// Gzip.
    Gzip,
}

impl Encoding {
    /// In `Content-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// In `ETag`: another variant is another representation.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
        }
    }
}

/// The variant that is liked best, of those there are; none where the plain one is liked better or nothing else is there.
pub fn choose(
    headers: &HeaderMap,
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
) -> Option<(Option<Encoding>, &'static [u8])> {
    let accepted: Vec<(String, f32)> = headers.get_all(header::ACCEPT_ENCODING).iter().flat_map(weights).collect();
    let weight = |name: &str| {
        let given = |name: &str| accepted.iter().find(|(one, _)| one == name).map(|(_, weight)| *weight);
        given(name).or_else(|| given("*"))
    };
    let plain = weight("identity").unwrap_or(f32::MIN_POSITIVE);
    [(Encoding::Brotli, brotli), (Encoding::Gzip, gzip)]
        .into_iter()
        .filter_map(|(encoding, content)| Some((encoding, content?, weight(encoding.name())?)))
        .filter(|(_, _, weight)| *weight > 0.0 && *weight >= plain)
        // Of equals the first: brotli is smaller.
        .reduce(|best, one| if one.2 > best.2 { one } else { best })
        .map(|(encoding, content, _)| (Some(encoding), content))
}

fn weights(value: &axum::http::HeaderValue) -> Vec<(String, f32)> {
    let text = value.to_str().unwrap_or_default();
    let weight = |parameters: &str| {
        let given = parameters.split(';').find_map(|one| one.trim().strip_prefix("q=").map(str::to_owned));
        given.map_or(1.0, |number| number.parse().unwrap_or(0.0))
    };
    let pair = |part: &str| {
        let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
        (name.trim().to_ascii_lowercase(), weight(parameters))
    };
    text.split(',').map(pair).filter(|(name, _)| !name.is_empty()).collect()
}
