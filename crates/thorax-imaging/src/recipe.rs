//! The preprocessing of a bundle: ordered steps with parameters, executed here.
