/* The scan by AVX2 and carry-less multiplication, where the processor has them. */
#include "dispatch.h"

#if TALLY_HAS_AVX2_BUILD
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,pclmul"))), apply_to = function)
#define __AVX2__ 1
#define __PCLMUL__ 1
#define NAME(function) tally_##function##_avx2
#include "scan_body.h"
#pragma clang attribute pop
#endif
