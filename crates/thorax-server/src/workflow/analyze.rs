//! From a file to a record: decode, submit to the analyzer, wait, write down.

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::Provenance;
use thorax_imaging::GrayImage;
use thorax_imaging::decode::{self, DecodeError, Limits};
use thorax_inference::analyzer::{Analyzer, Origin, Reading, Request, Ticket, Urgency};
use thorax_inference::bundle::UnknownNetwork;

use super::input::Input;
use crate::app::PROGRAM;
use crate::record::{Attention, Film, Milliseconds, Record, Status};

/// How files are to be read.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Names of the networks that are to vote; all for none.
    pub networks: Vec<String>,
    /// Go on though the gate refuses.
    pub force: bool,
    /// The patient's age in years, where it is known better than the file knows it.
    pub age_years: Option<u16>,
    /// Whether the caller wants the picture back, to draw on it.
    pub keep_film: bool,
    /// How soon they are to be read.
    pub urgency: Urgency,
}

/// Reads files with one analyzer in one way.
pub struct Reader<'a> {
    analyzer: &'a Analyzer,
    order: Order,
    limits: Limits,
    provenance: Provenance,
}

/// A file on its way. Several may be, so that the analyzer can put them through a network together.
pub(super) struct Begun {
    record: Record,
    clock: Stopwatch,
    ticket: Option<Ticket>,
    film: Option<GrayImage>,
    is_picture: bool,
}

/// A file that was read.
pub struct Finished {
    /// What came of it.
    pub record: Record,
    /// The film and what the networks say of it, where asked for.
    pub picture: Option<(GrayImage, Reading)>,
    /// Whether the content is that of any picture, even one that cannot be read.
    pub is_picture: bool,
}

impl<'a> Reader<'a> {
    /// A reader over an analyzer.
    ///
    /// # Errors
    /// [`UnknownNetwork`] when the order names a network that the bundle does not have.
    pub fn new(analyzer: &'a Analyzer, order: Order) -> Result<Self, UnknownNetwork> {
        let origin = Origin { networks: &order.networks, input_sha256: "", forced: order.force, program: PROGRAM };
        let provenance = analyzer.provenance(origin)?;
        Ok(Self { analyzer, order, limits: Limits::default(), provenance })
    }

    /// The most bytes that a file may have.
    #[must_use]
    pub const fn byte_limit(&self) -> u64 {
        self.limits.bytes
    }

    /// Reads one file and waits for it.
    #[must_use]
    pub fn read(&self, clock: Stopwatch, input: Input) -> Finished {
        self.begin(clock, input).finish()
    }

    /// Decodes a file and puts it into the analyzer's queue, waiting for room. `clock` was started when the file was opened.
    pub(super) fn begin(&self, clock: Stopwatch, input: Input) -> Begun {
        let mut provenance = self.provenance.clone();
        let content = match input.content {
            Ok(content) => content,
            Err(error) => return Begun::failed(Record::failed(input.name, error, provenance), clock),
        };
        provenance.input_sha256 = content.sha256;
        let mut decoding = Stopwatch::start();
        let decoded = decode::decode(&content.bytes, &self.limits);
        drop(content.bytes);
        let took = decoding.lap();
        let film = match decoded {
            Ok(film) => film,
            Err(error) => {
                let is_picture = !matches!(error, DecodeError::UnknownFormat { .. });
                let record = Record::failed(input.name, error.to_string(), provenance);
                return Begun { is_picture, ..Begun::failed(record, clock) };
            }
        };
        let mut record = Record::failed(input.name, String::new(), provenance);
        record.milliseconds.decode = took;
        self.submit(record, clock, film)
    }

    fn submit(&self, mut record: Record, clock: Stopwatch, film: decode::Film) -> Begun {
        let facts = Film::of(&film, self.order.age_years);
        let request = Request {
            age_years: facts.age_years,
            networks: self.order.networks.clone(),
            force: self.order.force,
            urgency: self.order.urgency,
            film: film.image,
        };
        record.film = Some(facts);
        match self.analyzer.submit_waiting(&request) {
            Ok(ticket) => {
                let film = self.order.keep_film.then_some(request.film);
                Begun { record, clock, ticket: Some(ticket), film, is_picture: true }
            }
            Err(error) => {
                record.error = Some(error.to_string());
                Begun::failed(record, clock)
            }
        }
    }
}

impl Begun {
    const fn failed(record: Record, clock: Stopwatch) -> Self {
        Self { record, clock, ticket: None, film: None, is_picture: true }
    }

    /// Waits for the networks and completes the record.
    pub(super) fn finish(self) -> Finished {
        let Self { mut record, clock, ticket, film, is_picture } = self;
        let mut picture = None;
        match ticket.map(Ticket::wait) {
            Some(Ok(reading)) => {
                fill(&mut record, &reading);
                picture = film.map(|film| (film, reading));
            }
            Some(Err(error)) => record.error = Some(error.to_string()),
            None => {}
        }
        record.milliseconds.total = clock.total();
        Finished { record, picture, is_picture }
    }
}

fn fill(record: &mut Record, reading: &Reading) {
    let prediction = &reading.prediction;
    record.status = if prediction.consensus.is_some() { Status::Ok } else { Status::Refused };
    record.error = None;
    record.gate = prediction.gate.clone();
    record.prediction.clone_from(&prediction.consensus);
    record.attention =
        reading.maps.iter().map(|map| Attention { name: map.name.clone(), lung_share: map.lung_share }).collect();
    let stages = reading.milliseconds;
    record.milliseconds = Milliseconds {
        preprocess: stages.preprocess,
        gate: stages.gate,
        inference: stages.inference,
        ..record.milliseconds
    };
}
