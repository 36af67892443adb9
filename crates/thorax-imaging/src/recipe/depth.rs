//! From 16 bits to 8, the one way it is done everywhere in the program.

use crate::{GrayImage, Pixels};
use std::borrow::Cow;

/// The image in 8 bits: `(v * 255 + 32767) / 65535` in integers, which is the nearest level. 8 bits stay as they are.
#[must_use]
pub fn depth8(image: &GrayImage) -> Cow<'_, GrayImage> {
    let Pixels::U16(samples) = image.pixels() else {
        return Cow::Borrowed(image);
    };
    let mut levels = vec![0; samples.len()];
    pulp::Arch::new().dispatch(|| {
        for (level, &sample) in levels.iter_mut().zip(samples) {
            *level = level8(sample);
        }
    });
    Cow::Owned(image.with(Pixels::U8(levels)))
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "at most 255")]
fn level8(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_767) / 65_535) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_nearest_level() {
        for sample in 0..=u16::MAX {
            let distance = u32::from(level8(sample)) * 257;
            assert!(distance.abs_diff(u32::from(sample)) <= 128, "{sample}");
        }
    }

    #[test]
    fn leaves_8_bits_alone() {
        let image = GrayImage::new(1, 1, Pixels::U8(vec![3])).unwrap();
        assert!(matches!(depth8(&image), Cow::Borrowed(_)));
        let image = GrayImage::new(2, 1, Pixels::U16(vec![128, 65_535])).unwrap();
        assert_eq!(depth8(&image).pixels(), &Pixels::U8(vec![0, 255]));
    }
}
