// Memory: two arenas and the log that undoes a rejected record.
//
// The arena of states lives until the accumulator is drained, that of the call until its answer has been read. Both
// keep their memory for the next time, so an instance grows to what its largest window needs, and no further.
#ifndef BF_MEMORY_H
#define BF_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "bf_abi.h"

#define BF_INLINE static inline __attribute__((always_inline))
#define BF_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

// Sixteen bytes are the alignment of everything here; `pad` brings the head to a multiple of them.
typedef struct bf_chunk { struct bf_chunk *next; size_t size, used, pad; } bf_chunk;
typedef struct { bf_chunk *first, *current; size_t next_size; } bf_arena;
typedef struct { bf_chunk *current; size_t used; } bf_mark;

// The bytes of a chunk. Where AddressSanitizer runs, each allocation is a chunk of its own, so that it sees the bounds.
#if defined(__SANITIZE_ADDRESS__)
#define BF_CHUNK_BYTES 1
#else
#define BF_CHUNK_BYTES (256 << 10)
#endif

typedef struct {
  bf_arena states, call;
  bf_arena scratch;     // of one row in combine and present
  bf_arena kept;        // of the parameters, as long as the instance
  bf_arena *heap;       // where bf_alloc allocates
  bool undo;            // whether bf_remember keeps bytes
  uint8_t *log;         // bytes that the current record has overwritten, each followed by its place
  size_t log_used, log_size;
  const char *failure;  // what bf_fail was told
  const char *refused;  // why a monoid refused a value of the current record
} bf_memory_;

static bf_memory_ bf_memory;

typedef struct { void *at; size_t bytes; } bf_place_;

// Memory from the system. An instance that gets none ends; the host then names the limit that it has met.
static inline void *bf_system(void *old, size_t bytes) {
  void *got = realloc(old, bytes);
  if (!got) __builtin_trap();
  return got;
}

static __attribute__((noinline)) void bf_add_chunk(bf_arena *arena, size_t bytes) {
  bf_chunk *next = arena->current ? arena->current->next : arena->first;
  while (next && next->size < bytes) next = next->next;
  if (!next) {
    size_t least = arena == &bf_memory.kept ? 1 : BF_CHUNK_BYTES, size = bytes > least ? bytes : least;
    if (size < arena->next_size) size = arena->next_size;
    arena->next_size = 0;
    next = (bf_chunk *)bf_system(NULL, sizeof *next + size);
    next->size = size;
    next->next = arena->current ? arena->current->next : arena->first;
    if (arena->current) arena->current->next = next;
    else arena->first = next;
  }
  next->used = 0;
  arena->current = next;
}

// Memory for some bytes, aligned to 16 bytes.
static inline void *bf_take(bf_arena *arena, size_t bytes) {
  bytes = (bytes + 15) & ~(size_t)15;
  if (BF_UNLIKELY(!arena->current || arena->current->size - arena->current->used < bytes)) bf_add_chunk(arena, bytes);
  void *got = (char *)(arena->current + 1) + arena->current->used;
  arena->current->used += bytes;
  return got;
}

static inline bf_mark bf_mark_of(const bf_arena *arena) {
  bf_mark mark = {arena->current, arena->current ? arena->current->used : 0};
  return mark;
}

// Gives back what was taken since the mark.
static inline void bf_release(bf_arena *arena, bf_mark mark) {
  arena->current = mark.current;
  if (mark.current) mark.current->used = mark.used;
}

// Gives back everything. If it was in several chunks, the next one has room for all of it.
static inline void bf_reset(bf_arena *arena, bool in_one) {
  bool is_exact = BF_CHUNK_BYTES == 1;
  if (arena->first && (is_exact || (in_one && arena->first->next))) {
    size_t total = 0;
    for (bf_chunk *chunk = arena->first, *next; chunk; chunk = next) {
      next = chunk->next;
      total += chunk->size;
      free(chunk);
    }
    arena->first = NULL;
    arena->next_size = is_exact ? 0 : total;
  }
  arena->current = NULL;
}

// Memory for a part of a state, aligned to 16 bytes. It lives as long as the state, and is never freed by itself. Bytes
// that an earlier record has written may be changed only after bf_remember.
static inline void *bf_alloc(size_t bytes) { return bf_take(bf_memory.heap, bytes); }

// Memory of the call, as the host asks for it.
static inline void *bf_realloc_(void *old, size_t old_size, size_t size) {
  void *got = bf_take(&bf_memory.call, size);
  return old_size ? memcpy(got, old, old_size < size ? old_size : size) : got;
}

static __attribute__((noinline)) void bf_grow_log(size_t bytes) {
  bf_memory.log_size = (bf_memory.log_size + bytes) * 2;
  bf_memory.log = (uint8_t *)bf_system(bf_memory.log, bf_memory.log_size);
}

// Keeps the bytes at a place, which come back if the record is rejected. A state that bf_at returned is kept already;
// memory from bf_alloc that a state refers to is not.
BF_INLINE void bf_remember(void *at, size_t bytes) {
  if (!bf_memory.undo) return;
  size_t needed = bytes + sizeof(bf_place_);
  if (BF_UNLIKELY(bf_memory.log_size - bf_memory.log_used < needed)) bf_grow_log(needed);
  bf_place_ place = {at, bytes};
  memcpy(bf_memory.log + bf_memory.log_used, at, bytes);
  memcpy(bf_memory.log + bf_memory.log_used + bytes, &place, sizeof place);
  bf_memory.log_used += needed;
}

// Brings back all bytes that were kept, the newest first.
static inline void bf_bring_back(void) {
  while (bf_memory.log_used > 0) {
    bf_place_ place;
    bf_memory.log_used -= sizeof place;
    memcpy(&place, bf_memory.log + bf_memory.log_used, sizeof place);
    bf_memory.log_used -= place.bytes;
    memcpy(place.at, bf_memory.log + bf_memory.log_used, place.bytes);
  }
}

#endif
