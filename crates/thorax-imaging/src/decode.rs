//! From the bytes of a file to a [`GrayImage`](crate::GrayImage), by content, within limits.
