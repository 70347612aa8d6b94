//! The buckets of a [`DdSketch`](super::DdSketch): from a magnitude to its bucket and back.

/// Buckets for each doubling, such that none is wider than `accuracy` allows.
pub(super) fn density(accuracy: f64) -> f64 {
    // ln((1+a)/(1−a)) = 2·(a + a³/3 + a⁵/5 + …): the widest a bucket may be, as a logarithm.
    let mut power = accuracy;
    let mut width = 0.0;
    for odd in (1..60).step_by(2) {
        width += 2.0 * power / f64::from(odd);
        power *= accuracy * accuracy;
    }
    // The cubic is nowhere flatter than 10/7 of the natural logarithm.
    0.7 / width
}

/// The bucket of a magnitude that is not subnormal.
pub(super) fn bucket(magnitude: f64, density: f64) -> i32 {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = magnitude.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    let fraction = f64::from_bits(bits & FRACTION | 1.0_f64.to_bits()) - 1.0;
    // Approximates log₂(1 + fraction), and equals it at both ends.
    let cubic = ((6.0 / 35.0 * fraction - 0.6) * fraction + 10.0 / 7.0) * fraction;
    ((f64::from(exponent) + cubic) * density).floor() as i32
}

/// The value that is equally far, relatively, from both ends of a bucket.
pub(super) fn middle(bucket: i32, density: f64) -> f64 {
    let low = lower_end(bucket, density);
    let high = lower_end(bucket + 1, density);
    low * (2.0 / (1.0 + low / high))
}

/// The least magnitude that is not in a bucket below `at`, found by bisection.
fn lower_end(at: i32, density: f64) -> f64 {
    let (mut low, mut high) = (f64::MIN_POSITIVE.to_bits(), f64::MAX.to_bits());
    while low < high {
        let middle = low.midpoint(high);
        if bucket(f64::from_bits(middle), density) < at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    f64::from_bits(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubling_takes_the_documented_number_of_buckets() {
        let density = density(0.01);
        let of = |magnitude| bucket(magnitude, density);
        assert_eq!(of(2.0) - of(1.0), 34);
        assert_eq!(of(1.0) - of(0.001), 349);
        assert_eq!(of(f64::MAX) - of(f64::MIN_POSITIVE), 71_607);
    }

    #[test]
    fn buckets_abut_and_are_narrow_enough() {
        for accuracy in [0.2, 0.01, 0.0001] {
            let density = density(accuracy);
            let ends = [f64::MIN_POSITIVE, 1e-3, 1.0, 1e100, f64::MAX / 4.0];
            for at in ends.map(|end| bucket(end, density)) {
                for at in at..(at + 200).min(bucket(f64::MAX, density)) {
                    let low = lower_end(at, density);
                    let high = lower_end(at + 1, density);
                    assert!(bucket(low, density) == at || low == f64::MIN_POSITIVE);
                    assert!(low < high && bucket(high.next_down(), density) == at);
                    let middle = middle(at, density);
                    let error = (middle / low - 1.0).max(1.0 - middle / high);
                    assert!(error <= accuracy * (1.0 + 1e-9), "{at}: {error}");
                }
            }
        }
    }
}
