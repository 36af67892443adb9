//! **The work in the queue.** What lives here: the worker that takes jobs, has files decoded, X-rays read and results stored.
//! What never does: a page, SQL, a network by itself. Start reading at [`Workers`].

mod attempt;
mod reading;
mod workers;

pub use workers::Workers;
