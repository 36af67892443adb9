//! A heat map laid over the film it was computed from.

use super::{EncodeError, heat_colour};
use crate::heat::Heat;
use crate::recipe::{Field, depth8};
use crate::resize::{Filter, resize};
use crate::{GrayImage, Pixels};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::borrow::Cow;

/// Longer side of an overlay; larger films are scaled down.
const LONGEST_SIDE: u32 = 1024;
/// Entries of the colour table.
const COLOURS: usize = 256;

/// A colour PNG of the film with the heat over the part of it that the networks saw (`Recipe::field`).
///
/// A pixel's colour covers it by `opacity` × heat, so cold places show the bare film, and so does everything outside the
/// field. The heat of a pixel is interpolated between the centres of the grid's cells.
///
/// # Errors
/// [`EncodeError::Opacity`] when `opacity` is not within 0 to 1.
pub fn overlay(film: &GrayImage, heat: &Heat, field: Field, opacity: f32) -> Result<Vec<u8>, EncodeError> {
    if !(0.0..=1.0).contains(&opacity) {
        return Err(EncodeError::Opacity(opacity));
    }
    let film8 = depth8(film);
    let small = shrink(&film8)?;
    let (width, height) = (small.width(), small.height());
    let scale = (f64::from(width) / f64::from(film.width()), f64::from(height) / f64::from(film.height()));
    let columns = places(width, field.left * scale.0, field.width * scale.0);
    let rows = places(height, field.top * scale.1, field.height * scale.1);
    let colours: [[f32; 3]; COLOURS] = std::array::from_fn(|index| heat_colour(part(index)).map(f32::from));
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    let Pixels::U8(samples) = small.pixels() else { unreachable!("the film was brought to 8 bits; this is a bug") };
    for (film_row, place) in samples.chunks_exact(width as usize).zip(&rows) {
        for (&level, column) in film_row.iter().zip(&columns) {
            let heat = column.zip(*place).map(|(x, y)| heat.at(x, y));
            rgb.extend(match heat {
                Some(heat) => cover(level, colours[index(heat)], opacity * heat),
                None => [level; 3],
            });
        }
    }
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(&rgb, width, height, ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

fn shrink(film: &GrayImage) -> Result<Cow<'_, GrayImage>, EncodeError> {
    let (width, height) = (film.width(), film.height());
    let longest = width.max(height);
    if longest <= LONGEST_SIDE {
        return Ok(Cow::Borrowed(film));
    }
    // Rounded half up, in integers that hold the product.
    let scaled = |side: u32| {
        let twice = u64::from(side) * u64::from(LONGEST_SIDE) * 2 / u64::from(longest);
        u32::try_from(twice.div_ceil(2)).map_or(LONGEST_SIDE, |side| side.clamp(1, LONGEST_SIDE))
    };
    Ok(Cow::Owned(resize(film, scaled(width), scaled(height), Filter::Bilinear)?))
}

/// Where the pixels of one axis lie in the field, from 0 at its start to 1 at its end; `None` outside.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a grid has some hundred cells, so single precision places a pixel well"
)]
pub(super) fn places(pixels: u32, start: f64, length: f64) -> Vec<Option<f32>> {
    let place = |pixel: u32| (f64::from(pixel) + 0.5 - start) / length;
    (0..pixels)
        .map(|pixel| Some(place(pixel)).filter(|place| (0.0..1.0).contains(place)).map(|place| place as f32))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "at most 255")]
fn part(index: usize) -> f32 {
    index as f32 / (COLOURS - 1) as f32
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a heat from 0 to 1 becomes an index of the table"
)]
fn index(heat: f32) -> usize {
    ((heat * (COLOURS - 1) as f32).round() as usize).min(COLOURS - 1)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
fn cover(level: u8, colour: [f32; 3], opacity: f32) -> [u8; 3] {
    colour.map(|part| (f32::from(level) * (1.0 - opacity) + part * opacity).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(width: u32, height: u32) -> GrayImage {
        GrayImage::new(width, height, Pixels::U8(vec![100; (width * height) as usize])).unwrap()
    }

    fn read(png: &[u8]) -> image::RgbImage {
        image::load_from_memory(png).unwrap().into_rgb8()
    }

    #[test]
    fn covers_the_field_only() {
        let heat = Heat::new(1, 1, vec![1.0]).unwrap();
        let field = Field { left: 4.0, top: 2.0, width: 12.0, height: 16.0 };
        let picture = read(&overlay(&film(20, 20), &heat, field, 1.0).unwrap());
        for (x, y, pixel) in picture.enumerate_pixels() {
            let inside = (4..16).contains(&x) && (2..18).contains(&y);
            assert_eq!(pixel.0, if inside { heat_colour(1.0) } else { [100; 3] }, "{x} {y}");
        }
    }

    #[test]
    fn cold_places_show_the_bare_film() {
        let heat = Heat::new(2, 1, vec![0.0, 1.0]).unwrap();
        let picture = read(&overlay(&film(40, 10), &heat, Field::whole(40, 10), 0.5).unwrap());
        assert_eq!(picture.get_pixel(0, 5).0, [100; 3]);
        assert_ne!(picture.get_pixel(39, 5).0, [100; 3]);
    }

    #[test]
    fn large_films_are_scaled_down() {
        let heat = Heat::new(1, 1, vec![0.3]).unwrap();
        let picture = read(&overlay(&film(2048, 1000), &heat, Field::whole(2048, 1000), 0.4).unwrap());
        assert_eq!(picture.dimensions(), (1024, 500));
        let sliver = read(&overlay(&film(5000, 2), &heat, Field::whole(5000, 2), 0.4).unwrap());
        assert_eq!(sliver.dimensions(), (1024, 1));
    }

    #[test]
    fn refuses_an_opacity_that_is_none() {
        let heat = Heat::new(1, 1, vec![0.3]).unwrap();
        for opacity in [f32::NAN, -0.1, 1.5] {
            assert!(matches!(overlay(&film(2, 2), &heat, Field::whole(2, 2), opacity), Err(EncodeError::Opacity(_))));
        }
    }
}
