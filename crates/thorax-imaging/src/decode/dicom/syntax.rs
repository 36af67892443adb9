//! Transfer syntaxes: how the data set is encoded and how its pixels are compressed (PS3.5, PS3.6 annex A).

use super::element::Encoding;
use crate::decode::DecodeError;

/// How pixels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    /// As they are.
    Native,
    /// PS3.5 annex G.
    Rle,
    /// Lossy or lossless ISO 10918; the stream itself says which.
    Jpeg,
    /// ISO 15444-1.
    Jpeg2000,
}

/// A transfer syntax that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    pub name: &'static str,
    pub encoding: Encoding,
    pub deflated: bool,
    pub storage: Storage,
}

impl Syntax {
    const fn new(name: &'static str, encoding: Encoding, storage: Storage) -> Self {
        Self { name, encoding, deflated: false, storage }
    }

    /// What an encoding without file meta information implies: pixels as they are.
    pub(super) const fn bare(encoding: Encoding) -> Self {
        let name = match encoding {
            Encoding::IMPLICIT_LITTLE => "implicit little endian",
            Encoding::EXPLICIT_BIG => "explicit big endian",
            _ => "explicit little endian",
        };
        Self::new(name, encoding, Storage::Native)
    }

    /// The transfer syntax of a UID, or its refusal by name.
    pub(super) fn of(uid: &str) -> Result<Self, DecodeError> {
        use Encoding as E;
        use Storage::{Jpeg, Jpeg2000, Rle};
        let encapsulated = |name, storage| Ok(Self::new(name, E::EXPLICIT_LITTLE, storage));
        match uid {
            "1.2.840.10008.1.2" => Ok(Self::bare(E::IMPLICIT_LITTLE)),
            "1.2.840.10008.1.2.1" => Ok(Self::bare(E::EXPLICIT_LITTLE)),
            "1.2.840.10008.1.2.2" => Ok(Self::bare(E::EXPLICIT_BIG)),
            "1.2.840.10008.1.2.1.99" => {
                Ok(Self { name: "deflated explicit little endian", deflated: true, ..Self::bare(E::EXPLICIT_LITTLE) })
            }
            "1.2.840.10008.1.2.5" => encapsulated("RLE lossless", Rle),
            "1.2.840.10008.1.2.4.50" => encapsulated("JPEG baseline", Jpeg),
            "1.2.840.10008.1.2.4.51" => encapsulated("JPEG extended", Jpeg),
            "1.2.840.10008.1.2.4.57" => encapsulated("JPEG lossless", Jpeg),
            "1.2.840.10008.1.2.4.70" => encapsulated("JPEG lossless, first-order prediction", Jpeg),
            "1.2.840.10008.1.2.4.90" => encapsulated("JPEG 2000 lossless", Jpeg2000),
            "1.2.840.10008.1.2.4.91" => encapsulated("JPEG 2000", Jpeg2000),
            _ => Err(refusal(uid)),
        }
    }
}

const RE_SEND: &str =
    "ask the sending system for explicit little endian, or for JPEG 2000 lossless where files must be small";

/// Names of the syntaxes that are known and not read, by UID after the common root.
const REFUSED: &[(&str, &str)] = &[
    (".1.98", "encapsulated uncompressed DICOM"),
    (".4.80", "JPEG-LS lossless"),
    (".4.81", "JPEG-LS near-lossless"),
    (".4.92", "JPEG 2000 part 2 lossless"),
    (".4.93", "JPEG 2000 part 2"),
    (".4.94", "JPIP"),
    (".4.95", "JPIP deflated"),
    (".4.100", "MPEG-2 video"),
    (".4.101", "MPEG-2 video"),
    (".4.102", "MPEG-4 video"),
    (".4.103", "MPEG-4 video"),
    (".4.104", "MPEG-4 video"),
    (".4.105", "MPEG-4 video"),
    (".4.106", "MPEG-4 video"),
    (".4.107", "HEVC video"),
    (".4.108", "HEVC video"),
    (".4.110", "JPEG XL lossless"),
    (".4.111", "JPEG XL recompressed JPEG"),
    (".4.112", "JPEG XL"),
    (".4.201", "High-Throughput JPEG 2000 lossless"),
    (".4.202", "High-Throughput JPEG 2000 lossless"),
    (".4.203", "High-Throughput JPEG 2000"),
    (".8.1", "deflated image frame compression"),
];

fn refusal(uid: &str) -> DecodeError {
    // A UID is digits and dots; anything else is not repeated.
    if uid.is_empty() || uid.len() > 64 || !uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return DecodeError::dicom("its transfer syntax is not a UID");
    }
    let known =
        uid.strip_prefix("1.2.840.10008.1.2").and_then(|tail| REFUSED.iter().find(|(suffix, _)| *suffix == tail));
    let name = known.map_or("a private or retired transfer syntax", |(_, name)| name);
    DecodeError::unsupported(format!("{name} ({uid})"), RE_SEND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_it_refuses() {
        for (uid, name) in [
            ("1.2.840.10008.1.2.4.80", "JPEG-LS"),
            ("1.2.840.10008.1.2.4.202", "High-Throughput"),
            ("1.2.840.10008.1.2.4.103", "MPEG-4"),
            ("1.2.3", "private"),
        ] {
            let text = Syntax::of(uid).unwrap_err().to_string();
            assert!(text.contains(name) && text.contains(uid), "{text}");
        }
        assert!(!Syntax::of("Doe^Jane").unwrap_err().to_string().contains("Doe"));
    }
}
