//! The verbs: what can be done, whoever asks. What lives here: reading a file into a record, taking an X-ray in, decoding what
//! strangers send. What never does: a command line, a page, a DICOM association; they call this.
//! Start reading at [`analyze::Reader`], which [`stream`] makes read many, then [`intake::take_in`].

pub mod accounts;
pub mod analyze;
pub mod by;
pub mod demo;
pub mod erase;
pub mod forget;
pub mod input;
pub mod intake;
pub mod passwords;
pub mod patients;
pub mod register;
pub mod review;
pub mod sandbox;
pub mod stream;
