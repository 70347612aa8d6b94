//! When to walk the graph, when to learn, and when to pause.
//!
//! If members come in ever new orders, each record is a miss: walking and learning cost more than they save. Then the
//! graph is forgotten and the walk pauses, twice as long each time.

/// Number of records in a window.
const WINDOW_RECORDS: u32 = 256;

/// The most misses of a window; with more, the walk pauses.
const MAX_MISSES: u32 = 64;

/// The most records of a window that are learned. Learning a record costs as much as parsing it ten times.
const MAX_LESSONS: u32 = 16;

/// Length of the first and of the longest pause.
const FIRST_PAUSE_RECORDS: u32 = 1 << 12;
const LONGEST_PAUSE_RECORDS: u32 = 1 << 20;

#[derive(Debug)]
pub(super) struct Pace {
    /// Records, misses and lessons of this window.
    records: u32,
    misses: u32,
    lessons: u32,
    /// Length of the next pause, in records.
    pause: u32,
    /// Records left of the current pause.
    left: u32,
    /// [`MAX_MISSES`], or more in tests.
    max_misses: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            records: 0,
            misses: 0,
            lessons: 0,
            pause: FIRST_PAUSE_RECORDS,
            left: 0,
            max_misses: MAX_MISSES,
        }
    }
}

impl Pace {
    /// Never walks.
    #[cfg(any(test, fuzzing))]
    pub(super) fn lazy() -> Self {
        Pace {
            left: u32::MAX,
            ..Pace::default()
        }
    }

    /// Never pauses.
    #[cfg(any(test, fuzzing))]
    pub(super) fn tireless() -> Self {
        Pace {
            max_misses: u32::MAX,
            ..Pace::default()
        }
    }

    /// Whether to walk the graph.
    pub(super) fn is_walking(&self) -> bool {
        self.left == 0
    }

    /// Counts a record of a pause.
    #[inline(always)]
    pub(super) fn rest(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Counts a record that was walked to its end.
    #[inline(always)]
    pub(super) fn hit(&mut self) {
        self.records += 1;
        if self.records >= WINDOW_RECORDS {
            self.begin_window();
        }
    }

    /// Counts a record that left the graph; returns whether a pause begins, for which the graph has to be forgotten.
    #[cold]
    pub(super) fn miss(&mut self) -> bool {
        self.misses += 1;
        if self.misses <= self.max_misses {
            self.hit();
            return false;
        }
        (self.records, self.misses, self.lessons) = (0, 0, 0);
        self.left = self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE_RECORDS);
        true
    }

    /// Whether to learn another record.
    pub(super) fn learns(&mut self) -> bool {
        self.lessons += 1;
        self.lessons <= MAX_LESSONS
    }

    /// Begins a window after one without too many misses.
    fn begin_window(&mut self) {
        (self.records, self.misses, self.lessons) = (0, 0, 0);
        self.pause = (self.pause / 2).max(FIRST_PAUSE_RECORDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Misses until a pause begins, then rests until it is over; how long it was.
    fn pause(pace: &mut Pace) -> u32 {
        while !pace.miss() {}
        let mut records = 0;
        while !pace.is_walking() {
            pace.rest();
            records += 1;
        }
        records
    }

    #[test]
    fn pauses_grow_and_shrink() {
        let mut pace = Pace::default();
        assert_eq!(pause(&mut pace), 4096);
        assert_eq!(pause(&mut pace), 8192);
        for _ in 0..20 {
            pause(&mut pace);
        }
        assert_eq!(pause(&mut pace), 1 << 20);
        for _ in 0..WINDOW_RECORDS * 20 {
            pace.hit();
        }
        assert_eq!(pause(&mut pace), 4096);
    }

    #[test]
    fn a_quarter_of_misses_is_borne() {
        let mut pace = Pace::default();
        for record in 0..10_000 {
            if record % 4 == 0 {
                assert!(!pace.miss());
            } else {
                pace.hit();
            }
        }
        assert_eq!((0..100).filter(|_| pace.learns()).count(), 16);
    }
}
