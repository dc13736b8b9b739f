/* The scan byte by byte: the reference of the others (RFC 4180, section 2). */
#include "tally_simd.h"

enum state { FIELD_START, UNQUOTED, QUOTED, CLOSED, CLOSED_CR };

tally_structure tally_index_scalar(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t quote,
                                   uint32_t *positions) {
  tally_structure found = {0, 0, 0, 0, 0};
  enum state state = FIELD_START;
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = bytes[i];
    int is_separator = byte == delimiter || byte == '\n';
    found.quotes |= byte == quote;
    found.foreign |= byte >> 7;
    found.nul |= byte == 0;
    switch (state) {
      case FIELD_START: state = byte == quote ? QUOTED : is_separator ? FIELD_START : UNQUOTED; break;
      case UNQUOTED:
        found.irregular |= byte == quote;
        if (is_separator) state = FIELD_START;
        break;
      case QUOTED:
        is_separator = 0;
        if (byte == quote) state = CLOSED;
        break;
      case CLOSED:
        found.irregular |= !(byte == quote || is_separator || byte == '\r');
        state = byte == quote ? QUOTED : is_separator ? FIELD_START : CLOSED_CR;
        break;
      case CLOSED_CR:
        found.irregular |= byte != '\n';
        state = FIELD_START;
        break;
    }
    if (is_separator) positions[found.count++] = (uint32_t)i;
  }
  return found;
}
