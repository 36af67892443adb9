//! Where an axis has its marks.

/// The top of an axis from 0 that holds `most`, and the distance of its marks: 1, 2 or 5 times a power of ten, three to six
/// of them.
pub fn marks(most: u64) -> (u64, u64) {
    let most = most.max(1);
    let mut decade = 1;
    loop {
        for step in [decade, 2 * decade, 5 * decade] {
            if most.div_ceil(step) <= 5 {
                return (most.div_ceil(step) * step, step);
            }
        }
        decade *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::marks;

    #[test]
    fn marks_are_round_and_few() {
        let tops = [0, 1, 5, 6, 11, 26, 99, 1_000, 123_456].map(marks);
        let expected = [(1, 1), (1, 1), (5, 1), (6, 2), (15, 5), (30, 10), (100, 20), (1_000, 200), (150_000, 50_000)];
        assert_eq!(tops, expected);
    }
}
