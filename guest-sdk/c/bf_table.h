// The accumulator: from the hash of a key to its entry, which holds key and state.
//
// Open addressing with linear probing; a slot holds the whole hash, and at least a quarter of the slots is free.
#ifndef BF_TABLE_H
#define BF_TABLE_H

#include "bf_memory.h"

// The head of an entry; key and state follow, then the bytes of the key's texts.
typedef struct bf_entry {
  struct bf_entry *before;  // the entry that was added before this one
  uint32_t hash, record;    // the last record that changed the state
} bf_entry;

typedef struct { uint32_t hash; bf_entry *entry; } bf_slot;

static struct {
  bf_slot *slots;
  uint32_t mask, count;
  bf_entry *last;
  uint32_t record;  // the number of the current record
  uint32_t added;   // the entries that it has added
  bf_mark mark;     // the memory of states before it
  bool draining;    // whether some states have been drained and others not
} bf_table;

#define BF_FIRST_SLOTS 1024u

static inline void bf_set_slots_(uint32_t slots) {
  bf_table.slots = (bf_slot *)memset(bf_system(NULL, slots * sizeof(bf_slot)), 0, slots * sizeof(bf_slot));
  bf_table.mask = slots - 1;
}

static __attribute__((noinline)) void bf_grow_slots_(void) {
  bf_slot *old = bf_table.slots;
  uint32_t slots = bf_table.mask + 1;
  bf_set_slots_(2 * slots);
  for (uint32_t i = 0; i < slots; i++) {
    if (!old[i].entry) continue;
    uint32_t at = old[i].hash & bf_table.mask;
    while (bf_table.slots[at].entry) at = (at + 1) & bf_table.mask;
    bf_table.slots[at] = old[i];
  }
  free(old);
}

// An entry of `bytes` bytes in the free slot `at`.
static inline bf_entry *bf_add_entry_(uint32_t at, uint32_t hash, size_t bytes) {
  bf_entry *entry = (bf_entry *)bf_take(&bf_memory.states, bytes);
  entry->before = bf_table.last;
  entry->hash = hash;
  entry->record = bf_table.record;
  bf_table.last = entry;
  bf_table.slots[at].hash = hash;
  bf_table.slots[at].entry = entry;
  bf_table.added++;
  if (BF_UNLIKELY(++bf_table.count > bf_table.mask / 4 * 3)) bf_grow_slots_();
  return entry;
}

// Empties the slot of an entry, and closes the gap that others were probed across.
static inline void bf_free_slot_(const bf_entry *entry) {
  bf_slot *slots = bf_table.slots;
  uint32_t mask = bf_table.mask, gap = entry->hash & mask;
  while (slots[gap].entry != entry) gap = (gap + 1) & mask;
  for (uint32_t at = (gap + 1) & mask; slots[at].entry; at = (at + 1) & mask) {
    // The entry may move to the gap unless its own place is after it.
    if (((at - slots[at].hash) & mask) < ((at - gap) & mask)) continue;
    slots[gap] = slots[at];
    gap = at;
  }
  slots[gap].entry = NULL;
}

BF_INLINE void bf_begin_record_(void) {
  bf_table.record++;
  bf_table.added = 0;
  bf_memory.log_used = 0;
  bf_table.mark = bf_mark_of(&bf_memory.states);
}

// Undoes the current record: bytes that it has overwritten, then keys that it has added.
static __attribute__((noinline)) void bf_undo_record_(void) {
  bf_bring_back();
  for (; bf_table.added > 0; bf_table.added--) {
    bf_free_slot_(bf_table.last);
    bf_table.last = bf_table.last->before;
    bf_table.count--;
  }
  bf_release(&bf_memory.states, bf_table.mark);
}

static inline void bf_clear_table_(void) {
  memset(bf_table.slots, 0, ((size_t)bf_table.mask + 1) * sizeof(bf_slot));
  bf_table.count = bf_table.record = 0;
  bf_table.last = NULL;
  bf_table.draining = false;
  bf_reset(&bf_memory.states, false);
}

#endif
