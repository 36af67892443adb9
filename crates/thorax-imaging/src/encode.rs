//! Writing pictures: PNG, JPEG, heat map overlays.
