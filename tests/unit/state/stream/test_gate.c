/* state/stream/gate: which rows reach the decoder, and when the utterance is over. The rows spell
 * "ab" again and again, so that every row that is let through is a letter.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/stream/gate.h"

#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#define N_LABELS 29
#define A 1
#define B 2
#define BLANK 28
#define LOUD (-30.0f)
#define QUIET (-60.0f)

struct bed {
    struct dsi_gate gate;
    struct dsinfer_decoder *decoder;
    size_t n_rows;
};

static void open_bed(struct bed *bed, bool is_on) {
    const struct dsinfer_model_info info = {.n_labels = N_LABELS, .sample_rate = 16000};
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder_input input;

    dsinfer_decoder_input_init(&input);
    dsinfer_decoder_options_init(&options);
    options.kind = DSINFER_DECODER_GREEDY;
    assert_int_equal(dsinfer_decoder_create(&input, &options, &bed->decoder, NULL), DSINFER_OK);
    assert_int_equal(dsi_gate_init(&bed->gate, &info, is_on), DSINFER_OK);
    bed->n_rows = 0;
}

static void close_bed(struct bed *bed) {
    dsi_gate_finish(&bed->gate);
    dsinfer_decoder_destroy(bed->decoder);
}

static void push_row(struct bed *bed, size_t label) {
    float row[N_LABELS] = {0};

    row[label] = 10.0f;
    assert_int_equal(dsi_gate_take_rows(&bed->gate, bed->decoder, row, 1), DSINFER_OK);
    bed->n_rows++;
}

/* `n` frames of a level; rows come nine frames later. */
static void push(struct bed *bed, size_t n, float decibels, bool has_letters) {
    size_t i;

    for (i = 0; i < n; i++) {
        assert_int_equal(dsi_gate_take_level(&bed->gate, bed->decoder, decibels), DSINFER_OK);
        if (bed->gate.state.activity.n_frames > 9) {
            push_row(bed, !has_letters ? BLANK : bed->n_rows % 2 ? B : A);
        }
    }
}

static size_t end(struct bed *bed) {
    struct dsinfer_transcript transcript;

    while (bed->n_rows < bed->gate.state.activity.n_frames) {
        push_row(bed, bed->n_rows % 2 ? B : A);
    }
    assert_int_equal(dsi_gate_end(&bed->gate, bed->decoder), DSINFER_OK);
    assert_int_equal(dsinfer_decoder_get_transcript(bed->decoder, &transcript), DSINFER_OK);
    assert_true(fabs(transcript.time_s - (double)bed->n_rows * 0.02) < 1e-9);
    return strlen(transcript.text);
}

static void rows_of_silence_become_blanks(void **state) {
    struct bed bed;

    (void)state;
    open_bed(&bed, true);
    push(&bed, 1000, QUIET, true);
    assert_int_equal(end(&bed), 0);
    close_bed(&bed);
    open_bed(&bed, false);
    push(&bed, 1000, QUIET, true);
    assert_int_equal(end(&bed), 1000);
    close_bed(&bed);
}

static void two_seconds_around_a_syllable_are_let_through(void **state) {
    struct bed bed;

    (void)state;
    open_bed(&bed, true);
    push(&bed, 500, QUIET, true);
    push(&bed, 10, LOUD, true);
    push(&bed, 490, QUIET, true);
    /* The last loud frame is 509; the level falls at 510, when row 410 is not decided yet. */
    assert_int_equal(end(&bed), 609 - 410 + 1);
    close_bed(&bed);
}

static void rows_wait_in_silence_only(void **state) {
    struct bed bed;
    size_t i;

    (void)state;
    open_bed(&bed, true);
    push(&bed, 200, QUIET, true);
    assert_int_equal(bed.gate.state.n_held, DSI_GATE_REACH - 9);
    push(&bed, 10, LOUD, true);
    push(&bed, 1, QUIET, true);
    for (i = 0; i < DSI_GATE_REACH; i++) {
        assert_int_equal(bed.gate.state.n_held, 0);
        push(&bed, 1, i % 20 < 10 ? QUIET : LOUD, true);
    }
    close_bed(&bed);
}

/* However far the rows are behind, memory is not exceeded and none is lost. */
static void rows_that_come_late_are_let_through_or_replaced(void **state) {
    struct bed bed;
    size_t i;

    (void)state;
    open_bed(&bed, true);
    for (i = 0; i < 300; i++) {
        push_row(&bed, A);
    }
    assert_int_equal(end(&bed), 0);
    close_bed(&bed);
    open_bed(&bed, true);
    for (i = 0; i < 300; i++) {
        const float level = i % 20 < 10 ? LOUD : QUIET;

        assert_int_equal(dsi_gate_take_level(&bed.gate, bed.decoder, level), DSINFER_OK);
    }
    assert_int_equal(end(&bed), 300);
    close_bed(&bed);
}

static void a_copy_goes_on_like_the_original(void **state) {
    struct bed bed, copy;

    (void)state;
    open_bed(&bed, true);
    open_bed(&copy, true);
    push(&bed, 300, QUIET, true);
    push(&copy, 300, QUIET, false);
    dsi_gate_copy(&bed.gate, &copy.gate);
    copy.n_rows = bed.n_rows;
    assert_memory_equal(&copy.gate.state, &bed.gate.state, sizeof(bed.gate.state));
    push(&bed, 10, LOUD, true);
    push(&copy, 10, LOUD, true);
    push(&bed, 10, QUIET, true);
    push(&copy, 10, QUIET, true);
    assert_int_equal(end(&bed), end(&copy));
    dsi_gate_reset(&copy.gate);
    assert_int_equal(copy.gate.state.n_rows, 0);
    close_bed(&bed);
    close_bed(&copy);
}

static void any_floats_in_a_row_are_taken(void **state) {
    float row[N_LABELS];
    struct bed bed;
    size_t i;

    (void)state;
    open_bed(&bed, true);
    for (i = 0; i < N_LABELS; i++) {
        row[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
    }
    assert_int_equal(dsi_gate_take_rows(&bed.gate, bed.decoder, row, 1), DSINFER_OK);
    bed.n_rows++;
    assert_int_equal(end(&bed), 0);
    close_bed(&bed);
}

static enum dsinfer_endpoint find(const struct bed *bed) {
    struct dsinfer_stream_options options;

    dsinfer_stream_options_init(&options);
    return dsi_gate_find_endpoint(&bed->gate, &options);
}

static void silence_after_speech_is_an_endpoint(void **state) {
    struct bed bed;

    (void)state;
    open_bed(&bed, false);
    push(&bed, 100, QUIET, false);
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_NONE);
    push(&bed, 20, LOUD, true);
    push(&bed, 39, QUIET, true);
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_NONE);
    push(&bed, 1, QUIET, true);
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_SILENCE);
    push(&bed, 5, LOUD, true); /* it goes on */
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_NONE);
    close_bed(&bed);
}

static void blanks_after_speech_are_an_endpoint_however_loud(void **state) {
    struct bed bed;
    size_t i;

    (void)state;
    open_bed(&bed, false);
    for (i = 0; i < 10; i++) {
        push(&bed, 10, QUIET, true);
        push(&bed, 10, LOUD, true);
    }
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_NONE);
    for (i = 0; i < 2; i++) {
        push(&bed, 10, QUIET, false);
        push(&bed, 10, LOUD, false);
    }
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_SILENCE);
    close_bed(&bed);
}

static void time_without_speech_is_an_endpoint(void **state) {
    struct bed bed;

    (void)state;
    open_bed(&bed, false);
    push(&bed, 9 + 249, QUIET, false);
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_NONE);
    push(&bed, 1, QUIET, false);
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_START);
    assert_int_equal(dsi_gate_end(&bed.gate, bed.decoder), DSINFER_OK);
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_NONE);
    push(&bed, 250, QUIET, true); /* letters without a sound are no speech */
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_START);
    close_bed(&bed);
}

static void the_longest_utterance_ends_while_somebody_speaks(void **state) {
    struct bed bed;
    size_t i;

    (void)state;
    open_bed(&bed, false);
    push(&bed, 9, QUIET, false);
    for (i = 0; i < 1499; i++) {
        push(&bed, 1, i % 20 < 10 ? LOUD : QUIET, true);
    }
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_NONE);
    push(&bed, 1, QUIET, true);
    assert_int_equal(find(&bed), DSINFER_ENDPOINT_LONGEST);
    close_bed(&bed);
}

static void every_failed_allocation_is_reported(void **state) {
    const struct dsinfer_model_info info = {.n_labels = N_LABELS, .sample_rate = 16000};
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long n;

    (void)state;
    for (n = 0; status != DSINFER_OK; n++) {
        struct dsi_gate gate;

        assert_true(n < 10);
        dsi_alloc_fail_after(n);
        status = dsi_gate_init(&gate, &info, true);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsi_gate_finish(&gate);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_silence_become_blanks),
        cmocka_unit_test(two_seconds_around_a_syllable_are_let_through),
        cmocka_unit_test(rows_wait_in_silence_only),
        cmocka_unit_test(rows_that_come_late_are_let_through_or_replaced),
        cmocka_unit_test(a_copy_goes_on_like_the_original),
        cmocka_unit_test(any_floats_in_a_row_are_taken),
        cmocka_unit_test(silence_after_speech_is_an_endpoint),
        cmocka_unit_test(blanks_after_speech_are_an_endpoint_however_loud),
        cmocka_unit_test(time_without_speech_is_an_endpoint),
        cmocka_unit_test(the_longest_utterance_ends_while_somebody_speaks),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
