//! The heat map's colours: one helix through the colour cube, so that hotter is always brighter, on screen, in print without
//! colour, and for eyes that do not tell red from green.

/// Where on the helix 0 and 1 lie: neither black nor white, which are the film's own colours.
const DARKEST: f32 = 0.2;
const LIGHTEST: f32 = 0.88;
/// Turns of hue from black to white, from blue: violet, magenta, orange and pale yellow lie in between.
const TURNS: f32 = 0.6;
const SATURATION: f32 = 1.8;

/// The colour of a heat from 0 to 1, as red, green, blue.
///
/// D. A. Green's cubehelix (2011): at lightness `l`, `l` plus an offset of `saturation · l (1 - l) / 2` in the plane of equal
/// perceived intensity (0.30 R + 0.59 G + 0.11 B), turned by `2π · turns · l` from blue.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
pub fn heat_colour(heat: f32) -> [u8; 3] {
    let lightness = DARKEST + (LIGHTEST - DARKEST) * heat.clamp(0.0, 1.0);
    let angle = std::f32::consts::TAU * TURNS * lightness;
    let amplitude = SATURATION * lightness * (1.0 - lightness) / 2.0;
    let (sin, cos) = angle.sin_cos();
    [(-0.148_61, 1.782_77), (-0.292_27, -0.906_49), (1.972_94, 0.0)].map(|(along, across)| {
        let part = lightness + amplitude * (along * cos + across * sin);
        (part * 255.0).round().clamp(0.0, 255.0) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hotter_is_brighter() {
        let intensity = |heat: f32| {
            let [red, green, blue] = heat_colour(heat).map(f32::from);
            0.30 * red + 0.59 * green + 0.11 * blue
        };
        let mut last = -1.0;
        for step in 0_u8..=50 {
            let now = intensity(f32::from(step) / 50.0);
            assert!(now > last, "step {step}: {now} after {last}");
            last = now;
        }
    }

    #[test]
    fn no_heat_is_outside_the_scale() {
        assert_eq!(heat_colour(-1.0), heat_colour(0.0));
        assert_eq!(heat_colour(7.0), heat_colour(1.0));
    }
}
