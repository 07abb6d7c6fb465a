/* Values as MessagePack, each in its shortest form, byte for byte what the encoder of Python's side writes. */

#ifndef SILKGATE_FAST_PACK_H
#define SILKGATE_FAST_PACK_H

#include "_fast_match.h"
#include <stdint.h>

#define DECIMALS 5 /* of an amount kept as an integer */

enum Kept { KEPT_TEXT, KEPT_INT, KEPT_AMOUNT_E5, KEPTS };

typedef struct {
    unsigned char *bytes;
    size_t size, room;
} Output;

#define NUMBER_BYTES_MAX 9 /* also the most that stands before a text */
#define ARRAY_BYTES_MAX 3

static int make_room(Output *output, size_t more)
{
    if (output->room - output->size >= more) {
        return 0;
    }
    size_t room = 2 * output->room + more;
    unsigned char *bytes = PyMem_Realloc(output->bytes, room);
    if (bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    output->bytes = bytes;
    output->room = room;
    return 0;
}

static inline unsigned char *put_big_endian(unsigned char *at, unsigned char type, uint64_t number, int bytes)
{
    *at++ = type;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        *at++ = (unsigned char)(number >> shift);
    }
    return at;
}

/* At most 65,535 of them; documents and lines are fewer than a hundred and one. */
static unsigned char *put_array(unsigned char *at, Py_ssize_t count)
{
    if (count <= 15) {
        *at++ = (unsigned char)(0x90 | count);
        return at;
    }
    return put_big_endian(at, 0xDC, (uint64_t)count, 2);
}

static unsigned char *put_number(unsigned char *at, uint64_t magnitude, int negative)
{
    if (!negative) {
        if (magnitude <= 0x7F) {
            *at++ = (unsigned char)magnitude;
            return at;
        }
        return magnitude <= 0xFF         ? put_big_endian(at, 0xCC, magnitude, 1)
               : magnitude <= 0xFFFF     ? put_big_endian(at, 0xCD, magnitude, 2)
               : magnitude <= 0xFFFFFFFF ? put_big_endian(at, 0xCE, magnitude, 4)
                                         : put_big_endian(at, 0xCF, magnitude, 8);
    }
    uint64_t complement = 0 - magnitude;
    if (magnitude <= 0x20) {
        *at++ = (unsigned char)complement;
        return at;
    }
    return magnitude <= 0x80         ? put_big_endian(at, 0xD0, complement, 1)
           : magnitude <= 0x8000     ? put_big_endian(at, 0xD1, complement, 2)
           : magnitude <= 0x80000000 ? put_big_endian(at, 0xD2, complement, 4)
                                     : put_big_endian(at, 0xD3, complement, 8);
}

static unsigned char *put_text(unsigned char *at, Span text)
{
    size_t size = (size_t)text.size;
    if (size <= 31) {
        *at++ = (unsigned char)(0xA0 | size);
    } else {
        at = size <= 0xFF     ? put_big_endian(at, 0xD9, size, 1)
             : size <= 0xFFFF ? put_big_endian(at, 0xDA, size, 2)
                              : put_big_endian(at, 0xDB, size, 4);
    }
    if (size > 0) {
        memcpy(at, text.bytes, size);
    }
    return at + size;
}

/* A decimal with at most `decimals` digits after the point, and no more than 19 digits with all of these: as an integer
   of the last one. NULL where it does not fit into 63 bits, which packs in another way. */
static unsigned char *put_scaled(unsigned char *at, Span number, int decimals)
{
    const char *c = number.size > 0 ? number.bytes : "", *end = c + number.size;
    int negative = number.size > 0 && *c == '-';
    uint64_t magnitude = 0;
    for (c += negative; c < end && *c != '.'; c++) {
        magnitude = 10 * magnitude + (uint64_t)(*c - '0');
    }
    for (c += c < end; decimals > 0; decimals--) {
        magnitude = 10 * magnitude + (c < end ? (uint64_t)(*c++ - '0') : 0);
    }
    return magnitude > INT64_MAX ? NULL : put_number(at, magnitude, negative);
}

enum Outcome { FAILED = -1, NOT_PLAIN, PACKED };

/* The array of a part's values, and room in it for `more` that the caller puts. */
static enum Outcome pack_part(Output *output, const Part *part, const Span *slots, int more)
{
    size_t most = ARRAY_BYTES_MAX;
    for (Py_ssize_t i = 0; i < part->slots_count; i++) {
        most += NUMBER_BYTES_MAX + (size_t)slots[i].size;
    }
    if (make_room(output, most) < 0) {
        return FAILED;
    }
    unsigned char *at = put_array(output->bytes + output->size, part->slots_count + more);
    for (Py_ssize_t i = 0; i < part->slots_count; i++) {
        at = part->kept[i] == KEPT_TEXT ? put_text(at, slots[i])
                                        : put_scaled(at, slots[i], part->kept[i] == KEPT_INT ? 0 : DECIMALS);
        if (at == NULL) {
            return NOT_PLAIN;
        }
    }
    output->size = (size_t)(at - output->bytes);
    return PACKED;
}

#endif
