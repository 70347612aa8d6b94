package guest

import "math"

// smallestNormal is 2^-1022: smaller magnitudes count as zero.
var smallestNormal = math.Float64frombits(1 << 52)

// Products are converted before they are added, so that no machine fuses the two and rounds once.

// ddDensity returns the buckets for each doubling, such that none is wider than an accuracy allows.
func ddDensity(accuracy float64) float64 {
	// ln((1+a)/(1-a)) = 2·(a + a³/3 + a⁵/5 + …): the widest a bucket may be, as a logarithm.
	power, width := accuracy, 0.0
	for odd := 1; odd < 60; odd += 2 {
		width += float64(2*power) / float64(odd)
		power *= float64(accuracy * accuracy)
	}
	// The cubic is nowhere flatter than 10/7 of the natural logarithm.
	return 0.7 / width
}

// ddBucket returns the bucket of a magnitude that is not subnormal.
func ddBucket(magnitude, density float64) int32 {
	bits := math.Float64bits(magnitude)
	exponent := int32(bits>>52) - 1023
	fraction := math.Float64frombits(bits&(1<<52-1)|0x3ff0000000000000) - 1
	// Approximates log₂(1 + fraction), and equals it at both ends.
	const c3, c2, c1 = 6.0 / 35.0, 0.6, 10.0 / 7.0
	cubic := float64(float64(c3*fraction)-c2) * fraction
	cubic = float64(cubic+c1) * fraction
	return int32(math.Floor(float64(float64(exponent)+cubic) * density))
}

// ddMiddle returns the value that is equally far, relatively, from both ends of a bucket.
func ddMiddle(bucket int32, density float64) float64 {
	low, high := ddLowerEnd(bucket, density), ddLowerEnd(bucket+1, density)
	return low * (2 / (1 + low/high))
}

// ddLowerEnd returns the least magnitude that is not in a bucket below at, found by bisection.
func ddLowerEnd(at int32, density float64) float64 {
	low, high := math.Float64bits(smallestNormal), math.Float64bits(math.MaxFloat64)
	for low < high {
		middle := low + (high-low)/2
		if ddBucket(math.Float64frombits(middle), density) < at {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return math.Float64frombits(low)
}
