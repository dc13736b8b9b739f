/* Which builds of the scan there are. */
#ifndef TALLY_DISPATCH_H
#define TALLY_DISPATCH_H

#include "tally_simd.h"

#if defined(__x86_64__) && defined(__clang__)
#define TALLY_HAS_AVX2_BUILD 1
#else
#define TALLY_HAS_AVX2_BUILD 0
#endif

size_t tally_count_baseline(const uint8_t *bytes, size_t length, uint8_t byte);

#if TALLY_HAS_AVX2_BUILD
tally_structure tally_index_avx2(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                 uint32_t *positions);
tally_boundary tally_find_boundary_avx2(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                        uint8_t inside);
size_t tally_count_avx2(const uint8_t *bytes, size_t length, uint8_t byte);
#endif

#endif
