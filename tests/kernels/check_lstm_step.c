/* Gates and cell of an LSTM.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/kernels/check.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What kernels.h promises. */
#define TOLERANCE 3e-7

struct operands {
    struct check_matrix z, c, c_next, h_next;
};

static void create_operands(struct operands *o, size_t n, enum check_place place) {
    check_matrix_create(&o->z, 1, 4 * n, 0, place);
    check_matrix_create(&o->c, 1, n, 0, place);
    check_matrix_create(&o->c_next, 1, n, 0, place);
    check_matrix_create(&o->h_next, 1, n, 0, place);
}

static void destroy_operands(struct operands *o) {
    check_matrix_destroy(&o->z);
    check_matrix_destroy(&o->c);
    check_matrix_destroy(&o->c_next);
    check_matrix_destroy(&o->h_next);
}

/* Computes with the reference and the kernels under test and compares. */
static void compare(struct check *check, const struct operands *o, size_t n, float forget_bias,
                    float cell_clip) {
    struct operands expected;
    struct dsi_lstm_step step = {n,           n,         o->z.data,      o->c.data,
                                 forget_bias, cell_clip, o->c_next.data, o->h_next.data};
    struct dsi_lstm_step reference = step;
    size_t i;

    create_operands(&expected, n, CHECK_AT_END);
    reference.c_next = expected.c_next.data;
    reference.h_next = expected.h_next.data;
    check->reference.lstm_step(&reference);
    check->kernels.lstm_step(&step);
    for (i = 0; i < n; i++) {
        const float c = expected.c_next.data[i], h = expected.h_next.data[i];
        const double relative = isfinite(c) ? TOLERANCE * fabs((double)c) : 0.0;

        check_near(check, step.c_next[i], c, TOLERANCE + relative, 0, i);
        check_near(check, step.h_next[i], h, TOLERANCE, 1, i);
    }
    check_matrix_verify(check, &o->z, "z");
    check_matrix_verify(check, &o->c, "c");
    check_matrix_verify(check, &o->c_next, "c_next");
    check_matrix_verify(check, &o->h_next, "h_next");
    destroy_operands(&expected);
}

/* Values beside every threshold an implementation may have. */
static float pick(struct check *check, enum check_values values) {
    static const float specials[] = {
        0.0f,   -0.0f,  1e-40f, -1e-40f, 1e-30f, 9.0f,     -9.0f,     17.0f,  -17.0f,
        40.0f,  -40.0f, 87.0f,  -87.0f,  88.0f,  -88.0f,   89.0f,     -89.0f, 104.f,
        -104.f, 1e9f,   -1e9f,  3e38f,   -3e38f, INFINITY, -INFINITY, NAN,
    };

    if (values == CHECK_SPECIAL) {
        return specials[test_rng_next(&check->rng) % COUNT(specials)];
    }
    return check_value(check, values) * (values == CHECK_PLAIN ? 12.0f : 1.0f);
}

static void check_case(struct check *check, size_t n, enum check_values values,
                       enum check_place place, float forget_bias, float cell_clip) {
    struct operands o;
    size_t i;

    check_begin(check, "n %zu values %d place %d forget_bias %g cell_clip %g", n, (int)values,
                (int)place, (double)forget_bias, (double)cell_clip);
    create_operands(&o, n, place);
    for (i = 0; i < 4 * n; i++) {
        o.z.data[i] = pick(check, values);
    }
    for (i = 0; i < n; i++) {
        o.c.data[i] = pick(check, values);
        if (fabsf(o.c.data[i]) > 1e30f) { /* not promised where the gate is all but closed */
            o.z.data[2 * n + i] = 0.0f;
        }
    }
    compare(check, &o, n, forget_bias, cell_clip);
    destroy_operands(&o);
}

static void check_sizes(struct check *check) {
    static const size_t sizes[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,   9,   15,
                                   16, 17, 23, 31, 33, 47, 64, 97, 100, 384, 2048};
    static const float clips[] = {0.0f, 3.0f, 50.0f, -1.0f};
    size_t i, j;

    for (i = 0; i < COUNT(sizes); i++) {
        for (j = 0; j < 4 * CHECK_N_VALUES; j++) {
            check_case(check, sizes[i], (enum check_values)(j % CHECK_N_VALUES),
                       j % 2 ? CHECK_AT_START : CHECK_AT_END, j % 3 ? 1.0f : 0.0f, clips[j % 4]);
        }
    }
}

/* All of both curves: each gate in turn runs from -110 to 110 while the others are open. */
static void check_sweep(struct check *check) {
    const size_t n = 40000;
    struct operands o;
    size_t gate, i;

    create_operands(&o, n, CHECK_AT_END);
    for (gate = 0; gate < 4; gate++) {
        check_begin(check, "sweep of gate %zu", gate);
        for (i = 0; i < 4 * n; i++) {
            o.z.data[i] = i / n == gate ? (float)(i % n) * (220.0f / (float)n) - 110.0f : 2.0f;
        }
        for (i = 0; i < n; i++) {
            o.c.data[i] = test_rng_float(&check->rng) * 4.0f;
        }
        compare(check, &o, n, 0.0f, 0.0f);
    }
    destroy_operands(&o);
}

/* Cells first … first + count - 1 of `whole` alone, in place. */
static void check_part(struct check *check, const struct dsi_lstm_step *whole, size_t first,
                       size_t count) {
    struct check_matrix c, h;
    struct dsi_lstm_step part = *whole;

    check_begin(check, "cells %zu to %zu alone and in place", first, first + count - 1);
    check_matrix_create(&c, 1, count, 0, CHECK_AT_END);
    check_matrix_create(&h, 1, count, 0, CHECK_AT_END);
    memcpy(c.data, whole->c + first, count * sizeof(float));
    part.n_cell = count;
    part.z = whole->z + first;
    part.c = part.c_next = c.data;
    part.h_next = h.data;
    check->kernels.lstm_step(&part);
    if (memcmp(c.data, whole->c_next + first, count * sizeof(float)) ||
        memcmp(h.data, whole->h_next + first, count * sizeof(float))) {
        check_fail(check, "c %.9g h %.9g first, among others %.9g %.9g", (double)c.data[0],
                   (double)h.data[0], (double)whole->c_next[first], (double)whole->h_next[first]);
    }
    check_matrix_verify(check, &c, "c");
    check_matrix_verify(check, &h, "h");
    check_matrix_destroy(&c);
    check_matrix_destroy(&h);
}

/* An element's result is the same to the bit at any position, and c_next may be c. */
static void check_exact(struct check *check) {
    const size_t n = 45;
    struct operands o;
    struct dsi_lstm_step whole;
    size_t i;

    create_operands(&o, n, CHECK_AT_END);
    for (i = 0; i < 4 * n; i++) {
        o.z.data[i] = test_rng_float(&check->rng) * 10.0f;
    }
    check_matrix_fill(check, &o.c, CHECK_PLAIN);
    whole =
        (struct dsi_lstm_step){n, n, o.z.data, o.c.data, 1.0f, 0.0f, o.c_next.data, o.h_next.data};
    check->kernels.lstm_step(&whole);

    for (i = 0; i < n; i++) {
        check_part(check, &whole, i, 1);
    }
    check_part(check, &whole, 3, 29);

    check_begin(check, "in place");
    whole.c_next = o.c.data;
    memset(o.h_next.data, 0, n * sizeof(float));
    check->kernels.lstm_step(&whole);
    if (memcmp(o.c.data, o.c_next.data, n * sizeof(float))) {
        check_fail(check, "c differs from c_next elsewhere");
    }
    destroy_operands(&o);
}

/* Gates of infinite z are closed or open, not almost so. */
static void check_infinite_gates(struct check *check) {
    float z[] = {-INFINITY, 1.0f, -INFINITY, 1.0f}, c = 1e30f, h = 1.0f;
    struct dsi_lstm_step step = {1, 1, z, &c, 1.0f, 0.0f, &c, &h};

    check_begin(check, "input and forget gate closed");
    check->kernels.lstm_step(&step);
    check_near(check, c, 0.0f, 0.0, 0, 0);
    check_near(check, h, 0.0f, 0.0, 1, 0);

    check_begin(check, "only the forget gate open");
    z[2] = INFINITY;
    c = 1.25f;
    check->kernels.lstm_step(&step);
    check_near(check, c, 1.25f, 0.0, 0, 0);
}

void check_lstm_step(struct check *check) {
    check->kernel = "lstm_step";
    check_sizes(check);
    check_sweep(check);
    check_exact(check);
    check_infinite_gates(check);
}
