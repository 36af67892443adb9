//! DICOM files made in memory, well formed or not.

/// A data set of explicit little endian elements, in order of their tags.
#[derive(Debug, Clone)]
pub struct Dicom {
    elements: Vec<(u32, [u8; 2], Vec<u8>)>,
    syntax: &'static str,
}

pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";

impl Dicom {
    /// A grey picture of 4 × 3 pixels, 12 bits, the values 0 to 11.
    pub fn film() -> Self {
        Self { elements: Vec::new(), syntax: EXPLICIT }
            .text(0x0008_0060, "CS", "DX")
            .word(0x0028_0002, 1)
            .text(0x0028_0004, "CS", "MONOCHROME2")
            .word(0x0028_0010, 3)
            .word(0x0028_0011, 4)
            .word(0x0028_0100, 16)
            .word(0x0028_0101, 12)
            .word(0x0028_0102, 11)
            .word(0x0028_0103, 0)
            .words(0x7FE0_0010, "OW", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    }

    pub fn syntax(mut self, uid: &'static str) -> Self {
        self.syntax = uid;
        self
    }

    /// Sets or replaces an element.
    pub fn raw(mut self, tag: u32, vr: &str, value: &[u8]) -> Self {
        self = self.without(tag);
        let at = self.elements.partition_point(|element| element.0 < tag);
        self.elements.insert(at, (tag, vr.as_bytes().try_into().unwrap(), value.to_vec()));
        self
    }

    pub fn without(mut self, tag: u32) -> Self {
        self.elements.retain(|element| element.0 != tag);
        self
    }

    pub fn word(self, tag: u32, value: u16) -> Self {
        self.raw(tag, "US", &value.to_le_bytes())
    }

    pub fn words(self, tag: u32, vr: &str, values: &[u16]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.raw(tag, vr, &bytes)
    }

    pub fn text(self, tag: u32, vr: &str, value: &str) -> Self {
        self.raw(tag, vr, format!("{value:<width$}", width = value.len().next_multiple_of(2)).as_bytes())
    }

    /// Encapsulated pixel data of these fragments, after an empty offset table.
    pub fn fragments(self, fragments: &[&[u8]]) -> Self {
        let mut value = item(&[]);
        for fragment in fragments {
            value.extend(item(fragment));
        }
        value.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
        self.raw(0x7FE0_0010, "**", &value)
    }

    /// The data set without preamble and meta information.
    pub fn data_set(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, vr, value) in &self.elements {
            // A marker for "OB of undefined length".
            let (vr, length) = match vr {
                b"**" => (b"OB", u32::MAX),
                _ => (vr, u32::try_from(value.len()).unwrap()),
            };
            bytes.extend(u16::try_from(tag >> 16).unwrap().to_le_bytes());
            bytes.extend(u16::try_from(tag & 0xFFFF).unwrap().to_le_bytes());
            bytes.extend(vr);
            if matches!(vr, b"OB" | b"OW" | b"SQ" | b"UN") {
                bytes.extend([0, 0]);
                bytes.extend(length.to_le_bytes());
            } else {
                bytes.extend(u16::try_from(length).unwrap().to_le_bytes());
            }
            bytes.extend(value);
        }
        bytes
    }

    pub fn bytes(&self) -> Vec<u8> {
        part_10(self.syntax, &self.data_set())
    }
}

/// A sequence item of defined length.
pub fn item(value: &[u8]) -> Vec<u8> {
    let mut bytes = b"\xfe\xff\0\xe0".to_vec();
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(value);
    bytes
}

/// A file of PS3.10 around a data set.
pub fn part_10(syntax: &str, data_set: &[u8]) -> Vec<u8> {
    let syntax = format!("{syntax:\0<width$}", width = syntax.len().next_multiple_of(2));
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM\x02\0\x10\0UI");
    bytes.extend(u16::try_from(syntax.len()).unwrap().to_le_bytes());
    bytes.extend(syntax.as_bytes());
    bytes.extend(data_set);
    bytes
}
