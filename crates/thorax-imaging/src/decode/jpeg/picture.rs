//! What of a stream is decoded: its luma, or all three planes of a stream in red, green and blue.

use super::entropy::Entropy;
use super::frame::Process;
use super::headers::{Headers, Scan};
use super::plane::Plane;
use super::progressive::{self, Coefficients};
use super::{RE_EXPORT, TRUNCATED, sequential};
use crate::decode::DecodeError;

/// A picture under way. Both are lists of the frame's first components.
#[derive(Debug)]
pub(super) enum Picture {
    Sequential(Vec<Plane>),
    Progressive(Vec<Coefficients>),
}

impl Picture {
    /// Before the first scan.
    pub(super) fn new(headers: &Headers) -> Result<Self, DecodeError> {
        let wanted = if headers.is_rgb() { 3 } else { 1 };
        let same = |component: &super::headers::Component| {
            (component.across, component.down) == (headers.components[0].across, headers.components[0].down)
        };
        if !headers.components[..wanted].iter().all(same) {
            return Err(DecodeError::unsupported("RGB JPEG with colours of different resolution", RE_EXPORT));
        }
        Ok(match headers.frame.process {
            Process::Progressive => {
                Self::Progressive((0..wanted).map(|index| Coefficients::new(headers, index)).collect())
            }
            _ => Self::Sequential((0..wanted).map(|_| Plane::new(&headers.frame)).collect()),
        })
    }

    pub(super) fn read(&mut self, headers: &Headers, scan: &Scan, entropy: &Entropy) -> Result<(), DecodeError> {
        match self {
            Self::Sequential(planes) => sequential::read(headers, scan, entropy, planes),
            Self::Progressive(collected) => progressive::read(headers, scan, entropy, collected),
        }
    }

    /// Whether later scans cannot change it.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Sequential(planes) => planes.iter().all(Plane::is_begun),
            Self::Progressive(_) => false,
        }
    }

    /// The planes, if all scans were there.
    pub(super) fn finish(self, headers: &Headers) -> Result<Vec<Plane>, DecodeError> {
        match self {
            Self::Sequential(planes) if planes.iter().all(Plane::is_begun) => Ok(planes),
            Self::Progressive(collected) if collected.iter().all(Coefficients::is_complete) => collected
                .iter()
                .enumerate()
                .map(|(index, coefficients)| {
                    let mut plane = Plane::new(&headers.frame);
                    coefficients.draw(&headers.steps(index)?, &mut plane);
                    Ok(plane)
                })
                .collect(),
            _ => Err(TRUNCATED),
        }
    }
}
