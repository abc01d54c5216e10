/* A writer and a reader, alone and at the same time.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/ring.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdint.h>

#define N_SAMPLES 200000
#define MAX_PIECE 97

static void what_is_written_is_read_once_and_in_order(void **state) {
    const float in[5] = {1, 2, 3, 4, 5};
    float out[8];
    struct cli_ring ring;
    size_t i;

    (void)state;
    cli_ring_init(&ring, 8);
    assert_int_equal(cli_ring_read(&ring, out, 8), 0);
    for (i = 0; i < 20; i++) {
        assert_int_equal(cli_ring_write(&ring, in, 5), 5);
        assert_int_equal(cli_ring_read(&ring, out, 2), 2);
        assert_int_equal(cli_ring_read(&ring, out + 2, 6), 3);
        assert_memory_equal(out, in, sizeof(in));
    }
    cli_ring_finish(&ring);
}

static void what_finds_no_room_is_left_out(void **state) {
    const float in[5] = {1, 2, 3, 4, 5};
    float out[8];
    struct cli_ring ring;

    (void)state;
    cli_ring_init(&ring, 4);
    assert_int_equal(cli_ring_write(&ring, in, 5), 4);
    assert_int_equal(cli_ring_write(&ring, in, 5), 0);
    assert_int_equal(cli_ring_read(&ring, out, 1), 1);
    assert_int_equal(cli_ring_write(&ring, in + 4, 1), 1);
    assert_int_equal(cli_ring_read(&ring, out + 1, 7), 4);
    assert_memory_equal(out, in, sizeof(in));
    cli_ring_finish(&ring);
}

static void counters_may_wrap_around(void **state) {
    const float in[3] = {1, 2, 3};
    float out[3];
    struct cli_ring ring;
    size_t i;

    (void)state;
    cli_ring_init(&ring, 4);
    atomic_store(&ring.n_written, SIZE_MAX - 4);
    atomic_store(&ring.n_read, SIZE_MAX - 4);
    for (i = 0; i < 5; i++) {
        assert_int_equal(cli_ring_write(&ring, in, 3), 3);
        assert_int_equal(cli_ring_read(&ring, out, 3), 3);
        assert_memory_equal(out, in, sizeof(in));
    }
    cli_ring_finish(&ring);
}

static void *write_all(void *user) {
    struct cli_ring *ring = user;
    struct test_rng rng = {5};
    float samples[MAX_PIECE];
    size_t done = 0;
    size_t i;

    while (done < N_SAMPLES) {
        const size_t wanted = 1 + test_rng_next(&rng) % MAX_PIECE;
        const size_t n = wanted < N_SAMPLES - done ? wanted : N_SAMPLES - done;

        for (i = 0; i < n; i++) {
            samples[i] = (float)(done + i);
        }
        done += cli_ring_write(ring, samples, n);
    }
    return NULL;
}

static void two_threads_lose_and_mix_up_nothing(void **state) {
    struct test_rng rng = {6};
    float samples[MAX_PIECE];
    struct cli_ring ring;
    pthread_t writer;
    size_t done = 0;
    size_t i;

    (void)state;
    cli_ring_init(&ring, 256);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &ring), 0);
    while (done < N_SAMPLES) {
        const size_t n = cli_ring_read(&ring, samples, 1 + test_rng_next(&rng) % MAX_PIECE);

        for (i = 0; i < n; i++) {
            assert_true(samples[i] == (float)(done + i));
        }
        done += n;
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(cli_ring_read(&ring, samples, MAX_PIECE), 0);
    cli_ring_finish(&ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_once_and_in_order),
        cmocka_unit_test(what_finds_no_room_is_left_out),
        cmocka_unit_test(counters_may_wrap_around),
        cmocka_unit_test(two_threads_lose_and_mix_up_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
