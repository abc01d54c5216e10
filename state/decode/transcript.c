/* Text of the candidates, words of the best one.
 *
 * Labels become raw bytes, the bytes become UTF-8. A word is what lies between spaces of the raw
 * bytes: a space is never part of another character, so cleaning word by word gives the same as
 * cleaning the whole.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/transcript.h"

#include "state/decode/grow.h"

#include "runtime/base/alloc.h"
#include "runtime/base/utf8.h"

#include <math.h>
#include <string.h>

/* 32-bit numbers that a label of a path takes, and then those of a candidate: a path is turned into
 * them where it is. */
#define NUMBERS_OF_PATH (sizeof(struct dsi_search_label) / sizeof(uint32_t))
#define NUMBERS_OF_LABEL 2

/* Strings are put one after the other into a buffer that is large enough. */
struct writer {
    char *next;
    char *end;
};

static bool reserve(struct dsi_transcript_array *array, size_t n, size_t size) {
    void *items = dsi_grow(array->items, &array->capacity, n, size);

    if (!items) {
        return false;
    }
    array->items = items;
    return true;
}

/* Concatenates the labels of the path in the buffer; returns the size. */
static size_t write_raw(struct dsi_transcript_buffer *buffer, const struct dsi_alphabet *alphabet,
                        const struct dsi_search_label *path, size_t n_labels) {
    char *raw = buffer->raw.items;
    size_t size = 0;
    size_t i;

    for (i = 0; i < n_labels; i++) {
        const char *text = dsi_alphabet_get(alphabet, path[i].label);
        const size_t length = strlen(text);

        memcpy(raw + size, text, length);
        size += length;
    }
    return size;
}

/* What the strings and arrays of one candidate need. */
struct need {
    size_t n_labels;
    size_t raw_size;  /* of its text as the alphabet has it */
    size_t text_size; /* as UTF-8 */
    size_t n_words;   /* at most */
};

static size_t count_spaces(const char *raw, size_t size) {
    size_t n = 0;
    size_t i;

    for (i = 0; i < size; i++) {
        n += raw[i] == ' ';
    }
    return n;
}

/* Gets path `i` to the beginning of the numbers, and its text into `raw`. */
static bool measure(struct dsi_transcript_buffer *buffer, const struct dsi_search *search,
                    const struct dsi_alphabet *alphabet, size_t i, struct need *need) {
    const size_t n = search->type->get_length(search, i);
    const struct dsi_search_label *path;
    size_t raw_size = 0;
    size_t k;

    if (!reserve(&buffer->numbers, NUMBERS_OF_PATH * n, sizeof(uint32_t))) {
        return false;
    }
    path = buffer->numbers.items;
    search->type->get_labels(search, i, buffer->numbers.items);
    for (k = 0; k < n; k++) {
        raw_size += strlen(dsi_alphabet_get(alphabet, path[k].label));
    }
    if (!reserve(&buffer->raw, raw_size, 1)) {
        return false;
    }
    write_raw(buffer, alphabet, path, n);
    *need = (struct need){
        .n_labels = n,
        .raw_size = raw_size,
        .text_size = dsi_utf8_clean(buffer->raw.items, raw_size, NULL, 0),
        .n_words = count_spaces(buffer->raw.items, raw_size) + 1,
    };
    return true;
}

/* Makes room for `n` candidates, and leaves the path of the best one and its text, of *raw_size
 * bytes, in the buffer. That text is needed three times: as it is, trimmed, and cut into words. The
 * path of the last one takes room of which its numbers need a part. */
static bool reserve_all(struct dsi_transcript_buffer *buffer, const struct dsi_search *search,
                        const struct dsi_alphabet *alphabet, size_t n, size_t *raw_size) {
    struct need need = {0};
    size_t n_bytes = 0;
    size_t n_numbers = 0;
    size_t longest = 0;
    size_t i;

    for (i = n; i > 0; i--) {
        if (!measure(buffer, search, alphabet, i - 1, &need)) {
            return false;
        }
        n_bytes += need.text_size + 1;
        n_numbers += NUMBERS_OF_LABEL * need.n_labels;
        longest = need.n_labels > longest ? need.n_labels : longest;
    }
    n_bytes += 2 * need.text_size + 1 + need.n_words;
    n_numbers += (NUMBERS_OF_PATH - NUMBERS_OF_LABEL) * longest;
    *raw_size = need.raw_size;
    return reserve(&buffer->text, n_bytes, 1) &&
           reserve(&buffer->numbers, n_numbers, sizeof(uint32_t)) &&
           reserve(&buffer->candidates, n, sizeof(struct dsinfer_candidate)) &&
           reserve(&buffer->words, need.n_words, sizeof(struct dsinfer_word));
}

/* Appends bytes as UTF-8 with a NUL. */
static const char *write_clean(struct writer *writer, const char *raw, size_t size) {
    char *text = writer->next;

    writer->next += dsi_utf8_clean(raw, size, text, (size_t)(writer->end - text)) + 1;
    return text;
}

/* The word whose raw bytes are raw[0 … size), made by the labels path[first … last], whose frames
 * need not ascend. */
static struct dsinfer_word make_word(struct writer *writer, const char *raw, size_t size,
                                     const struct dsi_search_label *path, size_t first,
                                     size_t last) {
    uint32_t earliest = path[first].timestep;
    uint32_t latest = path[first].timestep;
    double sum = 0.0;
    size_t i;

    for (i = first; i <= last; i++) {
        earliest = path[i].timestep < earliest ? path[i].timestep : earliest;
        latest = path[i].timestep > latest ? path[i].timestep : latest;
        /* Rounding can make a log posterior positive. */
        sum += fmin(exp((double)path[i].log_posterior), 1.0);
    }
    return (struct dsinfer_word){
        .text = write_clean(writer, raw, size),
        .start_s = (double)earliest * DSI_FRAME_S,
        .end_s = ((double)latest + 1.0) * DSI_FRAME_S,
        .confidence = sum / (double)(last - first + 1),
    };
}

/* Cuts a path, and its raw text in the buffer, into words; returns their number. */
static size_t write_words(struct dsi_transcript_buffer *buffer, struct writer *writer,
                          const struct dsi_alphabet *alphabet, const struct dsi_search_label *path,
                          size_t n_labels) {
    const char *raw = buffer->raw.items;
    struct dsinfer_word *words = buffer->words.items;
    size_t n_words = 0;
    size_t position = 0;  /* in raw */
    size_t word_size = 0; /* bytes of the word under way, which end at position */
    size_t first = 0;     /* its first label */
    size_t last = 0;      /* its last label */
    size_t i, length;

    for (i = 0; i < n_labels; i++) {
        for (length = strlen(dsi_alphabet_get(alphabet, path[i].label)); length > 0; length--) {
            if (raw[position] != ' ') {
                first = word_size == 0 ? i : first;
                last = i;
                word_size++;
            } else if (word_size > 0) {
                words[n_words++] =
                    make_word(writer, raw + position - word_size, word_size, path, first, last);
                word_size = 0;
            }
            position++;
        }
    }
    if (word_size > 0) {
        words[n_words++] =
            make_word(writer, raw + position - word_size, word_size, path, first, last);
    }
    return n_words;
}

/* From frames of the search to frames of the audio. */
static void shift(struct dsi_search_label *path, size_t n_labels, uint64_t first_frame) {
    size_t i;

    for (i = 0; i < n_labels; i++) {
        path[i].timestep += (uint32_t)first_frame;
    }
}

/* Turns a path into its labels, [n_labels], and behind them its timesteps, where it is: of each
 * label's three numbers the last is not needed any more, which leaves room to put the timesteps
 * aside. */
static void pack(uint32_t *numbers, size_t n_labels) {
    uint32_t *aside = numbers + 2 * n_labels;
    size_t i;

    for (i = 0; i < n_labels; i++) {
        const struct dsi_search_label label = ((const struct dsi_search_label *)numbers)[i];

        numbers[2 * i] = label.label;
        numbers[2 * i + 1] = label.timestep;
    }
    for (i = 0; i < n_labels; i++) {
        aside[i] = numbers[2 * i + 1];
        numbers[i] = numbers[2 * i];
    }
    memcpy(numbers + n_labels, aside, n_labels * sizeof(*numbers));
}

static const char *write_trimmed(struct writer *writer, const char *raw, size_t size) {
    while (size > 0 && raw[size - 1] == ' ') {
        size--;
    }
    while (size > 0 && raw[0] == ' ') {
        raw++;
        size--;
    }
    return write_clean(writer, raw, size);
}

enum dsinfer_status dsi_transcript_fill(struct dsi_transcript_buffer *buffer,
                                        struct dsi_search *search,
                                        const struct dsi_alphabet *alphabet, size_t n_candidates,
                                        uint64_t first_frame, struct dsinfer_transcript *out) {
    const size_t n_paths = search->type->rank(search);
    const size_t n = n_candidates < n_paths ? n_candidates : n_paths;
    struct dsinfer_transcript transcript = {.n_candidates = n};
    struct dsinfer_candidate *candidates;
    struct writer writer;
    uint32_t *numbers;
    size_t i, size;

    if (!reserve_all(buffer, search, alphabet, n, &size)) {
        return DSINFER_ERR_NO_MEMORY;
    }
    candidates = buffer->candidates.items;
    numbers = buffer->numbers.items;
    writer.next = buffer->text.items;
    writer.end = writer.next + buffer->text.capacity;

    for (i = 0; i < n; i++) {
        struct dsi_search_label *path = (struct dsi_search_label *)numbers;
        const size_t n_labels = search->type->get_length(search, i);

        if (i > 0) {
            search->type->get_labels(search, i, path);
            size = write_raw(buffer, alphabet, path, n_labels);
        }
        shift(path, n_labels, first_frame);
        candidates[i] = (struct dsinfer_candidate){
            .text = write_clean(&writer, buffer->raw.items, size),
            .score = search->type->get_score(search, i),
            .n_labels = n_labels,
            .labels = numbers,
            .timesteps = numbers + n_labels,
        };
        if (i == 0) {
            transcript.text = write_trimmed(&writer, buffer->raw.items, size);
            transcript.n_words = write_words(buffer, &writer, alphabet, path, n_labels);
        }
        pack(numbers, n_labels);
        numbers += NUMBERS_OF_LABEL * n_labels;
    }

    transcript.confidence = candidates[0].score;
    transcript.words = buffer->words.items;
    transcript.candidates = candidates;
    *out = transcript;
    return DSINFER_OK;
}

void dsi_transcript_finish(struct dsi_transcript_buffer *buffer) {
    dsi_free(buffer->raw.items);
    dsi_free(buffer->text.items);
    dsi_free(buffer->numbers.items);
    dsi_free(buffer->candidates.items);
    dsi_free(buffer->words.items);
    memset(buffer, 0, sizeof(*buffer));
}
