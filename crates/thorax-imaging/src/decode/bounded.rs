//! A decode on its own thread, with a bound on how long anybody waits for it.

use super::{Container, DecodeError};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Deep enough for every codec used here with a wide margin; none recurses with the size of its input.
const STACK: usize = 4 << 20;

/// Runs `work` on a thread and waits at most `limit` for it.
pub(super) fn run<T: Send + 'static>(
    limit: Duration,
    container: Container,
    work: impl FnOnce() -> Result<T, DecodeError> + Send + 'static,
) -> Result<T, DecodeError> {
    let (sender, receiver) = sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("decode".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Nobody listens any more after a timeout, and that is fine.
            let _ = sender.send(work());
        })
        .map_err(|_| DecodeError::NoThread)?;
    let outcome = match receiver.recv_timeout(limit) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => return Err(DecodeError::TooSlow { limit }),
        // The thread ended without an answer: the codec panicked, and unwinding dropped the sender.
        Err(RecvTimeoutError::Disconnected) => {
            Err(DecodeError::Corrupt { format: container, reason: "its image data break the decoder" })
        }
    };
    // It has answered or panicked, so it is at its end; waiting for that leaves nothing of it behind. A panic is known
    // already.
    let _ = thread.join();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_over_the_answer() {
        assert_eq!(run(Duration::MAX, Container::Png, || Ok(7)), Ok(7));
    }

    #[test]
    fn turns_a_panic_into_a_damaged_file() {
        let outcome: Result<(), _> = run(Duration::MAX, Container::Png, || panic!("codec"));
        assert!(matches!(outcome, Err(DecodeError::Corrupt { format: Container::Png, .. })));
    }

    #[test]
    fn stops_waiting() {
        let (hold, until_dropped) = std::sync::mpsc::channel::<()>();
        let outcome = run(Duration::ZERO, Container::Jpeg, move || {
            let _ = until_dropped.recv();
            Ok(())
        });
        drop(hold);
        assert_eq!(outcome, Err(DecodeError::TooSlow { limit: Duration::ZERO }));
    }
}
