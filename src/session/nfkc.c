/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/nfkc.h"

#include "session/saslprep_tables.h"

#include <stdbool.h>

/* The Unicode Standard, 3.12: syllables are L V or L V T, in this order. */
enum {
    HANGUL_BASE = 0xAC00,
    HANGUL_COUNT = 11172,
    L_BASE = 0x1100,
    L_COUNT = 19,
    V_BASE = 0x1161,
    V_COUNT = 21,
    T_BASE = 0x11A7, /* stands for no T */
    T_COUNT = 28
};

static bool is_within(uint32_t code, uint32_t base, uint32_t count)
{
    return code >= base && code - base < count;
}

/* ---- Decomposition ---- */

static const struct saslprep_decomposition *find_decomposition(uint32_t code)
{
    size_t low = 0;
    size_t high = saslprep_decompositions_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct saslprep_decomposition *it = &saslprep_decompositions[middle];
        if (it->code == code) {
            return it;
        }
        if (it->code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static size_t decompose_hangul(uint32_t code, uint32_t *out)
{
    uint32_t index = code - HANGUL_BASE;
    out[0] = L_BASE + index / (V_COUNT * T_COUNT);
    out[1] = V_BASE + index % (V_COUNT * T_COUNT) / T_COUNT;
    out[2] = T_BASE + index % T_COUNT;
    return out[2] == T_BASE ? 2 : 3;
}

static size_t decompose(uint32_t code, uint32_t out[NFKC_EXPANSION_MAX])
{
    if (is_within(code, HANGUL_BASE, HANGUL_COUNT)) {
        return decompose_hangul(code, out);
    }
    const struct saslprep_decomposition *found = find_decomposition(code);
    if (found == NULL) {
        out[0] = code;
        return 1;
    }
    for (size_t i = 0; i < found->len; i++) {
        out[i] = saslprep_characters[found->start + i];
    }
    return found->len;
}

/* ---- Order ---- */

static uint32_t class_of(uint32_t code)
{
    size_t low = 0;
    size_t high = saslprep_classes_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct saslprep_class *it = &saslprep_classes[middle];
        if (code < it->first) {
            high = middle;
        } else if (code > it->last) {
            low = middle + 1;
        } else {
            return it->number;
        }
    }
    return 0;
}

/* The last code point moves before those of a higher class, but not over one of class 0. */
static void put_in_order(uint32_t *codes, size_t count)
{
    uint32_t code = codes[count - 1];
    uint32_t number = class_of(code);
    size_t at = count - 1;
    while (number != 0 && at > 0 && class_of(codes[at - 1]) > number) {
        codes[at] = codes[at - 1];
        at--;
    }
    codes[at] = code;
}

/* ---- Composition ---- */

static bool is_before(const struct saslprep_composition *it, uint32_t first, uint32_t second)
{
    return it->first < first || (it->first == first && it->second < second);
}

static bool compose_hangul(uint32_t first, uint32_t second, uint32_t *out)
{
    if (is_within(first, L_BASE, L_COUNT) && is_within(second, V_BASE, V_COUNT)) {
        *out = HANGUL_BASE + ((first - L_BASE) * V_COUNT + (second - V_BASE)) * T_COUNT;
        return true;
    }
    if (is_within(first, HANGUL_BASE, HANGUL_COUNT) && (first - HANGUL_BASE) % T_COUNT == 0 &&
        is_within(second, T_BASE + 1, T_COUNT - 1)) {
        *out = first + (second - T_BASE);
        return true;
    }
    return false;
}

static bool compose(uint32_t first, uint32_t second, uint32_t *out)
{
    size_t low = 0;
    size_t high = saslprep_compositions_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before(&saslprep_compositions[middle], first, second)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct saslprep_composition *it = &saslprep_compositions[low];
    if (low < saslprep_compositions_count && it->first == first && it->second == second) {
        *out = it->code;
        return true;
    }
    return compose_hangul(first, second, out);
}

/*
 * Each code point is composed with the last one of class 0, its starter, unless one of the same or
 * a higher class is between them.
 */
static size_t compose_all(uint32_t *codes, size_t count)
{
    size_t kept = 1;
    size_t starter = 0;
    uint32_t last_class = 0;
    for (size_t i = 1; i < count; i++) {
        uint32_t number = class_of(codes[i]);
        bool is_free = kept == starter + 1 || last_class < number;
        if (is_free && compose(codes[starter], codes[i], &codes[starter])) {
            continue;
        }
        starter = number == 0 ? kept : starter;
        last_class = number;
        codes[kept++] = codes[i];
    }
    return kept;
}

size_t nfkc_size(const uint32_t *codes, size_t count)
{
    uint32_t unused[NFKC_EXPANSION_MAX];
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += decompose(codes[i], unused);
    }
    return size;
}

size_t nfkc(const uint32_t *codes, size_t count, uint32_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t parts[NFKC_EXPANSION_MAX];
        size_t len = decompose(codes[i], parts);
        for (size_t j = 0; j < len; j++) {
            out[size++] = parts[j];
            put_in_order(out, size);
        }
    }
    return size == 0 ? 0 : compose_all(out, size);
}
