//! **Models.** x
