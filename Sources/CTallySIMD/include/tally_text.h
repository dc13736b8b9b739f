/* Short texts as wholes: hashed and compared without a loop or a branch on their length. 31 bytes behind a text may be
 * read; what stands there doesn't matter. */
#ifndef TALLY_TEXT_H
#define TALLY_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The most bytes of a short text. */
#define TALLY_SHORT_TEXT 32

/* All ones, then zeros: from byte 32 - n on, n bytes are ones. */
static const uint8_t tally_text_masks[64] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

static inline __attribute__((always_inline)) uint64_t tally_fold(uint64_t left, uint64_t right) {
  unsigned __int128 product = (unsigned __int128)left * right;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline __attribute__((always_inline)) uint64_t tally_word(const void *text, size_t offset) {
  uint64_t word;
  memcpy(&word, (const uint8_t *)text + offset, 8);
  return word;
}

/* A hash of a text of at most 32 bytes under a seed: wide multiplications (the construction of wyhash). */
static inline __attribute__((always_inline)) uint64_t tally_hash_short(const void *text, size_t length, uint64_t seed) {
  const uint8_t *masks = tally_text_masks + 32 - length;
  uint64_t other = (seed << 32 | seed >> 32) + length * 0x9E3779B97F4A7C15ULL;
  uint64_t first = tally_word(text, 0) & tally_word(masks, 0), second = tally_word(text, 8) & tally_word(masks, 8);
  uint64_t head = tally_fold(first ^ seed, second ^ other ^ 0xD6E8FEB86659FD93ULL);
  if (length <= 16) return head;
  uint64_t third = tally_word(text, 16) & tally_word(masks, 16), fourth = tally_word(text, 24) & tally_word(masks, 24);
  uint64_t tail = tally_fold(third ^ other, fourth ^ seed ^ 0xA0761D6478BD642FULL);
  return tally_fold(head ^ 0xE7037ED1A0B428DBULL, tail ^ seed);
}

/* 1: the two texts, both of `length` bytes, at most 32, are equal. */
static inline __attribute__((always_inline)) int tally_equal_short(const void *left, const void *right, size_t length) {
#if defined(__SSE2__)
  const uint8_t *a = (const uint8_t *)left, *b = (const uint8_t *)right, *m = tally_text_masks + 32 - length;
  __m128i low = _mm_xor_si128(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));
  __m128i high = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(a + 16)), _mm_loadu_si128((const __m128i *)(b + 16)));
  low = _mm_and_si128(low, _mm_loadu_si128((const __m128i *)m));
  high = _mm_and_si128(high, _mm_loadu_si128((const __m128i *)(m + 16)));
  __m128i any = _mm_or_si128(low, high);
  return _mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) == 0xFFFF;
#else
  return memcmp(left, right, length) == 0;
#endif
}

/* Copies 32 bytes, of which the text is the first. */
static inline void tally_copy_short(void *target, const void *text) {
  uint64_t words[4];
  memcpy(words, text, 32);
  memcpy(target, words, 32);
}

#endif
