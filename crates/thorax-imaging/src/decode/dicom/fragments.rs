//! Encapsulated pixel data: the fragments of one frame (PS3.5 annex A.4).

use super::element::{Element, Elements, ITEM};
use crate::decode::DecodeError;
use std::borrow::Cow;

const NONE: DecodeError = DecodeError::dicom("its compressed pixel data have no fragment");

/// The compressed stream: all fragments after the offset table, in order. One fragment, the usual case, is not copied.
pub(super) fn frame<'a>(pixels: &Element<'a>) -> Result<Cow<'a, [u8]>, DecodeError> {
    if !pixels.open {
        return Err(DecodeError::dicom("its pixel data are not encapsulated as its transfer syntax demands"));
    }
    let mut items = Elements::new(pixels.value, pixels.encoding);
    items.next().ok_or(NONE)??;
    let mut fragments = Vec::new();
    for item in items {
        let item = item?;
        if item.tag != ITEM {
            // The delimiter. Some writers leave it out, so the end of the file will do.
            break;
        }
        fragments.push(item.value);
    }
    match fragments[..] {
        [] => Err(NONE),
        [one] => Ok(Cow::Borrowed(one)),
        _ => Ok(Cow::Owned(fragments.concat())),
    }
    .and_then(|stream| if stream.is_empty() { Err(NONE) } else { Ok(stream) })
}
