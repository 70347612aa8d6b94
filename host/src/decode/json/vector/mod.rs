//! Operations on 32 or 64 bytes at once.
//!
//! Each set of instructions is a type that implements [`Vector`]; a value of that type proves that the processor has
//! them. [`Processor`] finds the best set once, and a [`Task`] is compiled for each. A function is compiled with the
//! instructions of the function that it is inlined into; outside of it, each vector instruction would become a call. So
//! a whole task is inlined into [`Vector::call`], except the parts that it passes to another `call`.
//!
//! | file | content |
//! |---|---|
//! | `portable` | arithmetic on words, for every processor |
//! | `x86` | AVX2 |
//! | `processor` | the choice between them |

mod portable;
mod processor;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use portable::Portable;
pub(in crate::decode) use processor::Processor;

/// Whether the structure of JSON may depend on the byte wherever it occurs: a quote, a backslash, a control character.
#[inline(always)]
pub(super) fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

/// A set of vector instructions.
pub(super) trait Vector: Copy {
    /// A mask: bit n is set if byte n [`is_special`].
    fn specials(self, bytes: &[u8; 64]) -> u64;

    /// Index of the first special byte; 32 if there is none.
    fn first_special(self, bytes: &[u8; 32]) -> usize;

    /// Whether `bytes` begin with `head`.
    fn begins(self, bytes: &[u8; 32], head: &Head) -> bool;

    /// Runs `task` with these instructions in a function of its own.
    fn call<T: Task>(self, task: T) -> T::Output;
}

/// Up to 32 bytes to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    bytes: [u8; 32],
    len: u32,
    /// A bit for each byte in use.
    mask: u32,
}

impl Head {
    /// The beginning of `text`, up to 32 bytes.
    pub(super) fn of(text: &[u8]) -> Self {
        let len = text.len().min(32);
        let mut bytes = [0; 32];
        bytes[..len].copy_from_slice(&text[..len]);
        Head {
            bytes,
            len: len as u32,
            mask: ((1u64 << len) - 1) as u32,
        }
    }
}

/// A computation that is compiled for each set of instructions.
pub(super) trait Task {
    type Output;

    /// Runs the task. Has to be `#[inline(always)]`, and so have the functions in it that are worth inlining.
    fn run<V: Vector>(self, vector: V) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Specials<'a>(&'a [u8; 64]);

    impl Task for Specials<'_> {
        type Output = u64;

        #[inline(always)]
        fn run<V: Vector>(self, vector: V) -> u64 {
            vector.specials(self.0)
        }
    }

    struct FirstSpecial<'a>(&'a [u8; 32]);

    impl Task for FirstSpecial<'_> {
        type Output = usize;

        #[inline(always)]
        fn run<V: Vector>(self, vector: V) -> usize {
            vector.first_special(self.0)
        }
    }

    struct Begins<'a>(&'a [u8; 32], &'a Head);

    impl Task for Begins<'_> {
        type Output = bool;

        #[inline(always)]
        fn run<V: Vector>(self, vector: V) -> bool {
            vector.begins(self.0, self.1)
        }
    }

    /// Bytes that arithmetic on words gets wrong most easily: neighbours of the special ones, with and without
    /// the high bit.
    const FILLERS: [u8; 12] = [
        b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0x9f, 0xa2, 0xdc, 0xff,
    ];

    #[test]
    fn each_byte_at_each_place_is_told_special_or_not() {
        for processor in Processor::all() {
            for filler in FILLERS {
                for byte in 0..=255 {
                    for at in 0..64 {
                        let mut bytes = [filler; 64];
                        bytes[at] = byte;
                        let expected = u64::from(is_special(byte)) << at;
                        let found = processor.run(Specials(&bytes));
                        assert_eq!(found, expected, "{processor:?}: {byte:#x} in {filler:#x}");
                    }
                }
            }
        }
    }

    #[test]
    fn neighbours_do_not_change_what_is_special() {
        for processor in Processor::all() {
            for pair in [
                [0x1f, 0x20],
                [b'"', b'#'],
                [b'"', b'"'],
                [0, 1],
                [b'\\', b']'],
            ] {
                let bytes = std::array::from_fn(|at| pair[at % 2]);
                let expected =
                    (0..64).fold(0, |mask, at| mask | u64::from(is_special(bytes[at])) << at);
                let found = processor.run(Specials(&bytes));
                assert_eq!(found, expected, "{processor:?}: {pair:x?}");
            }
        }
    }

    #[test]
    fn the_first_special_byte_is_found() {
        for processor in Processor::all() {
            for filler in FILLERS {
                let bytes = [filler; 32];
                assert_eq!(processor.run(FirstSpecial(&bytes)), 32, "{processor:?}");
                for special in (0..=255).filter(|byte| is_special(*byte)) {
                    for at in 0..32 {
                        let mut bytes = [filler; 32];
                        bytes[at] = special;
                        // A later one must not hide it.
                        bytes[31] = special;
                        let found = processor.run(FirstSpecial(&bytes));
                        assert_eq!(found, at, "{processor:?}: {special:#x} in {filler:#x}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_the_bytes_of_the_head_are_compared() {
        let text: [u8; 40] = std::array::from_fn(|at| 100 + at as u8);
        for processor in Processor::all() {
            for len in 0..=40 {
                let head = Head::of(&text[..len]);
                for differs in 0..32 {
                    let mut bytes = *text.first_chunk().unwrap();
                    assert!(processor.run(Begins(&bytes, &head)), "{processor:?}: {len}");
                    for bit in 0..8 {
                        bytes[differs] = text[differs] ^ 1 << bit;
                        let begins = processor.run(Begins(&bytes, &head));
                        assert_eq!(begins, differs >= len, "{processor:?}: {differs} of {len}");
                    }
                }
            }
        }
    }
}
