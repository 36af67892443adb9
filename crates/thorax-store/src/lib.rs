//! **What is kept.** What lives here: everything that outlives a run of the program; today the results journal of a batch.
//! What never does: a network, a pixel, a decision about a film; nor does anything else in the house know how something is kept.
//! Start reading at [`results::Journal`].

pub mod results;
