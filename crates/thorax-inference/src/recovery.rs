//! A pass of a network in whatever memory there is. When the device has less than the ledger thought, the pass is tried again
//! with the shelf to itself, then with fewer films at a time down to one, and fails only then. Nothing has to be restarted.

use crate::desk::Shared;
use crate::engine::{Room, Session};
use crate::network::{self, NetworkError};

/// Does some work with a network, loading it where it is not resident. `work` is told how many films may go through it
/// together, and is done again from the start when the memory was not enough.
///
/// # Errors
/// What loading or the work gave; [`NetworkError::Memory`] when the device cannot hold this network with one film.
pub fn pass<T>(
    shared: &Shared,
    network: usize,
    work: impl Fn(&mut dyn Session, usize) -> Result<T, NetworkError>,
) -> Result<T, NetworkError> {
    let mut lease = shared.shelf.lease(network);
    let (session, room, films) = (lease.session.take(), lease.room, lease.films);
    match attempt(shared, network, session, (room, films), &work) {
        Ok((session, done)) => {
            lease.session = Some(session);
            Ok(done)
        }
        Err(error) if error.is_out_of_memory() => {
            lease.ran_out();
            if shared.shelf.is_hopeless(network) {
                // All was tried with an earlier film, and everybody else had to wait for it.
                return Err(error.final_word());
            }
            alone(shared, network, &work)
        }
        Err(error) => Err(error),
    }
}

/// The same with the shelf for this network alone. Its session is not kept: it was given more room than the ledger accounts
/// it with.
fn alone<T>(
    shared: &Shared,
    network: usize,
    work: &impl Fn(&mut dyn Session, usize) -> Result<T, NetworkError>,
) -> Result<T, NetworkError> {
    let shelf = &shared.shelf;
    let quiet = shelf.quiet();
    let mut films = shelf.films(network);
    loop {
        match attempt(shared, network, None, (quiet.room, films), work) {
            Ok((_, done)) => {
                shelf.ran_alone(network, films);
                return Ok(done);
            }
            Err(error) if error.is_out_of_memory() && films > 1 => films /= 2,
            Err(error) if error.is_out_of_memory() => {
                shelf.ran_alone(network, 0);
                return Err(error.final_word());
            }
            Err(error) => return Err(error),
        }
    }
}

/// One try. A session that failed is dropped, and its memory with it.
fn attempt<T>(
    shared: &Shared,
    network: usize,
    session: Option<Box<dyn Session>>,
    (room, films): (Room, usize),
    work: &impl Fn(&mut dyn Session, usize) -> Result<T, NetworkError>,
) -> Result<(Box<dyn Session>, T), NetworkError> {
    let mut session = match session {
        Some(session) => session,
        None => network::load(shared, network, room, films)?,
    };
    let done = work(session.as_mut(), films)?;
    Ok((session, done))
}
