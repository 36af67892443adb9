//! What can be measured of a film without a network: contrast, sharpness, sides.
