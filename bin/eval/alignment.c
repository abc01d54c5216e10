/* Edit distance by dynamic programming, one row at a time.
 *
 * The cost of an alignment is one number: errors in the upper half, substitutions in the lower,
 * so that the least has the fewest errors and among these the fewest substitutions, which is the
 * most items right. Insertions and deletions follow from these two and the lengths.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/alignment.h"
#include "bin/memory.h"
#include "bin/characters.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n\v\f"
#define ONE_ERROR ((uint64_t)1 << 32)
#define ONE_SUBSTITUTION (ONE_ERROR + 1)

/* Words or characters as numbers: the same item, the same number. */
struct items {
    uint32_t *ids; /* owned */
    size_t n;
};

struct word {
    const char *text;
    size_t size;
    uint32_t *id;
};

static void align(const struct items *reference, const struct items *hypothesis,
                  struct cli_edits *edits) {
    const size_t n = hypothesis->n;
    uint64_t *row = cli_calloc(n + 1, sizeof(*row));
    uint64_t n_errors;
    size_t i, j;

    for (j = 0; j <= n; j++) {
        row[j] = j * ONE_ERROR;
    }
    for (i = 0; i < reference->n; i++) {
        uint64_t diagonal = row[0];

        row[0] += ONE_ERROR;
        for (j = 0; j < n; j++) {
            const bool is_same = reference->ids[i] == hypothesis->ids[j];
            const uint64_t straight = diagonal + (is_same ? 0 : ONE_SUBSTITUTION);
            const uint64_t beside = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + ONE_ERROR;

            diagonal = row[j + 1];
            row[j + 1] = straight < beside ? straight : beside;
        }
    }
    n_errors = row[n] / ONE_ERROR;
    edits->n_reference = reference->n;
    edits->n_substitutions = row[n] % ONE_ERROR;
    edits->n_insertions = (n_errors - edits->n_substitutions + n - reference->n) / 2;
    edits->n_deletions = n_errors - edits->n_substitutions - edits->n_insertions;
    free(row);
}

static size_t count_words(const char *text) {
    size_t n = 0;

    for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
        text += strcspn(text, BLANKS);
        n++;
    }
    return n;
}

static void add_words(const char *text, struct items *items, struct word *words) {
    size_t i;

    items->n = count_words(text);
    items->ids = cli_calloc(items->n + 1, sizeof(*items->ids));
    for (i = 0; i < items->n; i++) {
        text += strspn(text, BLANKS);
        words[i].text = text;
        words[i].size = strcspn(text, BLANKS);
        words[i].id = &items->ids[i];
        text += words[i].size;
    }
}

static int compare_words(const void *a, const void *b) {
    const struct word *x = a, *y = b;
    const int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);

    return order ? order : (x->size > y->size) - (x->size < y->size);
}

void cli_align_words(const char *reference, const char *hypothesis, struct cli_edits *edits) {
    const size_t n_words = count_words(reference) + count_words(hypothesis);
    struct word *words = cli_calloc(n_words + 1, sizeof(*words));
    struct items said, heard;
    uint32_t id = 0;
    size_t i;

    add_words(reference, &said, words);
    add_words(hypothesis, &heard, words + said.n);
    qsort(words, n_words, sizeof(*words), compare_words);
    for (i = 0; i < n_words; i++) {
        id += i > 0 && compare_words(&words[i - 1], &words[i]) != 0;
        *words[i].id = id;
    }
    align(&said, &heard, edits);
    free(words);
    free(said.ids);
    free(heard.ids);
}

/* The code point at `text`, which has `size` bytes. */
static uint32_t decode(const char *text, size_t size) {
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)text[0] & masks[size];
    size_t i;

    for (i = 1; i < size; i++) {
        point = point << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return point;
}

static void add_characters(const char *text, struct items *items) {
    items->n = 0;
    items->ids = cli_calloc(strlen(text) + 1, sizeof(*items->ids));
    text += strspn(text, BLANKS);
    while (*text) {
        const size_t n_blanks = strspn(text, BLANKS);
        const size_t size = n_blanks ? 0 : cli_character_size(text);

        if (!n_blanks) {
            items->ids[items->n++] = size ? decode(text, size) : 0xfffd;
        } else if (text[n_blanks]) {
            items->ids[items->n++] = ' ';
        }
        text += n_blanks ? n_blanks : size ? size : 1;
    }
}

void cli_align_characters(const char *reference, const char *hypothesis, struct cli_edits *edits) {
    struct items said, heard;

    add_characters(reference, &said);
    add_characters(hypothesis, &heard);
    align(&said, &heard, edits);
    free(said.ids);
    free(heard.ids);
}

void cli_edits_add(struct cli_edits *sum, const struct cli_edits *more) {
    sum->n_reference += more->n_reference;
    sum->n_substitutions += more->n_substitutions;
    sum->n_insertions += more->n_insertions;
    sum->n_deletions += more->n_deletions;
}

uint64_t cli_edits_get_errors(const struct cli_edits *edits) {
    return edits->n_substitutions + edits->n_insertions + edits->n_deletions;
}

double cli_edits_get_rate(const struct cli_edits *edits) {
    return edits->n_reference ? (double)cli_edits_get_errors(edits) / (double)edits->n_reference
                              : (double)NAN;
}
