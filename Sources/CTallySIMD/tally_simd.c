#include "tally_simd.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline void index_byte(const uint8_t *bytes, size_t i, uint8_t delimiter, uint8_t quote, uint32_t *positions,
                              tally_structure *found) {
  uint8_t byte = bytes[i];
  if (byte == delimiter || byte == '\n' || byte == quote) positions[found->count++] = (uint32_t)i;
  found->quotes |= byte == quote;
  found->foreign |= byte >> 7;
  found->nul |= byte == 0;
}

tally_structure tally_index_scalar(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                   uint32_t *positions) {
  tally_structure found = {0, 0, 0, 0};
  for (size_t i = 0; i < length; i++) index_byte(bytes, i, delimiter, quote, positions, &found);
  return found;
}

#if defined(__SSE2__)

/* One bit for each of 64 bytes that equals `wanted`. */
static inline uint64_t equal_mask(const __m128i lanes[4], __m128i wanted) {
  uint64_t a = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes[0], wanted));
  uint64_t b = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes[1], wanted));
  uint64_t c = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes[2], wanted));
  uint64_t d = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes[3], wanted));
  return a | b << 16 | c << 32 | d << 48;
}

tally_structure tally_index(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                            uint32_t *positions) {
  tally_structure found = {0, 0, 0, 0};
  const __m128i delimiters = _mm_set1_epi8((char)delimiter), quotes = _mm_set1_epi8((char)quote);
  const __m128i feeds = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();
  __m128i foreign = zero, nul = zero;
  uint64_t any_quote = 0;
  size_t i = 0;
  for (; i + 64 <= length; i += 64) {
    __m128i lanes[4];
    for (int k = 0; k < 4; k++) lanes[k] = _mm_loadu_si128((const __m128i *)(bytes + i + 16 * k));
    foreign = _mm_or_si128(foreign, _mm_or_si128(_mm_or_si128(lanes[0], lanes[1]), _mm_or_si128(lanes[2], lanes[3])));
    __m128i least = _mm_min_epu8(_mm_min_epu8(lanes[0], lanes[1]), _mm_min_epu8(lanes[2], lanes[3]));
    nul = _mm_or_si128(nul, _mm_cmpeq_epi8(least, zero));
    uint64_t quoted = equal_mask(lanes, quotes);
    uint64_t bits = equal_mask(lanes, delimiters) | equal_mask(lanes, feeds) | quoted;
    any_quote |= quoted;
    while (bits) {
      positions[found.count++] = (uint32_t)(i + (size_t)__builtin_ctzll(bits));
      bits &= bits - 1;
    }
  }
  found.quotes = any_quote != 0;
  found.foreign = _mm_movemask_epi8(foreign) != 0;
  found.nul = _mm_movemask_epi8(nul) != 0;
  for (; i < length; i++) index_byte(bytes, i, delimiter, quote, positions, &found);
  return found;
}

#else

tally_structure tally_index(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                            uint32_t *positions) {
  return tally_index_scalar(bytes, length, delimiter, quote, positions);
}

#endif

size_t tally_count(const uint8_t *bytes, size_t length, uint8_t byte) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) count += bytes[i] == byte;
  return count;
}

size_t tally_last(const uint8_t *bytes, size_t length, uint8_t byte) {
  for (size_t i = length; i > 0; i--)
    if (bytes[i - 1] == byte) return i - 1;
  return length;
}
