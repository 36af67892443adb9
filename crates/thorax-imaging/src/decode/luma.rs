//! Colour to grey, and transparency onto black.

/// BT.601 luma in sixteenths of a bit, the weights of Pillow's `convert("L")`; they add up to 65536.
const RED: u32 = 19_595;
const GREEN: u32 = 38_470;
const BLUE: u32 = 7_471;

/// Grey level of a colour; equal components give that component exactly.
pub(super) fn of<T: Level>(red: T, green: T, blue: T) -> T {
    let (red, green, blue) = (red.into(), green.into(), blue.into());
    // At most 65535 × 65536 + 32768, which fits.
    T::narrow((red * RED + green * GREEN + blue * BLUE + 0x8000) >> 16)
}

/// A level under its opacity, laid on black.
pub(super) fn on_black<T: Level>(level: T, opacity: T) -> T {
    let white: u32 = T::WHITE.into();
    T::narrow((level.into() * opacity.into() + white / 2) / white)
}

/// An 8-bit or 16-bit sample.
pub(super) trait Level: Copy + Into<u32> {
    /// The largest value.
    const WHITE: Self;
    /// Back from arithmetic that cannot exceed [`Self::WHITE`].
    fn narrow(value: u32) -> Self;
}

impl Level for u8 {
    const WHITE: Self = Self::MAX;
    fn narrow(value: u32) -> Self {
        Self::try_from(value).unwrap_or(Self::MAX)
    }
}

impl Level for u16 {
    const WHITE: Self = Self::MAX;
    fn narrow(value: u32) -> Self {
        Self::try_from(value).unwrap_or(Self::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_grey_and_weighs_colour() {
        for level in 0..=u8::MAX {
            assert_eq!(of(level, level, level), level);
        }
        assert_eq!(of(u16::MAX, u16::MAX, u16::MAX), u16::MAX);
        // Pillow: Image.new("RGB", (1, 1), c).convert("L")
        for (colour, grey) in [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29), ((10, 200, 77), 129)] {
            assert_eq!(of::<u8>(colour.0, colour.1, colour.2), grey, "{colour:?}");
        }
    }

    #[test]
    fn lays_transparency_on_black() {
        assert_eq!(on_black(200_u8, 255), 200);
        assert_eq!(on_black(200_u8, 0), 0);
        assert_eq!(on_black(u16::MAX, 0x8000), 0x8000);
    }
}
