//! How often each level of 8 bits occurs.

/// A histogram in four parts, which add up to it: in a flat area a single one would wait for its own last increment at
/// every pixel.
pub(crate) type Lanes<'a> = [&'a mut [u32; 256]; 4];

/// Adds the samples to the four parts.
pub(crate) fn count(samples: &[u8], lanes: Lanes<'_>) {
    let [a, b, c, d] = lanes;
    let (fours, rest) = samples.as_chunks::<4>();
    for four in fours {
        a[usize::from(four[0])] += 1;
        b[usize::from(four[1])] += 1;
        c[usize::from(four[2])] += 1;
        d[usize::from(four[3])] += 1;
    }
    for &sample in rest {
        a[usize::from(sample)] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_sample_once() {
        let samples: Vec<u8> = (0..=255).chain([7; 6]).collect();
        let mut lanes = [[0; 256]; 4];
        count(&samples, lanes.each_mut());
        for level in 0..256 {
            let sum: u32 = lanes.iter().map(|lane| lane[level]).sum();
            assert_eq!(sum, if level == 7 { 7 } else { 1 });
        }
    }
}
