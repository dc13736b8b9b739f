/* 64 bytes at a time, and one bit for each: by SSE2, which every x86-64 has; by AVX2 where a file is compiled for it; by
 * NEON; else by words. */
#ifndef TALLY_LANES_H
#define TALLY_LANES_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>

typedef struct { __m256i a, b; } tally_lanes;

static inline tally_lanes lanes_load(const uint8_t *bytes) {
  return (tally_lanes){_mm256_loadu_si256((const __m256i *)bytes), _mm256_loadu_si256((const __m256i *)(bytes + 32))};
}

static inline uint64_t lanes_equal(tally_lanes lanes, uint8_t byte) {
  __m256i wanted = _mm256_set1_epi8((char)byte);
  uint64_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(lanes.a, wanted));
  uint64_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(lanes.b, wanted));
  return low | high << 32;
}

static inline int lanes_foreign(tally_lanes lanes) {
  return _mm256_movemask_epi8(_mm256_or_si256(lanes.a, lanes.b)) != 0;
}

#elif defined(__SSE2__)
#include <emmintrin.h>

typedef struct { __m128i part[4]; } tally_lanes;

static inline tally_lanes lanes_load(const uint8_t *bytes) {
  tally_lanes lanes;
  for (int k = 0; k < 4; k++) lanes.part[k] = _mm_loadu_si128((const __m128i *)(bytes + 16 * k));
  return lanes;
}

static inline uint64_t lanes_equal(tally_lanes lanes, uint8_t byte) {
  __m128i wanted = _mm_set1_epi8((char)byte);
  uint64_t a = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes.part[0], wanted));
  uint64_t b = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes.part[1], wanted));
  uint64_t c = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes.part[2], wanted));
  uint64_t d = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes.part[3], wanted));
  return a | b << 16 | c << 32 | d << 48;
}

static inline int lanes_foreign(tally_lanes lanes) {
  __m128i any = _mm_or_si128(_mm_or_si128(lanes.part[0], lanes.part[1]), _mm_or_si128(lanes.part[2], lanes.part[3]));
  return _mm_movemask_epi8(any) != 0;
}

#elif defined(__ARM_NEON)
#include <arm_neon.h>

typedef struct { uint8x16_t part[4]; } tally_lanes;

static inline tally_lanes lanes_load(const uint8_t *bytes) {
  tally_lanes lanes;
  for (int k = 0; k < 4; k++) lanes.part[k] = vld1q_u8(bytes + 16 * k);
  return lanes;
}

/* Three pairwise additions gather a weighted bit of each byte (the movemask that NEON lacks). */
static inline uint64_t lanes_equal(tally_lanes lanes, uint8_t byte) {
  const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  uint8x16_t wanted = vdupq_n_u8(byte), found[4];
  for (int k = 0; k < 4; k++) found[k] = vandq_u8(vceqq_u8(lanes.part[k], wanted), weights);
  uint8x16_t sum = vpaddq_u8(vpaddq_u8(found[0], found[1]), vpaddq_u8(found[2], found[3]));
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

static inline int lanes_foreign(tally_lanes lanes) {
  uint8x16_t any = vorrq_u8(vorrq_u8(lanes.part[0], lanes.part[1]), vorrq_u8(lanes.part[2], lanes.part[3]));
  return vmaxvq_u8(any) >= 0x80;
}

#else

typedef struct { uint8_t bytes[64]; } tally_lanes;

static inline tally_lanes lanes_load(const uint8_t *bytes) {
  tally_lanes lanes;
  memcpy(lanes.bytes, bytes, 64);
  return lanes;
}

static inline uint64_t lanes_equal(tally_lanes lanes, uint8_t byte) {
  uint64_t mask = 0;
  for (int k = 0; k < 64; k++) mask |= (uint64_t)(lanes.bytes[k] == byte) << k;
  return mask;
}

static inline int lanes_foreign(tally_lanes lanes) {
  uint8_t any = 0;
  for (int k = 0; k < 64; k++) any |= lanes.bytes[k];
  return any >= 0x80;
}

#endif

/* Bit i is the exclusive or of bits 0 to i: 1 from each opening quote up to the byte before the closing one. */
static inline uint64_t prefix_xor(uint64_t bits) {
#if defined(__PCLMUL__) && defined(__SSE2__)
  __m128i all = _mm_set1_epi8((char)0xFF);
  return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), all, 0));
#else
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  bits ^= bits << 32;
  return bits;
#endif
}

/* What is carried from one 64 bytes to the next. */
typedef struct {
  uint64_t inside;    /* all ones: inside a quoted field */
  uint64_t separated; /* 1: a field may begin with the next byte */
  uint64_t closed;    /* 1: the byte before was a closing quote */
  uint64_t closed_cr; /* 1: the two bytes before were a closing quote and a CR */
  uint64_t irregular; /* not 0: quotes stand where RFC 4180 has none */
} tally_quoting;

/* The separators outside quotes of the next 64 bytes, `separators` being all of them, and whether every quote stands
 * where a field begins or ends (or is one of a doubled pair), which is when the parity of quotes tells the truth. */
static inline uint64_t quoting_step(tally_quoting *state, uint64_t quotes, uint64_t separators, uint64_t feeds,
                                    uint64_t returns, uint64_t valid) {
  uint64_t inside = prefix_xor(quotes) ^ state->inside;
  uint64_t outside_separators = separators & ~inside;
  uint64_t opening = quotes & inside, closing = quotes & ~inside;
  /* An opening quote follows a separator, or the closing quote that makes it the second of a pair. */
  uint64_t may_open = (outside_separators << 1) | state->separated | (closing << 1) | state->closed;
  /* After a closing quote: a separator, CR LF, or the second quote of a pair. */
  uint64_t closed_before = (closing << 1) | state->closed;
  uint64_t cr_after = closed_before & returns;
  uint64_t cr_before = (cr_after << 1) | state->closed_cr;
  uint64_t irregular = opening & ~may_open;
  irregular |= closed_before & ~(outside_separators | opening | returns);
  irregular |= cr_before & ~(feeds & ~inside);
  state->irregular |= irregular & valid;
  state->inside = (uint64_t)((int64_t)inside >> 63);
  state->separated = outside_separators >> 63;
  state->closed = closing >> 63;
  state->closed_cr = cr_after >> 63;
  return outside_separators;
}

#endif
