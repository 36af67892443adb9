//! Made-up patients.

use sea_orm::Value;
use thorax_domain::clock::{Date, Timestamp};
use uuid::Uuid;

use super::{Generator, Rows};
use crate::words::Words;

/// A patient who may come again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub id: Uuid,
    pub born: Date,
}

/// Patients who may come again; older ones have moved away.
const REMEMBERED: usize = 20_000;

const FIRST: [&str; 40] = [
    "Anna", "Ben", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karla", "Leo", "Mara", "Noah",
    "Olga", "Paul", "Rosa", "Samuel", "Tara", "Umar", "Vera", "Walid", "Xenia", "Yusuf", "Zoe", "Aiko", "Bo", "Chidi",
    "Dana", "Emre", "Fatima", "Goran", "Hana", "Ivan", "Jana", "Kofi", "Lin", "Mina", "Nadia", "Omar",
];
const LAST: [&str; 60] = [
    "Abel", "Baker", "Castro", "Demir", "Evans", "Fischer", "Garcia", "Hoffmann", "Ibrahim", "Jansen", "Kowalski",
    "Lopez", "Meyer", "Nguyen", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vogel", "Weber",
    "Xu", "Yilmaz", "Zhang", "Adler", "Braun", "Chen", "Dubois", "Engel", "Fuchs", "Gruber", "Haas", "Ito", "Jung",
    "Keller", "Lang", "Maier", "Novak", "Olsen", "Peters", "Roth", "Sato", "Thomas", "Urban", "Voss", "Wolf", "Young",
    "Ziegler", "Arnold", "Becker", "Cohen", "Dietrich", "Ernst", "Frank", "Graf", "Huber", "Jones", "Khan",
];

impl Generator {
    /// A patient: one in five is new.
    pub(super) fn patient(&mut self, rows: &mut Rows, at: Timestamp) -> Known {
        if !self.patients.is_empty() && self.chance() > 0.2 {
            let patients = std::mem::take(&mut self.patients);
            let known = *self.pick(&patients);
            self.patients = patients;
            return known;
        }
        let id = self.id(at);
        let name = format!("{} {}", self.pick(&FIRST), self.pick(&LAST));
        let record_number = format!("D{:08}", self.first_record);
        self.first_record += 1;
        let age_days = 365.25 * (18.0 + 70.0 * self.chance());
        let born = Timestamp::of_day(at.day() - whole(age_days)).date();
        let sex = if self.chance() < 0.5 { "F" } else { "M" };
        let words = Words::rows(&format!("{name} {record_number}"), id);
        rows.patient_words.extend(words);
        let none: Option<Uuid> = None;
        let row: Vec<Value> = vec![
            id.into(),
            none.into(),
            record_number.into(),
            name.into(),
            born.to_string().into(),
            sex.into(),
            at.micros().into(),
        ];
        rows.patients.push(row);
        let known = Known { id, born };
        if self.patients.len() < REMEMBERED {
            self.patients.push(known);
        } else {
            let place = whole(self.chance() * 19_999.0);
            self.patients[usize::try_from(place).unwrap_or(0)] = known;
        }
        known
    }
}

/// The whole part of a small number.
#[expect(clippy::cast_possible_truncation, reason = "days of a life and places in a list are small")]
pub(super) fn whole(number: f64) -> i64 {
    number as i64
}
