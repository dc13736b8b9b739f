/* The scan's loops, compiled once for each set of instructions. The including file defines NAME(function). */
#include <string.h>

#include "lanes.h"
#include "tally_simd.h"

static inline uint32_t *NAME(flatten)(uint64_t bits, uint32_t base, uint32_t *out) {
  uint32_t *end = out + __builtin_popcountll(bits);
  while (bits) {
    /* Four at a time: what is written beyond the end is overwritten by the next. */
    for (int k = 0; k < 4; k++) {
      *out++ = base + (uint32_t)__builtin_ctzll(bits | (1ULL << 63));
      bits &= bits - 1;
    }
  }
  return end;
}

/* The next 64 bytes; fewer at the end, where letters stand behind it and `valid` tells which are real. */
static inline tally_lanes NAME(load)(const uint8_t *bytes, size_t left, uint64_t *valid) {
  if (left >= 64) {
    *valid = ~0ULL;
    return lanes_load(bytes);
  }
  uint8_t rest[64];
  memset(rest, 'x', sizeof rest);
  memcpy(rest, bytes, left);
  *valid = (1ULL << left) - 1;
  return lanes_load(rest);
}

tally_structure NAME(index)(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                            uint32_t *positions) {
  tally_structure found = {0, 0, 0, 0, 0};
  tally_quoting state = {0, 1, 0, 0, 0};
  uint64_t any_quote = 0, nul = 0;
  int foreign = 0;
  uint32_t *out = positions;
  for (size_t i = 0; i < length; i += 64) {
    uint64_t valid;
    tally_lanes lanes = NAME(load)(bytes + i, length - i, &valid);
    uint64_t quotes = lanes_equal(lanes, quote) & valid;
    uint64_t feeds = lanes_equal(lanes, '\n') & valid;
    uint64_t separators = (lanes_equal(lanes, delimiter) & valid) | feeds;
    foreign |= lanes_foreign(lanes);
    nul |= lanes_equal(lanes, 0) & valid;
    any_quote |= quotes;
    if (any_quote) {
      uint64_t returns = lanes_equal(lanes, '\r') & valid;
      separators = quoting_step(&state, quotes, separators, feeds, returns, valid);
      if (state.irregular) break;
    } else {
      state.separated = separators >> 63;
    }
    if ((size_t)(out - positions) + 68 > length) {
      for (; separators; separators &= separators - 1) *out++ = (uint32_t)i + (uint32_t)__builtin_ctzll(separators);
    } else {
      out = NAME(flatten)(separators, (uint32_t)i, out);
    }
  }
  found.count = (size_t)(out - positions);
  found.quotes = any_quote != 0;
  found.irregular = state.irregular != 0;
  found.foreign = (uint8_t)foreign;
  found.nul = nul != 0;
  return found;
}

tally_boundary NAME(find_boundary)(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                   uint8_t inside) {
  tally_boundary found = {0, 0, 0, 0};
  tally_quoting state = {inside ? ~0ULL : 0, !inside, 0, 0, 0};
  uint64_t last_feeds = 0;
  size_t last_block = 0;
  for (size_t i = 0; i < length; i += 64) {
    uint64_t valid;
    tally_lanes lanes = NAME(load)(bytes + i, length - i, &valid);
    uint64_t quotes = lanes_equal(lanes, quote) & valid;
    uint64_t feeds = lanes_equal(lanes, '\n') & valid;
    uint64_t separators = (lanes_equal(lanes, delimiter) & valid) | feeds;
    uint64_t returns = lanes_equal(lanes, '\r') & valid;
    uint64_t outside = quoting_step(&state, quotes, separators, feeds, returns, valid) & feeds;
    if (outside) {
      last_feeds = outside;
      last_block = i;
    }
    if (valid != ~0ULL) {
      /* The state of the last real byte, not of the letters behind it. */
      uint64_t real = length - i - 1;
      state.closed = (quotes >> real & 1) && !state.inside;
    }
  }
  if (last_feeds) found.last = last_block + 64 - (size_t)__builtin_clzll(last_feeds);
  found.irregular = state.irregular != 0;
  found.inside = state.inside != 0;
  found.closed = (uint8_t)(state.closed & 1);
  return found;
}

size_t NAME(count)(const uint8_t *bytes, size_t length, uint8_t byte) {
  size_t count = 0;
  for (size_t i = 0; i < length; i += 64) {
    uint64_t valid;
    tally_lanes lanes = NAME(load)(bytes + i, length - i, &valid);
    count += (size_t)__builtin_popcountll(lanes_equal(lanes, byte) & valid);
  }
  return count;
}
