//! The verbs: what can be done, whoever asks. What lives here: reading a file into a record. What never does: a command line,
//! a page, a DICOM association; they call this. Start reading at [`analyze::Reader`].

pub mod analyze;
pub mod input;
