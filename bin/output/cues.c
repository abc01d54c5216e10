/* Utterances and cues.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/cues.h"

#include <math.h>
#include <string.h>

#define SHORTEST_S 0.02 /* what has a time at all */
#define READABLE_S 1.0  /* cues stay as long, if the next one does not come before */
#define MAX_PIECES (CLI_CUE_LINES * CLI_CUE_COLUMNS)

/* A word, or a part of one that is too long for a line or a cue. */
struct piece {
    const char *text;
    size_t n_bytes, n_columns;
    double start_s, end_s;
    bool has_space; /* before it */
};

static double max(double a, double b) {
    return a > b ? a : b;
}

static double min(double a, double b) {
    return a < b ? a : b;
}

struct cli_utterance cli_utterance_find(const struct dsinfer_transcript *transcript,
                                        const struct cli_cue_rules *rules, size_t first,
                                        double not_before_s) {
    const struct dsinfer_word *words = transcript->words;
    struct cli_utterance utterance = {.first = first, .end = first + 1};

    utterance.start_s = max(words[first].start_s, not_before_s);
    utterance.end_s = max(words[first].end_s, utterance.start_s + SHORTEST_S);
    while (utterance.end < transcript->n_words) {
        const struct dsinfer_word *word = &words[utterance.end];

        if (word->start_s - utterance.end_s >= rules->silence_s ||
            word->end_s - utterance.start_s > rules->longest_s) {
            break;
        }
        utterance.end_s = max(utterance.end_s, word->end_s);
        utterance.end++;
    }
    return utterance;
}

static bool is_continued(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Bytes of the first `n_columns` characters of UTF-8 text. */
static size_t skip_columns(const char *text, size_t n_columns) {
    size_t n = 0;

    for (; n_columns > 0 && text[n]; n_columns--) {
        do {
            n++;
        } while (is_continued(text[n]));
    }
    return n;
}

static size_t count_columns(const char *text) {
    size_t n = 0;

    for (; *text; text++) {
        n += !is_continued(*text);
    }
    return n;
}

/* Into how many pieces a word has to be divided: never more than it has characters. */
static size_t count_pieces(const struct dsinfer_word *word, size_t n_columns) {
    const double n_times = ceil((word->end_s - word->start_s) / CLI_CUE_LONGEST_S);
    const size_t n_pieces = (n_columns + CLI_CUE_COLUMNS - 1) / CLI_CUE_COLUMNS;

    if (n_times > (double)n_pieces) {
        return n_times < (double)n_columns ? (size_t)n_times : n_columns;
    }
    return n_pieces;
}

/* Piece `i` of a word, of which there is one; returns how many there are. */
static size_t get_piece(const struct dsinfer_word *word, size_t i, struct piece *piece) {
    const size_t n_columns = count_columns(word->text);
    const size_t n = count_pieces(word, n_columns);
    const size_t first = n_columns * i / n;
    const size_t end = n_columns * (i + 1) / n;
    const double column_s = (word->end_s - word->start_s) / (double)n_columns;

    piece->text = word->text + skip_columns(word->text, first);
    piece->n_columns = end - first;
    piece->n_bytes = skip_columns(piece->text, piece->n_columns);
    piece->start_s = word->start_s + column_s * (double)first;
    piece->end_s = word->start_s + column_s * (double)end;
    piece->has_space = i == 0;
    return n;
}

/* Columns of pieces[first … end - 1] on one line. */
static size_t count_line(const struct piece *pieces, size_t first, size_t end) {
    size_t n = 0;
    size_t i;

    for (i = first; i < end; i++) {
        n += pieces[i].n_columns + (i > first && pieces[i].has_space);
    }
    return n;
}

/* Where the second of two lines begins, both being as long as possible alike; `n` where one line is
 * enough, 0 where two are not. */
static size_t find_break(const struct piece *pieces, size_t n) {
    size_t best = 0;
    size_t best_columns = CLI_CUE_COLUMNS + 1;
    size_t i;

    if (count_line(pieces, 0, n) <= CLI_CUE_COLUMNS) {
        return n;
    }
    for (i = 1; i < n; i++) {
        const size_t upper = count_line(pieces, 0, i);
        const size_t lower = count_line(pieces, i, n);
        const size_t longer = upper > lower ? upper : lower;

        if (longer < best_columns) {
            best = i;
            best_columns = longer;
        }
    }
    return best;
}

static void write_line(char *line, const struct piece *pieces, size_t first, size_t end) {
    size_t i;

    for (i = first; i < end; i++) {
        if (i > first && pieces[i].has_space) {
            *line++ = ' ';
        }
        memcpy(line, pieces[i].text, pieces[i].n_bytes);
        line += pieces[i].n_bytes;
    }
    *line = '\0';
}

/* Moves to the piece after the one that `cues` is at. */
static void advance(struct cli_cues *cues, size_t n_pieces) {
    cues->piece++;
    if (cues->piece == n_pieces) {
        cues->word++;
        cues->piece = 0;
    }
}

/* Gathers pieces of the utterance as long as they fit into a cue that begins at `start_s`; returns
 * their number. *is_full: there are more of them, the next being at pieces[number]. */
static size_t gather(const struct cli_cues *cues, double start_s, struct piece *pieces,
                     bool *is_full) {
    struct cli_cues ahead = *cues;
    size_t n = 0;

    *is_full = false;
    while (ahead.word < cues->utterance_end) {
        const size_t n_pieces =
            get_piece(&cues->transcript->words[ahead.word], ahead.piece, &pieces[n]);

        if (n > 0 && (n == MAX_PIECES || find_break(pieces, n + 1) == 0 ||
                      pieces[n].end_s - start_s > CLI_CUE_LONGEST_S)) {
            *is_full = true;
            break;
        }
        n++;
        advance(&ahead, n_pieces);
    }
    return n;
}

/* How many of `n` pieces, after which more come, the cue keeps: up to the longest pause in its
 * second half, the last one of equals. */
static size_t find_pause(const struct piece *pieces, size_t n) {
    double longest = -INFINITY;
    size_t best = n;
    size_t i;

    for (i = n / 2 + 1; i <= n; i++) {
        const double pause = pieces[i].start_s - pieces[i - 1].end_s;

        if (pause >= longest) {
            longest = pause;
            best = i;
        }
    }
    return best;
}

void cli_cues_init(struct cli_cues *cues, const struct dsinfer_transcript *transcript,
                   const struct cli_cue_rules *rules) {
    *cues = (struct cli_cues){.transcript = transcript, .rules = *rules};
}

/* When the next cue may begin at the earliest. */
static double find_next_start(const struct cli_cues *cues) {
    struct piece piece;

    if (cues->word == cues->transcript->n_words) {
        return cues->transcript->time_s;
    }
    get_piece(&cues->transcript->words[cues->word], cues->piece, &piece);
    return piece.start_s;
}

bool cli_cues_next(struct cli_cues *cues, struct cli_cue *cue) {
    struct piece pieces[MAX_PIECES + 1];
    size_t n, i, second;
    double end_s;
    bool is_full;

    if (cues->word == cues->transcript->n_words) {
        return false;
    }
    if (cues->word >= cues->utterance_end) {
        cues->utterance_end =
            cli_utterance_find(cues->transcript, &cues->rules, cues->word, cues->last_end_s).end;
    }
    get_piece(&cues->transcript->words[cues->word], cues->piece, &pieces[0]);
    cue->start_s = max(pieces[0].start_s, cues->last_end_s);
    n = gather(cues, cue->start_s, pieces, &is_full);
    n = is_full ? find_pause(pieces, n) : n;

    second = find_break(pieces, n);
    write_line(cue->lines[0], pieces, 0, second);
    write_line(cue->lines[1], pieces, second, n);
    cue->n_lines = second < n ? 2 : 1;

    end_s = pieces[n - 1].end_s;
    for (i = 0; i < n; i++) {
        advance(cues, get_piece(&cues->transcript->words[cues->word], cues->piece, &pieces[0]));
    }
    end_s = max(end_s, min(cue->start_s + READABLE_S, find_next_start(cues)));
    cue->end_s = min(max(end_s, cue->start_s + SHORTEST_S), cue->start_s + CLI_CUE_LONGEST_S);
    cues->last_end_s = cue->end_s;
    return true;
}
