//! `thorax`: one program that reads chest X-rays.
fn main() {}
