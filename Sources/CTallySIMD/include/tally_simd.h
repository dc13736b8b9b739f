#ifndef TALLY_SIMD_H
#define TALLY_SIMD_H

#include <stddef.h>
#include <stdint.h>

/* What a stretch of bytes holds besides its structure. */
typedef struct {
  size_t count;     /* structural positions written */
  uint8_t quotes;   /* 1: a quote is among them */
  uint8_t foreign;  /* 1: a byte at or above 0x80 is there */
  uint8_t nul;      /* 1: a byte 0x00 is there */
} tally_structure;

/* Writes the positions of every delimiter, quote and line feed of bytes[0..<length], in order.
 * `positions` must hold `length` entries: the worst case. */
tally_structure tally_index(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote, uint32_t *positions);

/* The same answer, byte by byte: the reference, and the path of machines without vectors of ours. */
tally_structure tally_index_scalar(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                   uint32_t *positions);

/* How often the byte stands in bytes[0..<length]. */
size_t tally_count(const uint8_t *bytes, size_t length, uint8_t byte);

/* The position of the last such byte in bytes[0..<length]; length where there is none. */
size_t tally_last(const uint8_t *bytes, size_t length, uint8_t byte);

#endif
