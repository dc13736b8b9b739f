/* Chooses the build of the scan for this processor, once. */
#include "dispatch.h"

#if TALLY_HAS_AVX2_BUILD

static int has_avx2(void) {
  static _Atomic int known = 0; /* 1: no, 2: yes; threads that ask at once find the same */
  int answer = known;
  if (answer == 0) {
    __builtin_cpu_init();
    answer = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi2") ? 2 : 1;
    known = answer;
  }
  return answer == 2;
}

#define CHOOSE(function, ...) return has_avx2() ? function##_avx2(__VA_ARGS__) : function##_baseline(__VA_ARGS__)
#else
#define CHOOSE(function, ...) return function##_baseline(__VA_ARGS__)
#endif

tally_structure tally_index(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                            uint32_t *positions) {
  CHOOSE(tally_index, bytes, length, delimiter, quote, positions);
}

tally_boundary tally_find_boundary(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                   uint8_t inside) {
  CHOOSE(tally_find_boundary, bytes, length, delimiter, quote, inside);
}

size_t tally_count(const uint8_t *bytes, size_t length, uint8_t byte) { CHOOSE(tally_count, bytes, length, byte); }

size_t tally_last(const uint8_t *bytes, size_t length, uint8_t byte) {
  for (size_t i = length; i > 0; i--)
    if (bytes[i - 1] == byte) return i - 1;
  return length;
}
