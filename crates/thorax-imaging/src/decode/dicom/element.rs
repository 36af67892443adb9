//! Data elements, one after the other, over the bytes of a data set (PS3.5 section 7).

use crate::decode::{Container, DecodeError};

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    explicit: bool,
    big_endian: bool,
}

impl Encoding {
    pub(super) const IMPLICIT_LITTLE: Self = Self { explicit: false, big_endian: false };
    pub(super) const EXPLICIT_LITTLE: Self = Self { explicit: true, big_endian: false };
    pub(super) const EXPLICIT_BIG: Self = Self { explicit: true, big_endian: true };

    pub(super) const fn is_big(self) -> bool {
        self.big_endian
    }

    pub(super) const fn word(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    const fn long(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Group and element number in one.
pub(super) type Tag = u32;
pub(super) const PIXEL_DATA: Tag = 0x7FE0_0010;
pub(super) const ITEM: Tag = 0xFFFE_E000;
const ITEM_END: Tag = 0xFFFE_E00D;
const SEQUENCE_END: Tag = 0xFFFE_E0DD;
const UNDEFINED: u32 = u32::MAX;

/// Nothing that a radiograph carries nests deeper than a handful.
const DEEPEST: usize = 32;

const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Dicom };

/// One element; its value still lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub tag: Tag,
    pub vr: Option<[u8; 2]>,
    pub value: &'a [u8],
    pub encoding: Encoding,
    /// Whether the length was left open, as encapsulated pixel data and some sequences do.
    pub open: bool,
}

impl<'a> Element<'a> {
    /// The elements of the first item, if this is a sequence that has one.
    pub(super) fn first_item(&self) -> Result<Option<Elements<'a>>, DecodeError> {
        if self.value.is_empty() {
            return Ok(None);
        }
        let head = Head::read(self.value, self.encoding)?;
        if head.tag != ITEM {
            return Err(DecodeError::dicom("a sequence does not begin with an item"));
        }
        let body = &self.value[head.size..];
        let content = if head.length == UNDEFINED {
            &body[..open_end(body, self.encoding, true)?.0]
        } else {
            body.get(..head.length as usize).ok_or(TRUNCATED)?
        };
        Ok(Some(Elements::new(content, self.encoding)))
    }
}

/// Tag, representation and length in front of a value.
struct Head {
    tag: Tag,
    vr: Option<[u8; 2]>,
    length: u32,
    size: usize,
}

impl Head {
    fn read(bytes: &[u8], encoding: Encoding) -> Result<Self, DecodeError> {
        let (&[g0, g1, e0, e1, a, b, c, d], rest) = bytes.split_first_chunk::<8>().ok_or(TRUNCATED)?;
        let tag = (u32::from(encoding.word([g0, g1])) << 16) | u32::from(encoding.word([e0, e1]));
        // Items have no representation in any encoding. A representation that is no pair of capitals is an implicit
        // element that some writers leave inside an explicit data set.
        let implicit = !encoding.explicit || tag >> 16 == 0xFFFE || !(a.is_ascii_uppercase() && b.is_ascii_uppercase());
        if implicit {
            return Ok(Self { tag, vr: None, length: encoding.long([a, b, c, d]), size: 8 });
        }
        let vr = Some([a, b]);
        let is_long = matches!(
            &[a, b],
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV"
        );
        if is_long {
            let length = rest.first_chunk::<4>().ok_or(TRUNCATED)?;
            return Ok(Self { tag, vr, length: encoding.long(*length), size: 12 });
        }
        Ok(Self { tag, vr, length: u32::from(encoding.word([c, d])), size: 8 })
    }

    /// Encoding of what an open value of this element contains (PS3.5 6.2.2, note on UN).
    fn inner(&self, outer: Encoding) -> Encoding {
        match self.vr {
            Some([b'U', b'N']) => Encoding::IMPLICIT_LITTLE,
            _ => outer,
        }
    }
}

/// Walks the elements of a data set or an item, in file order, without descending into sequences.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    encoding: Encoding,
}

impl<'a> Elements<'a> {
    pub(super) const fn new(bytes: &'a [u8], encoding: Encoding) -> Self {
        Self { rest: bytes, encoding }
    }

    /// What has not been walked yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn step(&mut self) -> Result<Element<'a>, DecodeError> {
        let head = Head::read(self.rest, self.encoding)?;
        let body = &self.rest[head.size..];
        let inner = head.inner(self.encoding);
        let open = head.length == UNDEFINED;
        let (value, rest) = if open && head.tag == PIXEL_DATA {
            // Fragments; `fragments.rs` finds their end, and nothing after them is wanted.
            (body, &body[body.len()..])
        } else if open {
            let (content, after) = open_end(body, inner, false)?;
            (&body[..content], &body[after..])
        } else {
            body.split_at_checked(head.length as usize).ok_or(TRUNCATED)?
        };
        self.rest = rest;
        Ok(Element { tag: head.tag, vr: head.vr, value, encoding: inner, open })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        // Some writers pad a file with zeros to a block size.
        if self.rest.iter().all(|&byte| byte == 0) && self.rest.len() < 8 || self.rest.is_empty() {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.rest = &[];
        }
        Some(step)
    }
}

/// Where the content of an open sequence (or item) ends, and where its delimiter does. Iterative: a file cannot make it
/// use more than [`DEEPEST`] entries, however deeply it nests.
fn open_end(bytes: &[u8], encoding: Encoding, is_item: bool) -> Result<(usize, usize), DecodeError> {
    let mut open = vec![(is_item, encoding)];
    let mut at = 0;
    loop {
        let &(in_item, encoding) = open.last().ok_or(UNBALANCED)?;
        let head = Head::read(&bytes[at..], encoding)?;
        let start = at;
        at += head.size;
        match (head.tag, in_item) {
            (ITEM_END, true) | (SEQUENCE_END, false) => {
                open.pop();
                if open.is_empty() {
                    return Ok((start, at));
                }
            }
            (ITEM_END | SEQUENCE_END, _) | (ITEM, true) => return Err(UNBALANCED),
            _ if !in_item && head.tag != ITEM => return Err(UNBALANCED),
            _ if head.length == UNDEFINED => {
                if open.len() == DEEPEST {
                    return Err(DecodeError::dicom("its sequences are nested too deeply"));
                }
                open.push((!in_item, head.inner(encoding)));
            }
            _ => {
                at = at.checked_add(head.length as usize).ok_or(TRUNCATED)?;
                if at > bytes.len() {
                    return Err(TRUNCATED);
                }
            }
        }
    }
}

const UNBALANCED: DecodeError = DecodeError::dicom("its sequences and items do not match");

#[cfg(test)]
mod tests {
    use super::*;

    const LE: Encoding = Encoding::EXPLICIT_LITTLE;

    #[test]
    fn walks_explicit_implicit_and_big_endian() {
        let cases: [(&[u8], Encoding); 4] = [
            (b"\x28\0\x10\0US\x02\0\x05\0", LE),
            (b"\x28\0\x10\0\x02\0\0\0\x05\0", Encoding::IMPLICIT_LITTLE),
            (b"\0\x28\0\x10US\0\x02\0\x05", Encoding::EXPLICIT_BIG),
            (b"\x28\0\x10\0\x02\0\0\0\x05\0", LE),
        ];
        for (bytes, encoding) in cases {
            let element = Elements::new(bytes, encoding).next().unwrap().unwrap();
            assert_eq!(element.tag, 0x0028_0010);
            assert_eq!(element.encoding.word([element.value[0], element.value[1]]), 5);
        }
    }

    #[test]
    fn skips_open_sequences_however_they_are_closed() {
        let bytes = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\
            \xfe\xff\0\xe0\xff\xff\xff\xff\x08\0\x50\0SH\x02\0ab\xfe\xff\x0d\xe0\0\0\0\0\
            \xfe\xff\0\xe0\x0a\0\0\0\x08\0\x50\0SH\x02\0cd\
            \xfe\xff\xdd\xe0\0\0\0\0\
            \x28\0\x10\0US\x02\0\x05\0";
        let elements: Vec<_> = Elements::new(bytes, LE).map(Result::unwrap).collect();
        assert_eq!(elements.len(), 2);
        assert_eq!(elements[1].value, [5, 0]);
        let mut item = elements[0].first_item().unwrap().unwrap();
        assert_eq!(item.next().unwrap().unwrap().value, b"ab");
        assert!(item.next().is_none());
    }

    #[test]
    fn refuses_nesting_and_lengths_that_lie() {
        let mut deep = Vec::new();
        for _ in 0..10_000 {
            deep.extend(b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff");
        }
        let cases: [(&[u8], bool); 4] = [
            (&deep, false),
            (b"\x28\0\x10\0US\xff\0\x05\0", true),
            (b"\x28\0\x10\0OB\0\0\xfe\xff\xff\xff\x05\0", true),
            (b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x0d\xe0\0\0\0\0", false),
        ];
        for (bytes, truncated) in cases {
            let mut elements = Elements::new(bytes, LE);
            let error = elements.next().unwrap().unwrap_err();
            assert_eq!(matches!(error, DecodeError::Truncated { .. }), truncated, "{error}");
            assert!(elements.next().is_none());
        }
    }
}
