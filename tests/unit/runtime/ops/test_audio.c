/* ops: AudioSpectrogram, Mfcc, ReverseSequence.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/op_check.h"

#include <math.h>

static struct dsi_graph graph;

static int setup(void **state) {
    (void)state;
    dsi_graph_init(&graph);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    dsi_graph_finish(&graph);
    return 0;
}

static struct dsi_port add_spectrogram(const char *name, struct dsi_port samples, int64_t window,
                                       int64_t stride, bool is_squared) {
    const struct dsi_port node = NODE(&graph, name, "AudioSpectrogram", samples);

    ATTRS(&graph, node, ATTR_INT("window_size", window), ATTR_INT("stride", stride),
          ATTR_BOOL("magnitude_squared", is_squared));
    return node;
}

/* Windows of 4 are weighted 0, 1/2, 1, 1/2. */
static void a_spectrogram_has_a_frame_for_each_whole_window(void **state) {
    struct dsi_port samples = F32(&graph, "samples", SHAPE(7, 1), 9, 2, 1, 2, 1, 2, 3);

    (void)state;
    EXPECT_NEAR(OP(&graph, add_spectrogram("squared", samples, 4, 3, true), samples), 1e-6,
                SHAPE(1, 2, 3), 9, 1, 1, 16, 5, 0);
    EXPECT_NEAR(OP(&graph, add_spectrogram("plain", samples, 4, 4, false), samples), 1e-6,
                SHAPE(1, 1, 3), 3, 1, 1);
    EXPECT_EMPTY(OP(&graph, add_spectrogram("short", samples, 8, 1, false), samples), DSI_DTYPE_F32,
                 SHAPE(1, 0, 5));
}

static void channels_lie_side_by_side_and_come_out_one_after_the_other(void **state) {
    struct dsi_port samples = F32(&graph, "samples", SHAPE(4, 2), 9, 0, 2, 0, 1, 1, 2, 0);

    (void)state;
    EXPECT_NEAR(OP(&graph, add_spectrogram("two", samples, 4, 4, true), samples), 1e-6,
                SHAPE(2, 1, 3), 9, 1, 1, 1, 1, 1);
}

static void a_window_of_any_length_is_padded(void **state) {
    struct dsi_port samples = F32(&graph, "samples", SHAPE(3, 1), 0, 1, 0);

    (void)state; /* weights 0, 3/4, 3/4 */
    EXPECT_NEAR(OP(&graph, add_spectrogram("three", samples, 3, 1, true), samples), 1e-6,
                SHAPE(1, 1, 3), 0.5625f, 0.5625f, 0.5625f);
}

static void windows_that_are_none_are_refused(void **state) {
    struct dsi_port samples = F32(&graph, "samples", SHAPE(4, 1), 1, 2, 3, 4);
    struct dsi_port flat = F32(&graph, "flat", SHAPE(4), 1, 2, 3, 4);

    (void)state;
    test_expect_refused(&graph, add_spectrogram("a", samples, 1, 1, true), DSINFER_ERR_UNSUPPORTED,
                        "node 'a': windows of 1 samples");
    test_expect_refused(&graph, add_spectrogram("b", samples, 65537, 1, true),
                        DSINFER_ERR_UNSUPPORTED, "windows of 65537 samples");
    test_expect_refused(&graph, add_spectrogram("c", samples, 4, 0, true), DSINFER_ERR_UNSUPPORTED,
                        "every 0");
    test_expect_refused(&graph, add_spectrogram("d", flat, 4, 1, true), DSINFER_ERR_MALFORMED,
                        "'d'");
}

/* The example with which TensorFlow checks its own kernel: 513 bins of 22050 Hz, 1 to 513. */
static void cepstra_are_those_of_tensorflow(void **state) {
    float powers[513];
    struct dsi_port spectrum, rate = I32(&graph, "rate", SCALAR, 22050);
    size_t i;

    (void)state;
    for (i = 0; i < 513; i++) {
        powers[i] = (float)(i + 1);
    }
    spectrum = test_add_constant(&graph, "powers", DSI_DTYPE_F32, SHAPE(1, 1, 513), powers,
                                 sizeof(powers));
    EXPECT_NEAR(OP(&graph, NODE(&graph, "mfcc", "Mfcc", spectrum, rate), spectrum), 1e-6,
                SHAPE(1, 1, 13), 29.13970072f, -6.41568601f, -0.61903012f, -0.96778652f,
                -0.26819878f, -0.40907028f, -0.15614748f, -0.23203119f, -0.10481487f, -0.1543029f,
                -0.0769791f, -0.10806114f, -0.06047613f);
}

static void silence_has_the_floor(void **state) {
    struct dsi_port spectrum = F32(&graph, "spectrum", SHAPE(1, 1, 5), 0, 0, 0, 0, 0);
    struct dsi_port rate = I32(&graph, "rate", SCALAR, 16000);
    struct dsi_port mfcc = NODE(&graph, "mfcc", "Mfcc", spectrum, rate);

    (void)state;
    ATTRS(&graph, mfcc, ATTR_INT("dct_coefficient_count", 2));
    EXPECT_NEAR(OP(&graph, mfcc, spectrum), 1e-6, SHAPE(1, 1, 2), -247.13936f, 0);
}

static struct dsi_port add_mfcc(const char *name, int64_t n_bands, int64_t n_out, float low,
                                float high) {
    struct dsi_port spectrum, rate;
    struct dsi_port node;

    assert_true(dsi_graph_find_node(&graph, "spectrum", &spectrum.node));
    assert_true(dsi_graph_find_node(&graph, "rate", &rate.node));
    spectrum.output = rate.output = 0;
    node = NODE(&graph, name, "Mfcc", spectrum, rate);
    ATTRS(&graph, node, ATTR_INT("filterbank_channel_count", n_bands),
          ATTR_INT("dct_coefficient_count", n_out), ATTR_FLOAT("lower_frequency_limit", low),
          ATTR_FLOAT("upper_frequency_limit", high));
    return node;
}

static void banks_that_are_none_are_refused(void **state) {
    struct dsi_port spectrum = F32(&graph, "spectrum", SHAPE(1, 1, 3), 1, 2, 3);
    struct dsi_port rate = I32(&graph, "rate", SCALAR, 0);
    struct dsi_port one = F32(&graph, "one", SHAPE(1, 1, 1), 1);

    (void)state;
    test_expect_refused(&graph, add_mfcc("a", 4, 5, 20, 4000), DSINFER_ERR_UNSUPPORTED,
                        "5 coefficients of 4 bands");
    test_expect_refused(&graph, add_mfcc("b", 1025, 5, 20, 4000), DSINFER_ERR_UNSUPPORTED, "1025");
    test_expect_refused(&graph, add_mfcc("c", 4, 0, 20, 4000), DSINFER_ERR_UNSUPPORTED, "0 coeff");
    test_expect_refused(&graph, add_mfcc("d", 4, 4, 20, 20), DSINFER_ERR_MALFORMED, "no range");
    test_expect_refused(&graph, add_mfcc("e", 4, 4, NAN, 20), DSINFER_ERR_MALFORMED, "no range");
    test_expect_refused(&graph, add_mfcc("f", 4, 4, 0, INFINITY), DSINFER_ERR_MALFORMED,
                        "no range");
    test_expect_refused(&graph, NODE(&graph, "g", "Mfcc", one, rate), DSINFER_ERR_UNSUPPORTED,
                        "1 bins");
    test_expect_refused(&graph, NODE(&graph, "h", "Mfcc", spectrum, one), DSINFER_ERR_UNSUPPORTED,
                        "'h'");
    test_expect_run_fails(OP(&graph, add_mfcc("i", 4, 4, 20, 4000), spectrum, rate),
                          "the sample rate is 0");
}

static struct dsi_port add_reverse(const char *name, struct dsi_port x, struct dsi_port lengths,
                                   int64_t sequence, int64_t batch) {
    const struct dsi_port node = NODE(&graph, name, "ReverseSequence", x, lengths);

    ATTRS(&graph, node, ATTR_INT("seq_dim", sequence), ATTR_INT("batch_dim", batch));
    return node;
}

static void sequences_are_reversed_as_far_as_they_go(void **state) {
    struct dsi_port rows =
        F32(&graph, "rows", SHAPE(3, 2, 2), 1, 2, 10, 20, 3, 4, 30, 40, 5, 6, 50, 60);
    struct dsi_port flat = I32(&graph, "flat", SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
    struct dsi_port lengths = I64(&graph, "lengths", SHAPE(2), 3, 2);
    struct dsi_port none = I32(&graph, "none", SHAPE(2), 0, 1);

    (void)state;
    EXPECT_F32(OP(&graph, add_reverse("a", rows, lengths, 0, 1), rows, lengths), SHAPE(3, 2, 2), 5,
               6, 30, 40, 3, 4, 10, 20, 1, 2, 50, 60);
    EXPECT_I32(OP(&graph, add_reverse("b", flat, lengths, 1, 0), flat, lengths), SHAPE(2, 3), 3, 2,
               1, 5, 4, 6);
    EXPECT_I32(OP(&graph, add_reverse("c", flat, none, 1, 0), flat, none), SHAPE(2, 3), 1, 2, 3, 4,
               5, 6);
}

static void reversing_what_cannot_be_is_refused(void **state) {
    struct dsi_port flat = I32(&graph, "flat", SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
    struct dsi_port lengths = I32(&graph, "lengths", SHAPE(2), 4, 0);
    struct dsi_port less = I32(&graph, "less", SHAPE(2), 0, -1);

    (void)state;
    test_expect_refused(&graph, add_reverse("a", flat, lengths, 1, 1), DSINFER_ERR_MALFORMED,
                        "no two axes");
    test_expect_refused(&graph, add_reverse("b", flat, lengths, 2, 0), DSINFER_ERR_MALFORMED,
                        "no two axes");
    test_expect_refused(&graph, add_reverse("c", flat, lengths, 0, 1), DSINFER_ERR_MALFORMED,
                        "'c'");
    test_expect_run_fails(OP(&graph, add_reverse("d", flat, lengths, 1, 0), flat, lengths),
                          "the length of stream 0 is 4");
    test_expect_run_fails(OP(&graph, add_reverse("e", flat, less, 1, 0), flat, less),
                          "the length of stream 1 is -1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_spectrogram_has_a_frame_for_each_whole_window),
        TEST(channels_lie_side_by_side_and_come_out_one_after_the_other),
        TEST(a_window_of_any_length_is_padded),
        TEST(windows_that_are_none_are_refused),
        TEST(cepstra_are_those_of_tensorflow),
        TEST(silence_has_the_floor),
        TEST(banks_that_are_none_are_refused),
        TEST(sequences_are_reversed_as_far_as_they_go),
        TEST(reversing_what_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
