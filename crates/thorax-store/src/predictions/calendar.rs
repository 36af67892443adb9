//! On which days the predictions of a list were made, so that a page far back is found from its day.

use sea_orm::{FromQueryResult, Value};
use serde::{Deserialize, Serialize};
use thorax_domain::clock::Timestamp;
use thorax_domain::user::Viewer;

use super::PredictionFilter;
use crate::db::{Store, count};
use crate::error::Result;
use crate::page::{PageRequest, Seek};
use crate::sql::Sql;

/// How many predictions of a list were made on each day. It is small, a pair of numbers a day, and worth keeping in the cache
/// beside the list's count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar(Vec<(i64, u64)>);

#[derive(FromQueryResult)]
struct Day {
    day: i64,
    predictions: i64,
}

impl Calendar {
    /// The same page, sought from the end of the day on which it begins.
    #[must_use]
    pub fn find(&self, page: PageRequest) -> PageRequest {
        let mut offset = page.skipped();
        for (day, predictions) in &self.0 {
            if offset < *predictions {
                return PageRequest { seek: Seek::From { end: Timestamp::of_day(day + 1), offset }, ..page };
            }
            offset -= predictions;
        }
        PageRequest { seek: Seek::From { end: Timestamp::of_day(0), offset }, ..page }
    }
}

/// `None` where no sums by day are kept for the list: for a patient's eyes, and for filters that they do not tell apart.
pub(super) async fn calendar(store: &Store, viewer: Viewer, filter: &PredictionFilter) -> Result<Option<Calendar>> {
    if !viewer.role.sees_all_patients() || !filter.by_day() {
        return Ok(None);
    }
    let (sql, values) = statement(filter);
    let days = store.all::<Day>(&sql, values).await?;
    Ok(Some(Calendar(days.into_iter().map(|one| (one.day, count(one.predictions))).collect())))
}

fn statement(filter: &PredictionFilter) -> (String, Vec<Value>) {
    let mut sql = Sql::new("SELECT t.day, CAST(SUM(t.predictions) AS BIGINT) AS predictions FROM prediction_tallies t");
    filter.days(&mut sql);
    sql.push(" GROUP BY t.day ORDER BY t.day DESC");
    sql.into_parts()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PageSize;

    #[test]
    fn a_page_begins_on_the_day_that_holds_its_first_row() {
        let calendar = Calendar(vec![(9, 30), (8, 0), (7, 20), (3, 25)]);
        let seek = |number| calendar.find(PageRequest::numbered(number, PageSize::DEFAULT)).seek;
        let from = |day, offset| Seek::From { end: Timestamp::of_day(day), offset };
        assert_eq!(seek(1), from(10, 0));
        assert_eq!(seek(2), from(10, 25));
        assert_eq!(seek(3), from(4, 0));
        assert_eq!(seek(4), from(0, 0), "after the end there is nothing");
    }
}
