//! From the page that is wanted to the part of the list that is read, and from what was read to the page.

use super::{Cursor, Page, PageRequest, Seek};
use crate::db::int;
use crate::sql::Sql;

/// The part of a list that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    request: PageRequest,
    /// From the old end of the list, or from the cursor towards the new one.
    ascending: bool,
    limit: u64,
    offset: u64,
    /// Whether there is a next page, where that is known beforehand.
    more: Option<bool>,
}

impl Window {
    /// One row more than the page has is read, to see whether there is a next page. A page number in the older half of a list
    /// of known length is read from its end.
    pub(crate) fn new(request: &PageRequest) -> Self {
        let request = *request;
        let size = request.size.get();
        let near = Self { request, ascending: false, limit: size + 1, offset: 0, more: None };
        match request.seek {
            Seek::After(_) => near,
            Seek::Before(_) => Self { ascending: true, ..near },
            Seek::From { offset, .. } => Self { offset, ..near },
            Seek::ByNumber => {
                let skipped = request.skipped();
                match request.total {
                    Some(total) if skipped > total / 2 && skipped < total => {
                        let end = skipped.saturating_add(size).min(total);
                        let (limit, offset) = (end - skipped, total - end);
                        Self { request, ascending: true, limit, offset, more: Some(end < total) }
                    }
                    _ => Self { offset: skipped, ..near },
                }
            }
        }
    }

    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Adds the condition that the place makes for rows `alias`.
    pub(crate) fn seek(&self, sql: &mut Sql, alias: &str) {
        let (sign, cursor) = match self.request.seek {
            Seek::ByNumber => return,
            Seek::From { end, .. } => {
                sql.is(&format!("{alias}.created_at < "), end.micros());
                return;
            }
            Seek::After(cursor) => ("<", cursor),
            Seek::Before(cursor) => (">", cursor),
        };
        sql.condition(&format!("({alias}.created_at, {alias}.id) {sign} ("));
        sql.bind(cursor.at.micros()).push(", ").bind(cursor.id).push(")");
    }

    /// The order in which rows `alias` are read.
    pub(crate) fn order(&self, alias: &str) -> String {
        let way = if self.ascending { "ASC" } else { "DESC" };
        format!(" ORDER BY {alias}.created_at {way}, {alias}.id {way}")
    }

    /// Adds order, limit and offset.
    pub(crate) fn cut(&self, sql: &mut Sql, alias: &str) {
        sql.push(&self.order(alias)).push(" LIMIT ").bind(int(self.limit));
        if self.offset > 0 {
            sql.push(" OFFSET ").bind(int(self.offset));
        }
    }

    /// The page that the rows make.
    pub(crate) fn page<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let size = usize::try_from(self.request.size.get()).unwrap_or(usize::MAX);
        let more = self.more.unwrap_or(rows.len() > size);
        rows.truncate(size);
        if self.ascending {
            rows.reverse();
        }
        let (first, last) = (rows.first().map(&cursor), rows.last().map(&cursor));
        let (newer, older) = match self.request.seek {
            Seek::After(_) => (true, more),
            Seek::Before(_) => (more, true),
            Seek::ByNumber | Seek::From { .. } => (self.request.number > 1, more),
        };
        Page {
            number: self.request.number.max(1),
            size: self.request.size,
            previous: first.filter(|_| newer),
            next: last.filter(|_| older),
            rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use thorax_domain::clock::Timestamp;
    use uuid::Uuid;

    use super::super::PageSize;
    use super::*;

    fn cursor(row: i64) -> Cursor {
        Cursor { at: Timestamp::from_micros(row), id: Uuid::nil() }
    }

    /// What a database would read of the list 100, 99, … 1.
    fn read(window: &Window) -> Vec<i64> {
        let mut list: Vec<i64> = (1..=100).collect();
        match window.request.seek {
            Seek::After(cursor) => list.retain(|row| *row < cursor.at.micros()),
            Seek::Before(cursor) => list.retain(|row| *row > cursor.at.micros()),
            Seek::From { end, .. } => list.retain(|row| *row < end.micros()),
            Seek::ByNumber => {}
        }
        if !window.ascending {
            list.reverse();
        }
        let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
        list.into_iter().skip(number(window.offset)).take(number(window.limit)).collect()
    }

    fn page(request: PageRequest) -> Page<i64> {
        let window = Window::new(&request);
        window.page(read(&window), |row| cursor(*row))
    }

    #[test]
    fn numbers_and_cursors_lead_to_the_same_rows() {
        let size = PageSize::new(30);
        let mut by_cursor = page(PageRequest::first(size));
        assert_eq!(by_cursor.previous, None);
        for number in 2..=4 {
            let next = by_cursor.next.unwrap();
            by_cursor = page(PageRequest { number, seek: Seek::After(next), ..PageRequest::first(size) });
            let by_number = page(PageRequest::numbered(number, size));
            let from_end = page(PageRequest { total: Some(100), ..PageRequest::numbered(number, size) });
            assert_eq!(by_number, by_cursor);
            assert_eq!(from_end, by_cursor);
        }
        assert_eq!(by_cursor.rows, (1..=10).rev().collect::<Vec<_>>());
        assert_eq!(by_cursor.next, None);
        let back = page(PageRequest {
            number: 3,
            seek: Seek::Before(by_cursor.previous.unwrap()),
            ..PageRequest::first(size)
        });
        assert_eq!(back, page(PageRequest::numbered(3, size)));
    }

    #[test]
    fn a_page_after_the_end_is_empty() {
        let beyond = page(PageRequest::numbered(9, PageSize::new(30)));
        assert!(beyond.rows.is_empty() && beyond.next.is_none() && beyond.previous.is_none());
        let beyond = page(PageRequest { total: Some(100), ..PageRequest::numbered(u64::MAX, PageSize::new(30)) });
        assert!(beyond.rows.is_empty());
    }
}
