#ifndef TALLY_SIMD_H
#define TALLY_SIMD_H

#include <stddef.h>
#include <stdint.h>

#include "tally_text.h"

/* What a stretch of bytes holds besides its structure. */
typedef struct {
  size_t count;      /* structural positions written */
  uint8_t quotes;    /* 1: a quote is there */
  uint8_t irregular; /* 1: a quote stands where RFC 4180 has none: the positions mean nothing */
  uint8_t foreign;   /* 1: a byte at or above 0x80 is there */
  uint8_t nul;       /* 1: a byte 0x00 is there */
} tally_structure;

/* Writes the positions of every delimiter and line feed outside quotes of bytes[0..<length], in order. A record begins
 * at bytes[0]; the last one need not be whole. `positions` must hold `length` entries: the worst case. */
tally_structure tally_index(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote, uint32_t *positions);

/* The same answer, byte by byte: the reference, and the path of machines without vectors of ours. */
tally_structure tally_index_scalar(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                   uint32_t *positions);

/* The same answer by the instructions that every machine of this kind has (SSE2, NEON), whatever else it offers. */
tally_structure tally_index_baseline(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                     uint32_t *positions);

/* Where records end in a stretch of bytes. */
typedef struct {
  size_t last;       /* the position after the last line feed outside quotes; 0: there is none */
  uint8_t irregular; /* 1: a quote stands where RFC 4180 has none: nothing else is known */
  uint8_t inside;    /* 1: the stretch ends inside a quoted field */
  uint8_t closed;    /* 1: it ends with a quote that closes a field, or is the first of a pair */
} tally_boundary;

/* Finds the end of the last record in bytes[0..<length], which begin inside a quoted field or at a field's beginning. */
tally_boundary tally_find_boundary(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                   uint8_t inside);

/* The same answer by the instructions that every machine of this kind has. */
tally_boundary tally_find_boundary_baseline(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                            uint8_t inside);

/* How often the byte stands in bytes[0..<length]. */
size_t tally_count(const uint8_t *bytes, size_t length, uint8_t byte);

/* The position of the last such byte in bytes[0..<length]; length where there is none. */
size_t tally_last(const uint8_t *bytes, size_t length, uint8_t byte);

/* Asks the processor to bring the line of an address near, for reading. */
static inline void tally_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
