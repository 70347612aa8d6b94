//! The limits on the memory, the tables and the parts of an instance.

use wasmtime::{ResourceLimiter, Result, format_err};

use super::Limits;
use crate::units::ByteSize;

/// The memory of an instance and its limits. Growth beyond a limit is a trap: the result of a component that went on
/// without the memory would depend on the limit.
pub(super) struct Growth {
    memory_limit: usize,
    table_limit: usize,
    parts: usize,
    memory_bytes: usize,
    /// The bytes that the last `memory.grow` added, in case the system refuses it.
    last_added_bytes: usize,
    refused: Option<Refused>,
}

/// Growth that was refused.
pub(super) struct Refused {
    pub(super) what: &'static str,
    pub(super) wanted: String,
    pub(super) limit: String,
    pub(super) setting: &'static str,
}

impl Growth {
    pub(super) fn new(limits: &Limits) -> Self {
        Growth {
            memory_limit: limits.memory.bytes(),
            table_limit: usize::try_from(limits.table_elements).unwrap_or(usize::MAX),
            parts: limits.instances as usize,
            memory_bytes: 0,
            last_added_bytes: 0,
            refused: None,
        }
    }

    /// The bytes of all memories of the instance.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// The last refusal, which is removed.
    pub(super) fn take_refused(&mut self) -> Option<Refused> {
        self.refused.take()
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let added = desired.saturating_sub(current);
        let total = self.memory_bytes.saturating_add(added);
        if total > self.memory_limit {
            let limit = ByteSize(self.memory_limit as u64).to_string();
            let wanted = ByteSize(total as u64).to_string();
            self.refused = Some(Refused {
                what: "memory",
                wanted,
                limit,
                setting: "memory",
            });
            return Err(format_err!("memory refused"));
        }
        self.memory_bytes = total;
        self.last_added_bytes = added;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.memory_bytes -= std::mem::take(&mut self.last_added_bytes);
        // The machine is out of memory, or the module wants more than it declares. The second is no error of the host.
        tracing::debug!(error = %error, "a component's memory did not grow");
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if desired > self.table_limit {
            let (wanted, limit) = (desired.to_string(), self.table_limit.to_string());
            self.refused = Some(Refused {
                what: "table elements",
                wanted,
                limit,
                setting: "table_elements",
            });
            return Err(format_err!("table elements refused"));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.parts
    }

    fn tables(&self) -> usize {
        self.parts
    }

    fn memories(&self) -> usize {
        self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(memory: u64) -> Growth {
        Growth::new(&Limits {
            memory: ByteSize(memory),
            table_elements: 10,
            ..Limits::default()
        })
    }

    #[test]
    fn memories_count_together() {
        let mut growth = growth(100);
        assert!(growth.memory_growing(0, 60, None).unwrap());
        assert!(growth.memory_growing(0, 40, None).unwrap());
        assert_eq!(growth.memory_bytes(), 100);
        assert!(growth.memory_growing(40, 41, None).is_err());
        assert_eq!(growth.take_refused().unwrap().wanted, "101 B");
        assert!(growth.take_refused().is_none());
    }

    #[test]
    fn what_the_system_refused_is_not_counted() {
        let mut growth = growth(100);
        assert!(growth.memory_growing(0, 60, None).unwrap());
        growth.memory_grow_failed(format_err!("no memory")).unwrap();
        assert!(!growth.memory_growing(0, 60, Some(50)).unwrap());
        growth
            .memory_grow_failed(format_err!("over its maximum"))
            .unwrap();
        assert_eq!(growth.memory_bytes(), 0);
    }

    #[test]
    fn tables_are_refused_one_by_one() {
        let mut growth = growth(100);
        assert!(growth.table_growing(0, 10, None).unwrap());
        assert!(growth.table_growing(0, 11, None).is_err());
        assert_eq!(growth.take_refused().unwrap().setting, "table_elements");
    }
}
