//! Contrast limited adaptive histogram equalisation, bit for bit as OpenCV computes it.
