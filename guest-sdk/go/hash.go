package guest

import (
	"math"
	"math/bits"
	"unsafe"
)

// hashSeed is the default seed of Apache DataSketches.
const hashSeed = 9001

const (
	murmur1 = 0x87c37b91114253d5
	murmur2 = 0x4cf5ad432745937f
)

func mix1(k uint64) uint64 { return bits.RotateLeft64(k*murmur1, 31) * murmur2 }
func mix2(k uint64) uint64 { return bits.RotateLeft64(k*murmur2, 33) * murmur1 }

func avalanche(k uint64) uint64 {
	k = (k ^ k>>33) * 0xff51afd7ed558ccd
	k = (k ^ k>>33) * 0xc4ceb9fe1a85ec53
	return k ^ k>>33
}

// murmur3 is Austin Appleby's MurmurHash3_x64_128, with a seed of 64 bits as DataSketches has it.
func murmur3(text string, seed uint64) (h1, h2 uint64) {
	h1, h2 = seed, seed
	p, n := unsafe.Pointer(unsafe.StringData(text)), uintptr(len(text))
	at := uintptr(0)
	for ; at+16 <= n; at += 16 {
		h1 = bits.RotateLeft64(h1^mix1(load64(p, at)), 27) + h2
		h1 = h1*5 + 0x52dce729
		h2 = bits.RotateLeft64(h2^mix2(load64(p, at+8)), 31) + h1
		h2 = h2*5 + 0x38495ab5
	}
	// A missing half mixes to zero, so a padded tail is the same as a short one.
	switch rest := n - at; {
	case rest > 8:
		h2 ^= mix2(load64(p, n-8) >> (8 * (16 - rest)))
		h1 ^= mix1(load64(p, at))
	case rest > 0:
		h1 ^= mix1(lastWord(unsafe.Add(p, at), rest))
	}
	return finish(h1, h2, uint64(len(text)))
}

// murmur3Word is murmur3 of the eight bytes of a word.
func murmur3Word(word, seed uint64) (h1, h2 uint64) { return finish(seed^mix1(word), seed, 8) }

func finish(h1, h2, length uint64) (uint64, uint64) {
	h1, h2 = h1^length, h2^length
	h1 += h2
	h2 += h1
	h1, h2 = avalanche(h1), avalanche(h2)
	h1 += h2
	return h1, h1 + h2
}

// hashOfFloat hashes a float as DataSketches does: -0 as 0, all NaN alike.
func hashOfFloat(value float64) (h1, h2 uint64) {
	word := math.Float64bits(value)
	if value == 0 {
		word = 0
	} else if value != value {
		word = 0x7ff8000000000000
	}
	return murmur3Word(word, hashSeed)
}
