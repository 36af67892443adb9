//! A heat map by itself, to be laid over a film by whoever shows both.

use super::overlay::places;
use super::{EncodeError, heat_colour};
use crate::heat::Heat;
use crate::recipe::Field;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// Longer side of a layer: a grid has some hundred cells, which show no more detail however large they are drawn.
const LONGEST_SIDE: u32 = 512;

/// A colour PNG of the shape of a film of `size`, as transparent as the heat is cold and transparent outside of `field`, the
/// part of the film that the networks saw, in its pixels.
///
/// # Errors
/// [`EncodeError::Format`] when the picture cannot be written.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a heat from 0 to 1 becomes a byte")]
pub fn layer(heat: &Heat, field: Field, size: (u32, u32)) -> Result<Vec<u8>, EncodeError> {
    let (width, height) = shape(size);
    let scale = (f64::from(width) / f64::from(size.0.max(1)), f64::from(height) / f64::from(size.1.max(1)));
    let columns = places(width, field.left * scale.0, field.width * scale.0);
    let rows = places(height, field.top * scale.1, field.height * scale.1);
    let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
    for row in &rows {
        for column in &columns {
            let heat = column.zip(*row).map_or(0.0, |(x, y)| heat.at(x, y));
            let [red, green, blue] = heat_colour(heat);
            rgba.extend([red, green, blue, (heat * 255.0).round() as u8]);
        }
    }
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(&rgba, width, height, ExtendedColorType::Rgba8)?;
    Ok(bytes)
}

/// The film's shape, no larger than a layer needs.
fn shape((width, height): (u32, u32)) -> (u32, u32) {
    let longest = width.max(height).max(1);
    if longest <= LONGEST_SIDE {
        return (width.max(1), height.max(1));
    }
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(LONGEST_SIDE) / u64::from(longest);
        u32::try_from(side).map_or(LONGEST_SIDE, |side| side.clamp(1, LONGEST_SIDE))
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_clear_where_it_is_cold_and_outside_of_the_field() {
        let heat = Heat::new(2, 1, vec![0.0, 1.0]).unwrap();
        let field = Field { left: 0.0, top: 10.0, width: 20.0, height: 10.0 };
        let picture = image::load_from_memory(&layer(&heat, field, (20, 20)).unwrap()).unwrap().into_rgba8();
        assert_eq!(picture.dimensions(), (20, 20));
        assert_eq!(picture.get_pixel(19, 2).0[3], 0, "above the field");
        assert_eq!(picture.get_pixel(0, 15).0[3], 0, "cold");
        let hot = picture.get_pixel(19, 15).0;
        assert_eq!((hot[3], [hot[0], hot[1], hot[2]]), (255, heat_colour(1.0)));
    }

    #[test]
    fn a_layer_of_a_large_film_has_its_shape() {
        let heat = Heat::new(1, 1, vec![0.5]).unwrap();
        let picture = layer(&heat, Field::whole(3000, 2000), (3000, 2000)).unwrap();
        assert_eq!(image::load_from_memory(&picture).unwrap().into_rgba8().dimensions(), (512, 341));
    }
}
