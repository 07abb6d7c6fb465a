/* Patterns of plain form over bytes: does a part of a message stand here, and where are the values that are kept?

   `at` is always at or before `end`; a pattern that does not match is NULL. */

#ifndef SILKGATE_FAST_MATCH_H
#define SILKGATE_FAST_MATCH_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

enum Value { NOTHING, FIXED, TEXT, ATTRIBUTE, DECIMAL, INT, BASE64, PATH, COLLAPSED, VALUES };

typedef struct {
    const char *bytes;
    Py_ssize_t size;
} Span;

/* before value after, `least` to `most` times; each side may have a second spelling (size 0: it has none). */
typedef struct {
    Span before[2], after[2], fixed;
    enum Value value;
    Py_ssize_t low, high; /* TEXT, COLLAPSED: characters; DECIMAL: digits before and after the point; INT: digits (high) */
    int least, most;
    int space; /* white space may follow */
    int slot;  /* where the value is kept; -1: nowhere */
} Step;

typedef struct {
    Step *steps;
    Py_ssize_t steps_count, slots_count;
    const unsigned char *kept; /* how the value of each slot is packed */
} Part;

/* --- Characters ---------------------------------------------------------------------------------------------- */

enum Class { ORDINARY, STOP, FORBIDDEN, TWO_BYTES, THREE_BYTES, FOUR_BYTES };

static unsigned char text_class[256], attribute_class[256], path_class[256], base64_value[256];
#define NO_BASE64 255

static void make_classes(void)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int c = 0; c < 256; c++) {
        text_class[c] = c < 0x20 || c == '>' || c == '&' ? FORBIDDEN
                      : c == '<'                         ? STOP
                      : c < 0x80                         ? ORDINARY
                      : c < 0xC2 || c > 0xF4             ? FORBIDDEN
                      : c < 0xE0                         ? TWO_BYTES
                      : c < 0xF0                         ? THREE_BYTES
                                                         : FOUR_BYTES;
        attribute_class[c] = c == '"' ? STOP : c == '<' ? FORBIDDEN : text_class[c];
        path_class[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
        base64_value[c] = NO_BASE64;
    }
    for (int i = 0; i < 64; i++) {
        base64_value[(unsigned char)base64[i]] = (unsigned char)i;
    }
}

/* The bytes of a character after its first one, at most three; 0 where they are not UTF-8 or not allowed in XML. */
static inline Py_ssize_t rest_of_character(const unsigned char *at, const unsigned char *end, enum Class class)
{
    Py_ssize_t rest = class == TWO_BYTES ? 1 : class == THREE_BYTES ? 2 : 3;
    if (end - at <= rest) {
        return 0;
    }
    for (Py_ssize_t i = 1; i <= rest; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) || /* too long; surrogates */
        (at[0] == 0xEF && at[1] == 0xBF && at[2] >= 0xBE) ||                  /* U+FFFE, U+FFFF */
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F)) { /* too long; beyond U+10FFFF */
        return 0;
    }
    return rest;
}

/* --- Values: each function gives the first byte after the value --------------------------------------------------- */

static inline const char *text(const char *from, const char *end, const unsigned char *classes, const Step *step)
{
    const unsigned char *at = (const unsigned char *)from, *last = (const unsigned char *)end;
    Py_ssize_t characters = 0;
    for (;; at++, characters++) {
        if (at == last) {
            return NULL;
        }
        enum Class class = classes[*at];
        if (class == ORDINARY) {
            continue;
        }
        if (class == STOP) {
            break;
        }
        if (class == FORBIDDEN) {
            return NULL;
        }
        Py_ssize_t rest = rest_of_character(at, last, class);
        if (rest == 0) {
            return NULL;
        }
        at += rest;
    }
    return characters >= step->low && characters <= step->high ? (const char *)at : NULL;
}

/* Text of which the schema collapses the white space, as it leaves it: no space first, last, or beside another. */
static const char *collapsed(const char *from, const char *end, const Step *step)
{
    const char *to = text(from, end, text_class, step);
    for (const char *at = from; to != NULL && at < to; at++) {
        if (*at == ' ' && (at == from || at + 1 == to || at[1] == ' ')) {
            return NULL;
        }
    }
    return to;
}

static inline int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline const char *digits(const char *at, const char *end, Py_ssize_t most)
{
    const char *from = at;
    while (at < end && is_digit(*at)) {
        at++;
    }
    return at == from || at - from > most ? NULL : at;
}

static const char *decimal(const char *at, const char *end, const Step *step)
{
    if (at < end && *at == '-') {
        at++;
    }
    at = digits(at, end, step->low);
    if (at != NULL && at < end && *at == '.') {
        at = digits(at + 1, end, step->high);
    }
    return at;
}

static const char *integer(const char *at, const char *end, const Step *step)
{
    if (at < end && *at == '0') {
        return at + 1;
    }
    if (at < end && *at == '-') {
        at++;
    }
    return at < end && *at != '0' ? digits(at, end, step->high) : NULL;
}

/* Base64 as an encoder writes it: whole groups, and the bits that padding leaves over are zero. */
static const char *base64(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && base64_value[(unsigned char)*at] != NO_BASE64) {
        at++;
    }
    Py_ssize_t padding = 0, size = at - from;
    while (padding < 2 && at < end && *at == '=') {
        at++;
        padding++;
    }
    if (size == 0 || (size + padding) % 4 != 0) {
        return NULL;
    }
    unsigned left_over = padding == 0 ? 0 : padding == 1 ? 0x03 : 0x0F;
    return base64_value[(unsigned char)from[size - 1]] & left_over ? NULL : at;
}

/* The path of an algorithm's address, and perhaps its fragment. */
static const char *path(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && (path_class[(unsigned char)*at] || *at == '/')) {
        at++;
    }
    if (at == from) {
        return NULL;
    }
    if (at < end && *at == '#') {
        from = ++at;
        while (at < end && path_class[(unsigned char)*at]) {
            at++;
        }
        if (at == from) {
            return NULL;
        }
    }
    return at;
}

/* --- Patterns ---------------------------------------------------------------------------------------------------- */

static inline const char *literal(const char *at, const char *end, Span expected)
{
    if (end - at < expected.size || memcmp(at, expected.bytes, (size_t)expected.size) != 0) {
        return NULL;
    }
    return at + expected.size;
}

static inline const char *either(const char *at, const char *end, const Span *spellings)
{
    const char *after = literal(at, end, spellings[0]);
    return after != NULL || spellings[1].size == 0 ? after : literal(at, end, spellings[1]);
}

static inline const char *white_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t')) {
        at++;
    }
    return at;
}

static inline const char *value(const char *at, const char *end, const Step *step)
{
    switch (step->value) {
    case NOTHING: return at;
    case FIXED: return literal(at, end, step->fixed);
    case TEXT: return text(at, end, text_class, step);
    case ATTRIBUTE: return text(at, end, attribute_class, step);
    case DECIMAL: return decimal(at, end, step);
    case INT: return integer(at, end, step);
    case BASE64: return base64(at, end);
    case PATH: return path(at, end);
    case COLLAPSED: return collapsed(at, end, step);
    case VALUES: break;
    }
    return NULL;
}

/* All steps of a part in turn; `slots` has room for those of the part, and those that nothing fills are empty. */
static const char *part(const char *at, const char *end, const Part *part, Span *slots)
{
    memset(slots, 0, (size_t)part->slots_count * sizeof *slots);
    for (const Step *step = part->steps, *last = step + part->steps_count; step < last; step++) {
        int times = 0;
        while (times < step->most) {
            const char *from = either(at, end, step->before);
            if (from == NULL) {
                break;
            }
            const char *to = value(from, end, step);
            if (to == NULL || (at = either(to, end, step->after)) == NULL) {
                return NULL;
            }
            if (step->slot >= 0) {
                slots[step->slot] = (Span){from, to - from};
            }
            if (step->space) {
                at = white_space(at, end);
            }
            times++;
        }
        if (times < step->least) {
            return NULL;
        }
    }
    return at;
}

#endif
