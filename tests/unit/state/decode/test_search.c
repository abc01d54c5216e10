/* decode/search: what holds for every search, and each against hand-made and exhaustive answers.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/search.h"

#include "runtime/base/alloc.h"
#include "state/decode/posterior.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_LABELS 6
#define N_FRAMES 120

#define N_TYPES 3
static const struct dsi_search_type *const TYPES[N_TYPES] = {
    &dsi_search_greedy, &dsi_search_tensorflow, &dsi_search_prefix};

static struct dsi_search *create(const struct dsi_search_type *type, size_t n_labels, size_t beam,
                                 bool is_probability) {
    const struct dsi_search_config config = {
        n_labels, beam, is_probability, DSINFER_FAMILY_DS07, 1.0, 40, NULL};
    struct dsi_search *search = NULL;

    assert_int_equal(type->create(&config, &search), DSINFER_OK);
    assert_ptr_equal(search->type, type);
    return search;
}

static void feed(struct dsi_search *search, const float *rows, size_t n) {
    assert_int_equal(search->type->feed(search, rows, n), DSINFER_OK);
}

static float *make_rows(size_t n_frames, size_t n_labels, float scale, uint64_t seed) {
    struct test_rng rng = {seed};
    float *rows = malloc(n_frames * n_labels * sizeof(*rows));
    size_t i;

    assert_non_null(rows);
    for (i = 0; i < n_frames * n_labels; i++) {
        rows[i] = scale * test_rng_float(&rng);
    }
    return rows;
}

/* Ranks the paths; returns the labels of path `i`. */
static struct dsi_search_label *get_labels(struct dsi_search *search, size_t i, size_t *n) {
    struct dsi_search_label *labels;

    assert_true(i < search->type->rank(search));
    *n = search->type->get_length(search, i);
    labels = calloc(*n + 1, sizeof(*labels));
    assert_non_null(labels);
    search->type->get_labels(search, i, labels);
    return labels;
}

static void assert_same(struct dsi_search *a, struct dsi_search *b) {
    size_t n_paths = a->type->rank(a);
    size_t i;

    assert_int_equal(b->type->rank(b), n_paths);
    for (i = 0; i < n_paths; i++) {
        size_t n_a, n_b;
        struct dsi_search_label *labels_a = get_labels(a, i, &n_a);
        struct dsi_search_label *labels_b = get_labels(b, i, &n_b);

        assert_int_equal(n_a, n_b);
        assert_true(a->type->get_score(a, i) == b->type->get_score(b, i));
        assert_memory_equal(labels_a, labels_b, n_a * sizeof(*labels_a));
        free(labels_a);
        free(labels_b);
    }
}

static void rows_cut_anywhere_give_the_same_paths(void **state) {
    float *rows = make_rows(N_FRAMES, N_LABELS, 3.0f, 1);
    size_t k;

    (void)state;
    for (k = 0; k < N_TYPES; k++) {
        struct dsi_search *whole = create(TYPES[k], N_LABELS, 20, false);
        struct dsi_search *cut = create(TYPES[k], N_LABELS, 20, false);
        size_t done = 0;
        size_t n = 0;

        feed(whole, rows, N_FRAMES);
        while (done < N_FRAMES) {
            feed(cut, rows + done * N_LABELS, n);
            done += n;
            n = n + 1 < N_FRAMES - done ? n + 1 : N_FRAMES - done;
        }
        assert_same(whole, cut);
        TYPES[k]->destroy(whole);
        TYPES[k]->destroy(cut);
    }
    free(rows);
}

static void a_copy_goes_on_like_the_original(void **state) {
    float *rows = make_rows(N_FRAMES, N_LABELS, 3.0f, 2);
    float *others = make_rows(N_FRAMES, N_LABELS, 3.0f, 3);
    size_t k;

    (void)state;
    for (k = 0; k < N_TYPES; k++) {
        struct dsi_search *whole = create(TYPES[k], N_LABELS, 20, false);
        struct dsi_search *original = create(TYPES[k], N_LABELS, 20, false);
        struct dsi_search *copy = create(TYPES[k], N_LABELS, 20, false);

        feed(whole, rows, N_FRAMES);
        feed(original, rows, 50);
        feed(copy, others, 70);
        assert_int_equal(TYPES[k]->copy(original, copy), DSINFER_OK);
        assert_same(original, copy);
        feed(copy, rows + 50 * N_LABELS, N_FRAMES - 50);
        assert_same(whole, copy);
        feed(copy, others, N_FRAMES);
        feed(original, rows + 50 * N_LABELS, N_FRAMES - 50);
        assert_same(whole, original);
        TYPES[k]->destroy(whole);
        TYPES[k]->destroy(original);
        TYPES[k]->destroy(copy);
    }
    free(rows);
    free(others);
}

static void after_reset_a_search_is_as_new(void **state) {
    float *rows = make_rows(N_FRAMES, N_LABELS, 3.0f, 4);
    size_t k;

    (void)state;
    for (k = 0; k < N_TYPES; k++) {
        struct dsi_search *fresh = create(TYPES[k], N_LABELS, 20, false);
        struct dsi_search *used = create(TYPES[k], N_LABELS, 20, false);

        feed(used, rows, N_FRAMES);
        TYPES[k]->reset(used);
        assert_same(fresh, used);
        feed(fresh, rows + N_LABELS, 60);
        feed(used, rows + N_LABELS, 60);
        assert_same(fresh, used);
        TYPES[k]->destroy(fresh);
        TYPES[k]->destroy(used);
    }
    free(rows);
}

static void no_frames_are_one_empty_path(void **state) {
    size_t k;

    (void)state;
    for (k = 0; k < N_TYPES; k++) {
        struct dsi_search *search = create(TYPES[k], N_LABELS, 20, false);

        assert_int_equal(TYPES[k]->rank(search), 1);
        assert_int_equal(TYPES[k]->get_length(search, 0), 0);
        assert_true(TYPES[k]->get_score(search, 0) == 0.0);
        TYPES[k]->destroy(search);
        TYPES[k]->destroy(NULL);
    }
}

static void values_that_are_no_numbers_do_no_harm(void **state) {
    const float odd[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, 0.0f, -NAN, 1e-40f};
    struct test_rng rng = {5};
    float rows[N_FRAMES * N_LABELS];
    size_t i, k;

    (void)state;
    for (i = 0; i < N_FRAMES * N_LABELS; i++) {
        rows[i] = odd[test_rng_next(&rng) % 8];
    }
    for (i = 0; i < 8 * N_LABELS; i++) {
        rows[i] = odd[i / N_LABELS];
    }
    for (k = 0; k < 2 * N_TYPES; k++) {
        const struct dsi_search_type *type = TYPES[k / 2];
        struct dsi_search *search = create(type, N_LABELS, 20, k % 2 == 1);

        for (i = 0; i < N_FRAMES; i++) {
            size_t n, j;
            struct dsi_search_label *labels;

            feed(search, rows + i * N_LABELS, 1);
            labels = get_labels(search, 0, &n);
            for (j = 0; j < n; j++) {
                assert_true(labels[j].label < N_LABELS - 1);
                assert_true(labels[j].timestep <= i && labels[j].timestep >= j);
                assert_false(isnan(labels[j].log_posterior));
            }
            assert_false(isnan(type->get_score(search, 0)));
            free(labels);
        }
        type->destroy(search);
    }
}

static void probabilities_give_the_paths_of_their_logarithms(void **state) {
    float *rows = make_rows(N_FRAMES, N_LABELS, 2.0f, 6);
    float probabilities[N_FRAMES * N_LABELS];
    size_t i, k;

    (void)state;
    for (i = 0; i < N_FRAMES; i++) {
        dsi_posterior_compute(rows + i * N_LABELS, N_LABELS, false, probabilities + i * N_LABELS);
    }
    for (i = 0; i < N_FRAMES * N_LABELS; i++) {
        probabilities[i] = expf(probabilities[i]);
    }
    for (k = 0; k < N_TYPES; k++) {
        struct dsi_search *of_logits = create(TYPES[k], N_LABELS, 20, false);
        struct dsi_search *of_probabilities = create(TYPES[k], N_LABELS, 20, true);
        struct dsi_search_label *a, *b;
        size_t n_a, n_b, j;

        feed(of_logits, rows, N_FRAMES);
        feed(of_probabilities, probabilities, N_FRAMES);
        a = get_labels(of_logits, 0, &n_a);
        b = get_labels(of_probabilities, 0, &n_b);
        assert_int_equal(n_a, n_b);
        for (j = 0; j < n_a; j++) {
            assert_int_equal(a[j].label, b[j].label);
            assert_int_equal(a[j].timestep, b[j].timestep);
        }
        assert_true(fabs(TYPES[k]->get_score(of_logits, 0) -
                         TYPES[k]->get_score(of_probabilities, 0)) < 1e-2);
        free(a);
        free(b);
        TYPES[k]->destroy(of_logits);
        TYPES[k]->destroy(of_probabilities);
    }
    free(rows);
}

static void the_largest_values_of_a_row_share_its_probability(void **state) {
    const float values[] = {0.0f, 12.5f, -1e5f, 1e7f, -1e7f, 1e30f, -1e30f, FLT_MAX, INFINITY};
    size_t i, k, n;

    (void)state;
    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        for (n = 1; n <= N_LABELS; n++) {
            float row[N_LABELS], posteriors[N_LABELS];

            for (k = 0; k < N_LABELS; k++) {
                row[k] = k < n ? values[i] : -INFINITY;
            }
            dsi_posterior_compute(row, N_LABELS, false, posteriors);
            for (k = 0; k < N_LABELS; k++) {
                const double wanted = k < n ? 1.0 / (double)n : 0.0;

                assert_true(fabs(exp((double)posteriors[k]) - wanted) < 1e-2);
            }
        }
    }
}

static void greedy_merges_repeats_and_drops_blanks(void **state) {
    const uint32_t best[] = {5, 1, 1, 5, 1, 2, 2, 0, 5, 5, 2};
    const uint32_t labels[] = {1, 1, 2, 0, 2};
    const uint32_t timesteps[] = {1, 4, 5, 7, 10};
    const double posterior = 2.0 - log(exp(2.0) + 5.0);
    struct dsi_search *search = create(&dsi_search_greedy, N_LABELS, 1, false);
    struct dsi_search_label *got;
    size_t i, n;

    (void)state;
    for (i = 0; i < 11; i++) {
        float row[N_LABELS] = {0};

        row[best[i]] = 2.0f;
        feed(search, row, 1);
    }
    got = get_labels(search, 0, &n);
    assert_int_equal(n, 5);
    for (i = 0; i < 5; i++) {
        assert_int_equal(got[i].label, labels[i]);
        assert_int_equal(got[i].timestep, timesteps[i]);
        assert_true(fabs((double)got[i].log_posterior - posterior) < 1e-6);
    }
    assert_true(fabs(search->type->get_score(search, 0) - 11.0 * posterior) < 1e-5);
    free(got);
    search->type->destroy(search);
}

/* The text of an alignment of 5 frames over two labels and the blank, as a number in base 3. */
static unsigned merge(unsigned alignment, const double *posteriors, double *product) {
    unsigned text = 0;
    unsigned last = 2;
    size_t frame;

    *product = 1.0;
    for (frame = 0; frame < 5; frame++) {
        const unsigned label = alignment % 3;

        *product *= posteriors[frame * 3 + label];
        if (label != 2 && label != last) {
            text = text * 3 + label + 1;
        }
        last = label;
        alignment /= 3;
    }
    return text;
}

/* Checks the score of every path against the sums of the alignments of its text, all of which must
 * be there; impossible texts may be. */
static void check_sums(struct dsi_search *search, const double given[243]) {
    double sums[243];
    size_t i;

    memcpy(sums, given, sizeof(sums));
    for (i = 0; i < search->type->rank(search); i++) {
        size_t n, j;
        struct dsi_search_label *labels = get_labels(search, i, &n);
        const double score = search->type->get_score(search, i);
        unsigned text = 0;

        for (j = 0; j < n; j++) {
            text = text * 3 + labels[j].label + 1;
        }
        assert_true(text < 243 ? fabs(score - log(sums[text])) < 1e-5 || sums[text] == 0.0
                               : score <= (double)-FLT_MAX);
        if (score > (double)-FLT_MAX) {
            sums[text] = 0.0;
        }
        free(labels);
    }
    for (i = 0; i < 243; i++) {
        assert_true(sums[i] == 0.0);
    }
}

static void a_beam_that_holds_everything_sums_all_alignments(void **state) {
    const struct dsi_search_type *const types[] = {&dsi_search_tensorflow, &dsi_search_prefix};
    float *rows = make_rows(5, 3, 1.5f, 7);
    double posteriors[15];
    double sums[243] = {0};
    unsigned alignment, i, k;

    (void)state;
    for (i = 0; i < 5; i++) {
        const double sum =
            exp((double)rows[3 * i]) + exp((double)rows[3 * i + 1]) + exp((double)rows[3 * i + 2]);

        for (k = 0; k < 3; k++) {
            posteriors[3 * i + k] = exp((double)rows[3 * i + k]) / sum;
        }
    }
    for (alignment = 0; alignment < 243; alignment++) {
        double product;
        const unsigned text = merge(alignment, posteriors, &product);

        sums[text] += product;
    }
    for (i = 0; i < 2; i++) {
        struct dsi_search *search = create(types[i], 3, 300, false);

        feed(search, rows, 5);
        check_sums(search, sums);
        types[i]->destroy(search);
    }
    free(rows);
}

/* A label that is unlikely from the first frame on, likely at frame 30, and lasts three frames. */
static void check_places(const struct dsi_search_type *type) {
    struct dsi_search *search = create(type, N_LABELS, 50, false);
    struct dsi_search_label *labels;
    size_t i, n;

    for (i = 0; i < 60; i++) {
        float row[N_LABELS] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 6.0f};

        if (i >= 30 && i < 33) {
            row[1] = 9.0f;
        } else if (i == 40 || i == 41) {
            row[3] = 9.0f;
        }
        feed(search, row, 1);
    }
    labels = get_labels(search, 0, &n);
    assert_int_equal(n, 2);
    assert_int_equal(labels[0].label, 1);
    assert_int_equal(labels[0].timestep, 30);
    assert_int_equal(labels[1].label, 3);
    assert_int_equal(labels[1].timestep, 40);
    assert_true(labels[0].log_posterior > -0.1f);
    free(labels);
    search->type->destroy(search);
}

static void a_label_is_placed_where_it_is_likely(void **state) {
    (void)state;
    check_places(&dsi_search_tensorflow);
    check_places(&dsi_search_prefix);
}

static void the_largest_alphabet_is_searched(void **state) {
    const size_t n_labels = 65536;
    float *row = calloc(n_labels, sizeof(*row));
    size_t k;

    (void)state;
    assert_non_null(row);
    row[65534] = 20.0f;
    for (k = 0; k < N_TYPES; k++) {
        struct dsi_search *search = create(TYPES[k], n_labels, 8, false);
        struct dsi_search_label *labels;
        size_t n;

        feed(search, row, 1);
        feed(search, row, 1);
        labels = get_labels(search, 0, &n);
        assert_int_equal(n, 1);
        assert_int_equal(labels[0].label, 65534);
        free(labels);
        TYPES[k]->destroy(search);
    }
    free(row);
}

/* Four seconds of anything, then minutes in which the blank is likely but no certainty. */
static void silence_takes_no_more_memory(void **state) {
    float *noise = make_rows(200, N_LABELS, 3.0f, 8);
    float *silence = make_rows(6000, N_LABELS, 2.0f, 9);
    size_t i, k;

    (void)state;
    for (i = 0; i < 6000; i++) {
        silence[i * N_LABELS + N_LABELS - 1] = 9.0f;
    }
    for (k = 0; k < N_TYPES; k++) {
        struct dsi_search *search = create(TYPES[k], N_LABELS, 100, false);
        unsigned long before;

        feed(search, noise, 200);
        feed(search, silence, 500);
        before = dsi_alloc_get_count();
        feed(search, silence, 6000);
        assert_int_equal(dsi_alloc_get_count(), before);
        TYPES[k]->destroy(search);
    }
    free(noise);
    free(silence);
}

/* Two minutes of noise with a letter now and then. The pools begin with 64 places and grow by half.
 * To keep every prefix ever tried, 90,000, each pool of prefixes would grow 18 times; the prefix
 * search has two more pools than TensorFlow's. */
static void two_minutes_take_memory_for_the_text_only(void **state) {
    const unsigned long most_allocations[N_TYPES] = {0, 60, 70};
    const size_t n_labels = 29;
    float *rows = make_rows(6000, n_labels, 2.0f, 10);
    struct test_rng rng = {11};
    size_t i, k;

    (void)state;
    for (i = 0; i < 6000; i++) {
        rows[i * n_labels + n_labels - 1] += 8.0f;
        if (i % 6 == 0) {
            rows[i * n_labels + test_rng_next(&rng) % (n_labels - 1)] += 10.0f;
        }
    }
    for (k = 1; k < N_TYPES; k++) {
        struct dsi_search *search = create(TYPES[k], n_labels, 100, false);
        const unsigned long before = dsi_alloc_get_count();

        feed(search, rows, 6000);
        assert_true(search->type->rank(search) > 0);
        assert_true(search->type->get_length(search, 0) > 800);
        assert_in_range(dsi_alloc_get_count() - before, 1, most_allocations[k]);
        TYPES[k]->destroy(search);
    }
    free(rows);
}

static void every_failed_allocation_is_reported(void **state) {
    float *rows = make_rows(3000, N_LABELS, 3.0f, 11);
    size_t k;

    (void)state;
    for (k = 0; k < N_TYPES; k++) {
        const struct dsi_search_config config = {N_LABELS, 20, false, DSINFER_FAMILY_DS07,
                                                 1.0,      40, NULL};
        enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
        long n;

        for (n = 0; status != DSINFER_OK; n++) {
            struct dsi_search *search = NULL;
            struct dsi_search *copy = NULL;

            assert_true(n < 200);
            dsi_alloc_fail_after(n);
            status = TYPES[k]->create(&config, &search);
            if (status == DSINFER_OK) {
                status = TYPES[k]->feed(search, rows, 3000);
            }
            if (status == DSINFER_OK) {
                status = TYPES[k]->create(&config, &copy);
            }
            if (status == DSINFER_OK) {
                status = TYPES[k]->copy(search, copy);
            }
            dsi_alloc_fail_after(-1);
            assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
            if (search) { /* usable again after a reset */
                TYPES[k]->reset(search);
                feed(search, rows, 10);
            }
            TYPES[k]->destroy(search);
            TYPES[k]->destroy(copy);
        }
        assert_true(n > 4);
    }
    free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_cut_anywhere_give_the_same_paths),
        cmocka_unit_test(a_copy_goes_on_like_the_original),
        cmocka_unit_test(after_reset_a_search_is_as_new),
        cmocka_unit_test(no_frames_are_one_empty_path),
        cmocka_unit_test(values_that_are_no_numbers_do_no_harm),
        cmocka_unit_test(probabilities_give_the_paths_of_their_logarithms),
        cmocka_unit_test(the_largest_values_of_a_row_share_its_probability),
        cmocka_unit_test(greedy_merges_repeats_and_drops_blanks),
        cmocka_unit_test(a_beam_that_holds_everything_sums_all_alignments),
        cmocka_unit_test(a_label_is_placed_where_it_is_likely),
        cmocka_unit_test(the_largest_alphabet_is_searched),
        cmocka_unit_test(silence_takes_no_more_memory),
        cmocka_unit_test(two_minutes_take_memory_for_the_text_only),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
