//! What the segments between the scans say: components, tables, restarts, colour.

use super::frame::Frame;
use super::huffman::{Class, INVALID, Table};
use crate::decode::DecodeError;

/// Places in a block in zigzag order, as row × 8 + column.
pub(super) const NATURAL: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

const BAD_QUANTISERS: DecodeError = DecodeError::jpeg("its quantisation tables are invalid");
const BAD_SCAN: DecodeError = DecodeError::jpeg("a scan header is invalid");

/// A component of the frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    id: u8,
    /// Blocks a unit from left to right, 1 to 4.
    pub across: usize,
    /// Blocks a unit from top to bottom, 1 to 4.
    pub down: usize,
    quantiser: usize,
}

/// A component's part in a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Which component of the frame.
    pub component: usize,
    dc: usize,
    ac: usize,
}

/// The header of a scan. In a sequential file only the parts matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    /// Components in it.
    pub parts: Vec<Part>,
    /// First coefficient.
    pub first: usize,
    /// Last coefficient.
    pub last: usize,
    /// Bits cut off each coefficient before this scan, 0 if it is the first.
    pub high: u32,
    /// Bits cut off each coefficient after this scan.
    pub low: u32,
}

/// The state of a stream at one of its scans.
#[derive(Debug)]
pub(super) struct Headers {
    pub frame: Frame,
    pub components: Vec<Component>,
    /// Units between two restart markers; 0 for one stretch.
    pub restart: usize,
    quantisers: [Option<[u16; 64]>; 4],
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    jfif: bool,
    adobe: Option<u8>,
}

impl Headers {
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            frame,
            components: Vec::new(),
            restart: 0,
            quantisers: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            jfif: false,
            adobe: None,
        }
    }

    /// Takes up any segment other than a scan's.
    pub(super) fn segment(&mut self, marker: u8, segment: &[u8]) -> Result<(), DecodeError> {
        match marker {
            0xC0..=0xC2 => self.frame_header(segment),
            0xC4 => self.huffman_tables(segment),
            0xDB => self.quantisers(segment),
            0xDD => {
                let interval = segment.try_into().map_err(|_| DecodeError::jpeg("its restart interval is invalid"))?;
                self.restart = usize::from(u16::from_be_bytes(interval));
                Ok(())
            }
            0xE0 => {
                self.jfif |= segment.starts_with(b"JFIF\0");
                Ok(())
            }
            0xEE => {
                if let [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..] = *segment {
                    self.adobe = Some(transform);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn frame_header(&mut self, segment: &[u8]) -> Result<(), DecodeError> {
        if !self.components.is_empty() {
            return Err(DecodeError::jpeg("it has two frame headers"));
        }
        let (sampling, _) = segment.get(6..).unwrap_or_default().as_chunks::<3>();
        for &[id, factors, quantiser] in sampling {
            let (across, down) = (usize::from(factors >> 4), usize::from(factors & 15));
            let valid = (1..=4).contains(&across) && (1..=4).contains(&down) && quantiser < 4;
            if !valid || self.components.iter().any(|earlier| earlier.id == id) {
                return Err(DecodeError::jpeg("its frame header is invalid"));
            }
            self.components.push(Component { id, across, down, quantiser: usize::from(quantiser) });
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut segment: &[u8]) -> Result<(), DecodeError> {
        while let Some((&place, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(INVALID)?;
            let length = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(length).ok_or(INVALID)?;
            let (class, tables) = match place >> 4 {
                0 => (Class::Dc, &mut self.dc),
                1 => (Class::Ac, &mut self.ac),
                _ => return Err(INVALID),
            };
            let table = tables.get_mut(usize::from(place & 15)).ok_or(INVALID)?;
            *table = Some(Table::new(class, counts, symbols)?);
            segment = rest;
        }
        Ok(())
    }

    fn quantisers(&mut self, mut segment: &[u8]) -> Result<(), DecodeError> {
        while let Some((&place, rest)) = segment.split_first() {
            let size = 64 << (place >> 4);
            let (values, rest) = rest.split_at_checked(size).filter(|_| place >> 4 < 2).ok_or(BAD_QUANTISERS)?;
            let mut steps = [0; 64];
            if size == 64 {
                for (step, &value) in steps.iter_mut().zip(values) {
                    *step = u16::from(value);
                }
            } else {
                for (step, value) in steps.iter_mut().zip(values.as_chunks::<2>().0) {
                    *step = u16::from_be_bytes(*value);
                }
            }
            if steps.contains(&0) {
                return Err(BAD_QUANTISERS);
            }
            *self.quantisers.get_mut(usize::from(place & 15)).ok_or(BAD_QUANTISERS)? = Some(steps);
            segment = rest;
        }
        Ok(())
    }

    /// Reads a scan's header.
    pub(super) fn scan(&self, segment: &[u8]) -> Result<Scan, DecodeError> {
        let (&count, rest) = segment.split_first().ok_or(BAD_SCAN)?;
        let (selectors, rest) = rest.split_at_checked(usize::from(count) * 2).ok_or(BAD_SCAN)?;
        let &[first, last, bits] = rest else { return Err(BAD_SCAN) };
        let mut parts: Vec<Part> = Vec::new();
        for &[id, tables] in selectors.as_chunks::<2>().0 {
            let component = self.components.iter().position(|component| component.id == id).ok_or(BAD_SCAN)?;
            if parts.iter().any(|earlier| earlier.component == component) {
                return Err(BAD_SCAN);
            }
            parts.push(Part { component, dc: usize::from(tables >> 4), ac: usize::from(tables & 15) });
        }
        let blocks: usize = parts.iter().map(|part| self.component(*part)).map(|part| part.across * part.down).sum();
        if parts.is_empty() || (parts.len() > 1 && blocks > 10) {
            return Err(BAD_SCAN);
        }
        let (first, last) = (usize::from(first), usize::from(last));
        Ok(Scan { parts, first, last, high: u32::from(bits >> 4), low: u32::from(bits & 15) })
    }

    /// The component of a part.
    pub(super) fn component(&self, part: Part) -> Component {
        self.components[part.component]
    }

    /// The part's table for means.
    pub(super) fn dc(&self, part: Part) -> Result<&Table, DecodeError> {
        self.dc.get(part.dc).and_then(Option::as_ref).ok_or(INVALID)
    }

    /// The part's table for waves.
    pub(super) fn ac(&self, part: Part) -> Result<&Table, DecodeError> {
        self.ac.get(part.ac).and_then(Option::as_ref).ok_or(INVALID)
    }

    /// The steps of a component's coefficients, in zigzag order.
    pub(super) fn steps(&self, component: usize) -> Result<[i32; 64], DecodeError> {
        let steps = self.quantisers[self.components[component].quantiser].ok_or(BAD_QUANTISERS)?;
        Ok(steps.map(i32::from))
    }

    /// Whether three components are red, green and blue, told as the IJG's library tells it.
    pub(super) fn is_rgb(&self) -> bool {
        let ids: Vec<u8> = self.components.iter().map(|component| component.id).collect();
        match (self.jfif, self.adobe) {
            _ if ids.len() != 3 => false,
            (true, _) => false,
            (_, Some(transform)) => transform == 0,
            _ => ids == *b"RGB",
        }
    }

    /// Units of a scan from left to right and from top to bottom: of one component, its own blocks; of several, squares.
    pub(super) fn units(&self, scan: &Scan) -> (usize, usize) {
        let [only] = scan.parts[..] else { return self.squares() };
        let (only, (across, down)) = (self.component(only), self.finest());
        let (width, height) = (usize::from(self.frame.width), usize::from(self.frame.height));
        ((width * only.across).div_ceil(across).div_ceil(8), (height * only.down).div_ceil(down).div_ceil(8))
    }

    /// The smallest squares in which every component has whole blocks, from left to right and from top to bottom.
    pub(super) fn squares(&self) -> (usize, usize) {
        let (across, down) = self.finest();
        (usize::from(self.frame.width).div_ceil(8 * across), usize::from(self.frame.height).div_ceil(8 * down))
    }

    fn finest(&self) -> (usize, usize) {
        let most = |side: fn(&Component) -> usize| self.components.iter().map(side).max().unwrap_or(1);
        (most(|component| component.across), most(|component| component.down))
    }
}
