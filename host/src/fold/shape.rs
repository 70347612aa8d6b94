//! How a merge shares out the memory and the open files that it may have.

/// The means of a merge: memory, threads and open files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    /// Memory for keys, states and rows.
    pub(super) budget_bytes: usize,
    /// Threads that merge.
    pub(super) workers: usize,
    /// Chains of runs that are merged at a time.
    pub(super) fan_in: usize,
    /// Files that this process may have open; `None`: any number.
    pub(super) open_files: Option<u64>,
}

/// How a merge goes about it.
///
/// Half of the budget is for the batches of runs that are being read, and half for rows that are merged and not loaded
/// yet. The rows in work between the two take a small part of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MergeShape {
    /// Threads that merge, each of which reads all runs.
    pub(super) threads: usize,
    /// Chains of runs that are merged at a time.
    pub(super) fan_in: usize,
    /// Runs of a chain that are open at a time: one for each thread, if there may be as many open files.
    pub(super) open_runs: usize,
    /// Memory for the states that are combined at a time, with their keys, in bytes.
    pub(super) gather_bytes: usize,
    /// Memory for the rows that a thread has merged ahead of the store, in bytes.
    pub(super) ahead_bytes: usize,
    /// Memory for a batch of a run, in bytes.
    pub(super) batch_bytes: usize,
}

/// The least and the most memory for a batch of a run: smaller ones would cost more to find than to read.
const LEAST_BATCH_BYTES: usize = 32 << 10;
const MOST_BATCH_BYTES: usize = 512 << 10;

/// The least and the most memory for states that are combined at a time.
const LEAST_GATHER_BYTES: usize = 64 << 10;
const MOST_GATHER_BYTES: usize = 8 << 20;

impl MergeShape {
    /// How to merge chains of runs whose largest batches take `largest` bytes.
    pub(super) fn of(means: &Means, largest: &[usize]) -> Self {
        let half = means.budget_bytes / 2;
        let fan_in = fan_in(means, largest);
        // What is left after merging down is no more than the largest of as many as are merged at a time.
        let mut read: Vec<usize> = largest.to_vec();
        read.sort_unstable_by(|a, b| b.cmp(a));
        let read: usize = read.iter().take(fan_in).sum();
        let threads = (half / read.max(1)).clamp(1, means.workers.max(1));
        MergeShape {
            threads,
            fan_in,
            open_runs: (files_for_runs(means) / fan_in).clamp(1, threads),
            gather_bytes: (half / threads / 8).clamp(LEAST_GATHER_BYTES, MOST_GATHER_BYTES),
            ahead_bytes: half / threads,
            batch_bytes: batch_bytes(means),
        }
    }
}

/// The most memory for a batch of a run, in bytes, with which as many batches as a merge reads at a time fit.
pub(super) fn batch_bytes(means: &Means) -> usize {
    let at_once = 4 * means.workers.max(1) * means.fan_in.max(2);
    (means.budget_bytes / at_once).clamp(LEAST_BATCH_BYTES, MOST_BATCH_BYTES)
}

/// The number of chains that are merged at a time: two at least, however large their batches are.
fn fan_in(means: &Means, largest: &[usize]) -> usize {
    let batch = largest.iter().copied().max().unwrap_or(0).max(1);
    let by_memory = means.budget_bytes / 2 / batch;
    means
        .fan_in
        .min(by_memory)
        .min(files_for_runs(means))
        .max(2)
}

/// The number of runs that may be open at a time. The other files are for the store, the journal, the component and what
/// else is open.
fn files_for_runs(means: &Means) -> usize {
    let files = means.open_files.map_or(u64::MAX, |files| files / 2);
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// The number of files that this process may have open; `None` where there is no limit.
pub(super) fn open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn means(budget_mib: usize, workers: usize) -> Means {
        Means {
            budget_bytes: budget_mib << 20,
            workers,
            fan_in: 32,
            open_files: Some(1_024),
        }
    }

    #[test]
    fn ordinary_runs_are_merged_by_all_workers_at_once() {
        for workers in [1, 2, 16] {
            let means = means(128, workers);
            let shape = MergeShape::of(&means, &[batch_bytes(&means); 32]);
            assert_eq!((shape.threads, shape.fan_in), (workers, 32));
        }
        let two = MergeShape::of(&means(128, 2), &[512 << 10; 10]);
        assert_eq!((two.gather_bytes, two.ahead_bytes), (4 << 20, 32 << 20));
        assert_eq!(two.batch_bytes, 512 << 10);
    }

    #[test]
    fn large_rows_are_merged_by_fewer_threads_and_a_few_at_a_time() {
        let shape = MergeShape::of(&means(128, 16), &[8 << 20; 4]);
        assert_eq!((shape.threads, shape.fan_in), (2, 8));
        let shape = MergeShape::of(&means(8, 16), &[17 << 20; 100]);
        assert_eq!((shape.threads, shape.fan_in), (1, 2));
    }

    #[test]
    fn half_of_the_files_are_left_to_others() {
        let few = Means {
            open_files: Some(40),
            ..means(128, 2)
        };
        let shape = MergeShape::of(&few, &[1; 100]);
        assert_eq!((shape.fan_in, shape.open_runs), (20, 1));
        let none = Means {
            open_files: None,
            ..few
        };
        let shape = MergeShape::of(&none, &[1; 100]);
        assert_eq!((shape.fan_in, shape.open_runs), (32, 2));
        assert!(open_files().is_none_or(|files| files > 3));
    }

    proptest! {
        #[test]
        fn what_is_read_and_what_waits_is_within_the_budget(
            budget_bytes in 0_usize..1 << 30,
            workers in 0_usize..100,
            setting in 0_usize..100,
            largest in prop::collection::vec(0_usize..20 << 20, 0..100),
        ) {
            let means = Means { budget_bytes, workers, fan_in: setting, open_files: Some(256) };
            let shape = MergeShape::of(&means, &largest);
            prop_assert!(shape.threads >= 1 && shape.fan_in >= 2);
            prop_assert!(shape.open_runs == 1 || shape.fan_in * shape.open_runs <= 128);
            let most = largest.iter().max().copied().unwrap_or(0);
            let read = shape.threads * shape.fan_in.min(largest.len()) * most;
            // Two rows at least have to be there to be combined.
            prop_assert!(shape.threads * shape.ahead_bytes <= budget_bytes / 2);
            prop_assert!(shape.threads == 1 || shape.threads * largest.len().min(1) * most <= budget_bytes / 2);
            prop_assert!(shape.fan_in == 2 || read / shape.threads <= budget_bytes / 2);
        }
    }
}
