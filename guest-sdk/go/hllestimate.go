package guest

import (
	"math"
	"sort"
)

// couponEstimate is the estimate of a sketch that holds coupons.
func couponEstimate(coupons int) float64 {
	x := float64(coupons)
	at := straddle(couponX[:], x)
	y := cubic(x, [4]float64(couponX[at:at+4]), [4]float64(couponY[at:at+4]))
	return max(x, y)
}

// registerSums returns the sums of 2^-register over registers below 32 and over the others, and the number of zeros.
func registerSums(registers []byte) (low, high float64, zeros int) {
	var counts [maxRegister + 1]int
	for _, register := range registers {
		counts[register]++
	}
	// Multiples of one power of two, and few enough: both sums are exact.
	for value, count := range counts {
		part := float64(count) / float64(uint64(1)<<value)
		if value < 32 {
			low += part
		} else {
			high += part
		}
	}
	return low, high, counts[0]
}

// registerEstimate is the composite estimate of a sketch that holds registers: the corrected raw estimate or, for few
// values, the one from the number of registers that are not zero.
func registerEstimate(lgK uint8, registers []byte) float64 {
	low, high, zeros := registerSums(registers)
	k := float64(len(registers))
	raw := rawFactor(lgK, k) * k * k / (low + high)
	xs, stride := compositeX[lgK-4][:], compositeStride[lgK-4]
	last := len(xs) - 1
	switch {
	case raw < xs[0]:
		return 0
	case raw > xs[last]:
		return raw * (stride * float64(last) / xs[last])
	case raw == xs[last]:
		return stride * float64(last)
	}
	at := straddle(xs, raw)
	var ys [4]float64
	for i := range ys {
		ys[i] = stride * float64(at+i)
	}
	corrected := cubic(raw, [4]float64(xs[at:at+4]), ys)
	if corrected > 3*k {
		return corrected
	}
	linear := linearEstimate(len(registers), zeros)
	if (corrected+linear)/2 > crossover(lgK)*k {
		return corrected
	}
	return linear
}

func rawFactor(lgK uint8, k float64) float64 {
	switch lgK {
	case 4:
		return 0.673
	case 5:
		return 0.697
	case 6:
		return 0.709
	default:
		return 0.7213 / (1 + 1.079/k)
	}
}

func crossover(lgK uint8) float64 {
	switch lgK {
	case 4:
		return 0.718
	case 5:
		return 0.672
	default:
		return 0.64
	}
}

// linearEstimate is the number of draws that leave so many of k registers at zero.
func linearEstimate(k, zeros int) float64 {
	if zeros == 0 {
		return float64(k) * math.Log(float64(k)/0.5)
	}
	return float64(k) * (harmonic(k) - harmonic(zeros))
}

// harmonics are the first harmonic numbers, rounded once.
var harmonics = [25]float64{
	0, 1, 3.0 / 2, 11.0 / 6, 25.0 / 12, 137.0 / 60, 49.0 / 20, 363.0 / 140, 761.0 / 280, 7129.0 / 2520, 7381.0 / 2520,
	83711.0 / 27720, 86021.0 / 27720, 1145993.0 / 360360, 1171733.0 / 360360, 1195757.0 / 360360, 2436559.0 / 720720,
	42142223.0 / 12252240, 14274301.0 / 4084080, 275295799.0 / 77597520, 55835135.0 / 15519504, 18858053.0 / 5173168,
	19093197.0 / 5173168, 444316699.0 / 118982864, 1347822955.0 / 356948592,
}

// harmonic is 1 + 1/2 + … + 1/n.
func harmonic(n int) float64 {
	if n < 25 {
		return harmonics[n]
	}
	x := float64(n)
	square := 1 / float64(x*x)
	sum := math.Log(x) + 0.5772156649015329 + 1/(2*x)
	power := square
	for _, divisor := range []float64{-12, 120, -252, 240} {
		sum += float64(power * (1 / divisor))
		power *= square
	}
	return sum
}

// straddle returns the first of four places of xs, increasing, that x lies among.
func straddle(xs []float64, x float64) int {
	at := sort.Search(len(xs), func(i int) bool { return xs[i] > x }) - 1
	return min(max(at-1, 0), len(xs)-4)
}

// cubic is the value at x of the polynomial through four points.
func cubic(x float64, xs, ys [4]float64) float64 {
	sum := 0.0
	for i := range 4 {
		numerator, denominator := 1.0, 1.0
		for j := range 4 {
			if j != i {
				numerator *= x - xs[j]
				denominator *= xs[i] - xs[j]
			}
		}
		sum += float64(ys[i] * numerator / denominator)
	}
	return sum
}
