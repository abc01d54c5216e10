/* frontend: features and windows of the genuine clients.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/frontend.h"

#include "tests/support/frames.h"
#include "tests/support/json.h"
#include "tests/support/npy.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WIDTH 26
#define N_CONTEXT 9
#define WINDOW ((2 * N_CONTEXT + 1) * WIDTH)
#define N_STEPS 16

struct golden {
    const char *folder;
    enum dsinfer_family family;
    uint32_t sample_rate;
    double absolute, relative;
    size_t n_files; /* at least */
};

static const struct golden ds01 = {"v011", DSINFER_FAMILY_DS01, 16000, 2e-4, 0.0, 42};
static const struct golden ds03 = {"v030", DSINFER_FAMILY_DS03, 16000, 1e-3, 1e-5, 42};
static const struct golden ds04 = {"v041", DSINFER_FAMILY_DS04, 16000, 1e-3, 1e-5, 42};
static const struct golden ds05 = {"v051", DSINFER_FAMILY_DS05, 16000, 1e-4, 1e-5, 42};
static const struct golden ds06 = {"v051", DSINFER_FAMILY_DS06, 16000, 1e-4, 1e-5, 42};
static const struct golden ds07 = {"v093", DSINFER_FAMILY_DS07, 16000, 1e-4, 1e-5, 42};
static const struct golden ds07_8k = {"v093_8k", DSINFER_FAMILY_DS07, 8000, 1e-4, 1e-5, 11};

/* The recording of which the features called `name` are. */
static void read_recording(const char *name, struct test_wav *wav) {
    char path[TEST_PATH_SIZE];
    struct stat facts;

    test_shared_path(path, "oracle/frontend/signals/%s.wav", name);
    if (stat(path, &facts) != 0) {
        test_shared_path(path, "audio/%s.wav", name);
    }
    test_wav_read(path, wav);
}

/* Where the side lobes of the Hamming window lie below the rounding of a float transform, only the
 * energy is defined. */
static int has_undefined_bands(const struct golden *golden, const char *name) {
    return golden->family == DSINFER_FAMILY_DS04 &&
           (strcmp(name, "dc_min") == 0 || strcmp(name, "nyquist_full_scale") == 0);
}

static void check_values(const struct golden *golden, const char *name,
                         const struct test_frames *frames, const struct test_npy *expected) {
    size_t i;

    assert_int_equal(frames->n_frames, expected->dims[0]);
    assert_int_equal(expected->dims[1], WIDTH);
    if (!has_undefined_bands(golden, name)) {
        test_assert_near(frames->values, expected->f32, expected->count, golden->absolute,
                         golden->relative, name);
        return;
    }
    for (i = 0; i < frames->n_frames; i++) {
        test_assert_near(frames->values + i * WIDTH, expected->f32 + i * WIDTH, 1, golden->absolute,
                         golden->relative, name);
    }
}

/* The features called `name`: equal to the golden ones, and in pieces equal to the whole. */
static void check_features(const struct golden *golden, const char *name) {
    static const size_t pieces[] = {1, 7, 160, 399, 1024, TEST_RANDOM};
    struct dsinfer_features *features = test_features_create(golden->family, golden->sample_rate);
    struct test_frames whole = {0};
    struct test_npy expected;
    struct test_wav wav;
    char path[TEST_PATH_SIZE];
    size_t i;

    read_recording(name, &wav);
    assert_int_equal(wav.sample_rate, golden->sample_rate);
    test_npy_read(test_shared_path(path, "oracle/frontend/%s/%s.feats.npy", golden->folder, name),
                  &expected);
    test_frames_extract(features, wav.samples, wav.n_samples, TEST_WHOLE, &whole);
    dsinfer_features_whiten(features, N_CONTEXT, whole.values, whole.n_frames);
    check_values(golden, name, &whole, &expected);

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct test_frames frames = {0};

        dsinfer_features_reset(features);
        test_frames_extract(features, wav.samples, wav.n_samples, pieces[i], &frames);
        dsinfer_features_whiten(features, N_CONTEXT, frames.values, frames.n_frames);
        test_frames_assert_equal(&frames, &whole);
        test_frames_free(&frames);
    }

    test_frames_free(&whole);
    test_npy_free(&expected);
    test_wav_free(&wav);
    dsinfer_features_destroy(features);
}

/* [batches][16][19][26] from frames: unused steps of the last batch are zero. */
static void check_windows(const struct golden *golden, const char *name) {
    const struct dsi_windows_config config = {N_CONTEXT, WIDTH};
    struct dsi_windows *windows;
    struct test_npy frames, expected;
    char path[TEST_PATH_SIZE];
    size_t n_windows = 0, i;
    float *got;

    test_npy_read(test_shared_path(path, "oracle/frontend/%s/%s.feats.npy", golden->folder, name),
                  &frames);
    test_npy_read(test_shared_path(path, "oracle/frontend/%s/%s.windows.npy", golden->folder, name),
                  &expected);
    got = calloc(expected.count, sizeof(*got));
    assert_non_null(got);
    assert_int_equal(dsi_windows_create(&config, &windows, NULL), DSINFER_OK);
    for (i = 0; i < frames.dims[0]; i++) {
        n_windows += dsi_windows_push(windows, frames.f32 + i * WIDTH, got + n_windows * WINDOW);
    }
    for (i = 0; i < N_CONTEXT; i++) {
        n_windows += dsi_windows_push_end(windows, got + n_windows * WINDOW);
    }
    assert_int_equal(n_windows, frames.dims[0]);
    assert_int_equal((n_windows + N_STEPS - 1) / N_STEPS, expected.dims[0]);
    for (i = 0; i < expected.count; i++) {
        assert_true(got[i] == expected.f32[i]);
    }

    free(got);
    dsi_windows_destroy(windows);
    test_npy_free(&expected);
    test_npy_free(&frames);
}

/* Calls `check` for every NAME of NAME`suffix` in the folder; returns their number. */
static size_t for_all(const struct golden *golden, const char *suffix,
                      void (*check)(const struct golden *golden, const char *name)) {
    char path[TEST_PATH_SIZE];
    DIR *folder = opendir(test_shared_path(path, "oracle/frontend/%s", golden->folder));
    struct dirent *entry;
    size_t n = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        const size_t length = strlen(entry->d_name);
        char name[256];

        if (length <= strlen(suffix) || length >= sizeof(name) ||
            strcmp(entry->d_name + length - strlen(suffix), suffix) != 0) {
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(length - strlen(suffix)), entry->d_name);
        check(golden, name);
        n++;
    }
    closedir(folder);
    return n;
}

static void features_are_those_of_upstream(void **state) {
    const struct golden *golden = *state;

    assert_true(for_all(golden, ".feats.npy", check_features) >= golden->n_files);
}

static void windows_are_those_of_upstream(void **state) {
    assert_true(for_all(*state, ".windows.npy", check_windows) > 0);
}

/* What a zero of the context becomes, which upstream's index tells. */
static void check_context(const struct golden *golden, const char *name) {
    struct dsinfer_features *features = test_features_create(golden->family, golden->sample_rate);
    struct test_frames frames = {0};
    struct test_wav wav;
    char path[TEST_PATH_SIZE];
    json_t *index = test_json_read(test_shared_path(path, "oracle/frontend/csf_index.json"));
    const json_t *facts = json_object_get(json_object_get(index, name), golden->folder);
    double expected;

    assert_non_null(facts);
    expected = json_number_value(json_object_get(facts, "context_value"));
    read_recording(name, &wav);
    test_frames_extract(features, wav.samples, wav.n_samples, TEST_WHOLE, &frames);
    assert_true(
        fabs((double)dsinfer_features_whiten(features, N_CONTEXT, frames.values, frames.n_frames) -
             expected) < 1e-5);
    test_frames_free(&frames);
    test_wav_free(&wav);
    json_decref(index);
    dsinfer_features_destroy(features);
}

static void context_is_whitened_as_upstream_does(void **state) {
    assert_true(for_all(*state, ".feats.npy", check_context) > 0);
}

#define WHITENED(golden)                                                                           \
    { "context_of_" #golden, context_is_whitened_as_upstream_does, NULL, NULL, (void *)&(golden) }
#define FEATURES(golden)                                                                           \
    { "features_of_" #golden, features_are_those_of_upstream, NULL, NULL, (void *)&(golden) }
#define WINDOWS(golden)                                                                            \
    { "windows_of_" #golden, windows_are_those_of_upstream, NULL, NULL, (void *)&(golden) }

int main(void) {
    const struct CMUnitTest tests[] = {
        FEATURES(ds01),    WHITENED(ds01), FEATURES(ds03), FEATURES(ds04),
        FEATURES(ds05),    FEATURES(ds06), FEATURES(ds07), WINDOWS(ds03),
        FEATURES(ds07_8k), WINDOWS(ds04),  WINDOWS(ds07),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
