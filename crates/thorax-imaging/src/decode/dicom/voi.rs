//! From the values of the modality to brightness (PS3.3 C.11.2): the first table of the file, else its first window.

use super::dataset::{DataSet, tags};
use super::lut::Lut;
use crate::decode::{Contrast, DecodeError};

/// The VOI transformation of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Voi {
    /// A table.
    Table(Lut),
    /// A window.
    Window(Window),
}

/// A window: centre, width and the curve between black and white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    center: f64,
    width: f64,
    curve: Curve,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    Linear,
    LinearExact,
    Sigmoid,
}

impl Voi {
    /// The transformation, if the file has one. `signed` says whether input values may be negative.
    pub(super) fn parse(data: &DataSet<'_>, signed: bool) -> Result<Option<Self>, DecodeError> {
        if let Some(item) = data.item(tags::VOI_LUT)? {
            return Lut::parse(&item, signed).map(|lut| Some(Self::Table(lut)));
        }
        match (data.number(tags::WINDOW_CENTER)?, data.number(tags::WINDOW_WIDTH)?) {
            (Some(center), Some(width)) => {
                let curve = Curve::named(data.text(tags::VOI_FUNCTION))?;
                Window::new(center, width, curve).map(|window| Some(Self::Window(window)))
            }
            (None, None) => Ok(None),
            _ => Err(DecodeError::dicom("its window has a centre or a width, but not both")),
        }
    }

    /// Brightness, 0 to 1.
    pub(super) fn apply(&self, value: f64) -> f64 {
        match self {
            Self::Table(lut) => (lut.look_up(value) / lut.white()).clamp(0.0, 1.0),
            Self::Window(window) => window.apply(value),
        }
    }

    pub(super) const fn contrast(&self) -> Contrast {
        match self {
            Self::Table(_) => Contrast::VoiLut,
            Self::Window(window) => match window.curve {
                Curve::Linear => Contrast::Window,
                Curve::LinearExact => Contrast::WindowExact,
                Curve::Sigmoid => Contrast::WindowSigmoid,
            },
        }
    }
}

impl Curve {
    fn named(name: Option<&str>) -> Result<Self, DecodeError> {
        match name {
            None | Some("LINEAR") => Ok(Self::Linear),
            Some("LINEAR_EXACT") => Ok(Self::LinearExact),
            Some("SIGMOID") => Ok(Self::Sigmoid),
            Some(_) => Err(DecodeError::unsupported(
                "an unknown VOI LUT function in DICOM",
                "send the image with a linear or sigmoid window, or without one",
            )),
        }
    }
}

impl Window {
    fn new(center: f64, width: f64, curve: Curve) -> Result<Self, DecodeError> {
        let least = match curve {
            Curve::Linear => 1.0,
            Curve::LinearExact | Curve::Sigmoid => f64::MIN_POSITIVE,
        };
        if width < least || width > 1e12 || center.abs() > 1e12 {
            return Err(DecodeError::dicom("its window width or centre is impossible"));
        }
        Ok(Self { center, width, curve })
    }

    /// The three functions of PS3.3 C.11.2.1.2 and C.11.2.1.3, from 0 to 1.
    fn apply(&self, value: f64) -> f64 {
        let Self { center, width, curve } = *self;
        match curve {
            Curve::Linear => {
                let half = (width - 1.0) / 2.0;
                if value <= center - 0.5 - half {
                    0.0
                } else if value > center - 0.5 + half {
                    1.0
                } else {
                    (value - (center - 0.5)) / (width - 1.0) + 0.5
                }
            }
            Curve::LinearExact => {
                if value <= center - width / 2.0 {
                    0.0
                } else if value > center + width / 2.0 {
                    1.0
                } else {
                    (value - center) / width + 0.5
                }
            }
            Curve::Sigmoid => 1.0 / (1.0 + (-4.0 * (value - center) / width).exp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brightness(center: f64, width: f64, curve: Curve, values: &[f64]) -> Vec<f64> {
        let window = Window::new(center, width, curve).unwrap();
        values.iter().map(|&value| window.apply(value)).collect()
    }

    #[test]
    fn windows_follow_the_worked_examples_of_the_standard() {
        // PS3.3 C.11.2.1.2.1, with output 0 to 255: "c=2048, w=4096", "c=0, w=100", "c=0, w=1".
        let out = brightness(2048.0, 4096.0, Curve::Linear, &[0.0, 4095.0, 2047.5]);
        assert_eq!(out, [0.0, 1.0, 0.5]);
        let out = brightness(0.0, 100.0, Curve::Linear, &[-50.0, 49.0, 50.0, -0.5]);
        assert_eq!(out, [0.0, 1.0, 1.0, 0.5]);
        assert_eq!(brightness(0.0, 1.0, Curve::Linear, &[-1.0, -0.5, 0.0]), [0.0, 0.0, 1.0]);
        let out = brightness(0.0, 100.0, Curve::LinearExact, &[-50.0, 50.0, 0.0, 51.0]);
        assert_eq!(out, [0.0, 1.0, 0.5, 1.0]);
        let out = brightness(10.0, 4.0, Curve::Sigmoid, &[10.0, 11.0]);
        assert!((out[0] - 0.5).abs() < 1e-12 && (out[1] - 0.731_058_578_630_005).abs() < 1e-12);
    }

    #[test]
    fn refuses_impossible_windows() {
        for (width, curve) in
            [(0.0, Curve::Linear), (0.5, Curve::Linear), (-3.0, Curve::LinearExact), (0.0, Curve::Sigmoid)]
        {
            assert!(Window::new(0.0, width, curve).is_err(), "{width} {curve:?}");
        }
        assert!(Window::new(0.0, 0.5, Curve::LinearExact).is_ok());
    }
}
