//! One fill for all who miss at the same time. It runs as a task of its own, so that it goes on when the request that began it
//! goes away, and takes the request's statement log and span along.

use tracing::Instrument as _;

use super::{Any, Arc, Bytes, Cache, Duration, Key, Landed, PoisonError, Shared, Statements, counts, watch};

/// Takes a flight off the board when it has landed or crashed.
struct Board {
    shared: Arc<Shared>,
    flight: String,
}

impl Drop for Board {
    fn drop(&mut self) {
        self.shared.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.flight);
    }
}

enum Seat {
    Pilot(watch::Sender<Landed>, Board),
    Passenger(watch::Receiver<Landed>),
}

impl Cache {
    pub(super) async fn fly<E, F>(
        &self,
        (key, ttl, good): (Key<'_>, Duration, fn(&Bytes) -> bool),
        name: Option<String>,
        fill: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Bytes, Arc<E>>
    where
        F: Future<Output = Result<Bytes, E>> + Send + 'static,
        E: Send + Sync + 'static,
    {
        let flight = name.clone().unwrap_or_else(|| key.shown());
        loop {
            match self.seat(&flight) {
                Seat::Pilot(landed, board) => {
                    return self.pilot((key.class, name), (ttl, good), fill, (landed, board)).await;
                }
                Seat::Passenger(mut landed) => {
                    let Ok(result) = landed.wait_for(Option::is_some).await.map(|result| result.clone()) else {
                        continue; // It crashed: fly ourselves.
                    };
                    match result {
                        Some(Ok(bytes)) => {
                            self.0.counts.shared(key.class);
                            return Ok(bytes);
                        }
                        Some(Err(error)) => {
                            if let Ok(error) = error.downcast::<E>() {
                                return Err(error);
                            }
                        }
                        None => {}
                    }
                }
            }
        }
    }

    fn seat(&self, flight: &str) -> Seat {
        let mut flights = self.0.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landed) = flights.get(flight) {
            return Seat::Passenger(landed.clone());
        }
        let (sender, receiver) = watch::channel(None);
        flights.insert(flight.to_owned(), receiver);
        Seat::Pilot(sender, Board { shared: Arc::clone(&self.0), flight: flight.to_owned() })
    }

    async fn pilot<E, F>(
        &self,
        (class, name): (&'static str, Option<String>),
        (ttl, good): (Duration, fn(&Bytes) -> bool),
        fill: impl FnOnce() -> F + Send + 'static,
        (landed, board): (watch::Sender<Landed>, Board),
    ) -> Result<Bytes, Arc<E>>
    where
        F: Future<Output = Result<Bytes, E>> + Send + 'static,
        E: Send + Sync + 'static,
    {
        let shared = Arc::clone(&self.0);
        let work = async move {
            // Another flight may have landed between our miss and our start.
            let result = if let Some(found) = shared.find(name.as_deref()).await.filter(good) {
                shared.counts.shared(class);
                Ok(found)
            } else {
                shared.counts.miss(class);
                let filled = fill().await.map_err(Arc::new);
                if let Ok(bytes) = &filled {
                    shared.keep(name.as_deref(), ttl, bytes).await;
                }
                filled
            };
            drop(board);
            landed.send_replace(Some(result.clone().map_err(|error| error as Arc<dyn Any + Send + Sync>)));
            result
        };
        // Both logs are taken here, not inside the task, which has none.
        let work = counts::within(counts::current(), work);
        let task = match Statements::current() {
            Some(statements) => tokio::spawn(async move { statements.scope(work).await }.in_current_span()),
            None => tokio::spawn(work.in_current_span()),
        };
        match task.await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
