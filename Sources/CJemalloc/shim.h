// The C that the store needs: the allocator, and two instructions that Swift has no word for.
#pragma once

#include <jemalloc/jemalloc.h>
#include <stdint.h>

// Asks for the cache line at `address`; any address is allowed, mapped or not.
static inline void cambium_prefetch(const void *address) {
  __builtin_prefetch(address, 0, 3);
}

// The access clock of an entry is written in place while other threads may read it.
static inline void cambium_store_relaxed_u32(uint32_t *at, uint32_t value) {
  __atomic_store_n(at, value, __ATOMIC_RELAXED);
}

static inline uint32_t cambium_load_relaxed_u32(const uint32_t *at) {
  return __atomic_load_n(at, __ATOMIC_RELAXED);
}
