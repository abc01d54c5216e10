/* Packing and matrix products.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/kernels/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct gemm_case {
    size_t m, n, k;
    size_t gap;   /* between the rows of A and of C */
    size_t slice; /* rows packed at a time */
    bool has_bias;
    float limit;
    enum check_values values;
    enum check_place place;
};

/* Everything one product needs. */
struct operands {
    struct check_matrix a, bias, c;
    struct check_memory rows;   /* B as a file holds it: unaligned, rows of `row_stride` bytes */
    struct check_memory packed; /* B for the kernels under test */
    float *b;                   /* B without gaps */
    size_t row_stride;
    float *expected, *magnitude; /* [m,n]: result; sum of absolute products and start */
};

/* What kernels.h promises. */
static double get_tolerance(size_t k, float magnitude) {
    return 6e-8 * (4.0 + sqrt((double)k)) * (double)magnitude + 1e-37;
}

static float *allocate(size_t count) {
    return calloc(count ? count : 1, sizeof(float));
}

/* Packs all rows, `slice` at a time, into memory that is all zero. */
static void pack(const struct dsi_product *product, const struct gemm_case *test, const void *rows,
                 size_t row_stride, void *packed) {
    struct dsi_pack part = {.k = test->k,
                            .n = test->n,
                            .n_columns = test->n,
                            .row_stride = row_stride,
                            .packed = packed};
    const bool steps[] = {true, false}; /* measure, pack */
    size_t i;

    for (i = 0; i < COUNT(steps); i++) {
        for (part.first_row = 0; part.first_row < test->k; part.first_row += test->slice) {
            const size_t rest = test->k - part.first_row;

            part.n_rows = rest < test->slice ? rest : test->slice;
            part.rows = (const unsigned char *)rows + part.first_row * row_stride;
            if (!steps[i]) {
                product->pack(&part);
            } else if (product->measure) {
                product->measure(&part);
            }
        }
    }
}

/* B at `rows` is filled float by float, as no row of it is aligned. */
static void create_b(struct check *check, const struct gemm_case *test, struct operands *o) {
    const size_t row_size = test->n * sizeof(float);
    const size_t alignment = check->product.is_in_place ? sizeof(float) : DSI_ALIGNMENT;
    size_t l, j;

    o->row_stride = row_size + 3;
    check_memory_create(&o->rows, test->k ? (test->k - 1) * o->row_stride + row_size : 0, 1,
                        test->place);
    o->b = allocate(test->k * test->n);
    for (l = 0; l < test->k; l++) {
        for (j = 0; j < test->n; j++) {
            const float x = check_value(check, test->values);

            memcpy(o->rows.data + l * o->row_stride + j * sizeof(float), &x, sizeof(x));
            o->b[l * test->n + j] = x;
        }
    }

    check_memory_create(&o->packed, check->product.get_packed_size(test->k, test->n), alignment,
                        test->place);
    if (check->product.measure) {
        memset(o->packed.data, 0, o->packed.size);
    }
    pack(&check->product, test, o->rows.data, o->row_stride, o->packed.data);
    check_memory_verify(check, &o->rows, "the rows of B");
    check_memory_verify(check, &o->packed, "the packed B");
}

/* By the definition, with B packed for it. */
static void multiply_reference(struct check *check, const struct gemm_case *test,
                               const struct dsi_gemm *gemm, const float *b) {
    const size_t size = check->reference_product.get_packed_size(test->k, test->n);
    void *packed = calloc(size ? size : 1, 1);
    struct dsi_gemm copy = *gemm;

    pack(&check->reference_product, test, b, test->n * sizeof(float), packed);
    copy.b = packed;
    check->reference_product.gemm(&copy);
    free(packed);
}

/* Result, and by the same definition what the tolerance is relative to. */
static void compute_expected(struct check *check, const struct gemm_case *test,
                             struct operands *o) {
    const size_t count = test->m * test->n;
    float *a = allocate(test->m * test->k), *b = allocate(test->k * test->n);
    struct dsi_gemm gemm = {.m = test->m,
                            .n = test->n,
                            .k = test->k,
                            .a = o->a.data,
                            .a_stride = o->a.stride,
                            .c = o->expected,
                            .c_stride = test->n,
                            .limit = test->limit,
                            .n_columns = test->n};
    size_t i, j;

    for (i = 0; i < test->m; i++) {
        for (j = 0; j < test->n; j++) {
            const float start = test->has_bias ? o->bias.data[j] : o->c.data[i * o->c.stride + j];

            o->expected[i * test->n + j] = start;
            o->magnitude[i * test->n + j] = fabsf(start);
        }
        for (j = 0; j < test->k; j++) {
            a[i * test->k + j] = fabsf(o->a.data[i * o->a.stride + j]);
        }
    }
    for (i = 0; i < test->k * test->n; i++) {
        b[i] = fabsf(o->b[i]);
    }
    multiply_reference(check, test, &gemm, o->b);
    gemm.a = a;
    gemm.a_stride = test->k;
    gemm.c = o->magnitude;
    gemm.limit = INFINITY;
    multiply_reference(check, test, &gemm, b);
    for (i = 0; i < count; i++) {
        o->magnitude[i] = isnan(o->magnitude[i]) ? INFINITY : o->magnitude[i];
    }
    free(a);
    free(b);
}

/* Computes columns of C, preparing A where these kernels want it. */
static void multiply(struct check *check, struct dsi_gemm *gemm) {
    struct check_memory prepared;

    if (check->product.prepare) {
        check_memory_create(&prepared, check->product.get_prepared_size(gemm->m, gemm->k),
                            DSI_ALIGNMENT, CHECK_AT_END);
        gemm->prepared = prepared.data;
        check->product.prepare(gemm);
    }
    check->product.gemm(gemm);
    if (check->product.prepare) {
        check_memory_verify(check, &prepared, "the prepared A");
        check_memory_destroy(&prepared);
    }
}

static void create_operands(struct check *check, const struct gemm_case *test, struct operands *o) {
    check_matrix_create(&o->a, test->m, test->k, test->gap, test->place);
    check_matrix_create(&o->bias, 1, test->n, 0, test->place);
    check_matrix_create(&o->c, test->m, test->n, test->gap, test->place);
    check_matrix_fill(check, &o->a, test->values);
    check_matrix_fill(check, &o->bias, test->values);
    check_matrix_fill(check, &o->c, test->values);
    create_b(check, test, o);
    o->expected = allocate(test->m * test->n);
    o->magnitude = allocate(test->m * test->n);
}

static void destroy_operands(struct operands *o) {
    check_matrix_destroy(&o->a);
    check_matrix_destroy(&o->bias);
    check_matrix_destroy(&o->c);
    check_memory_destroy(&o->rows);
    check_memory_destroy(&o->packed);
    free(o->b);
    free(o->expected);
    free(o->magnitude);
}

static void check_case(struct check *check, const struct gemm_case *test) {
    struct operands o;
    struct dsi_gemm gemm;
    size_t i, j;

    check_begin(check, "m %zu n %zu k %zu gap %zu bias %d limit %g values %d place %d", test->m,
                test->n, test->k, test->gap, test->has_bias, (double)test->limit, (int)test->values,
                (int)test->place);
    create_operands(check, test, &o);
    compute_expected(check, test, &o);

    gemm = (struct dsi_gemm){test->m, test->n,  test->k,    o.a.data,    o.a.stride, o.packed.data,
                             NULL,    o.c.data, o.c.stride, test->limit, 0,          test->n,
                             false,   NULL};
    gemm.is_backward = check->n_calls % 2 != 0;
    gemm.bias = test->has_bias ? o.bias.data : NULL;
    multiply(check, &gemm);

    for (i = 0; i < test->m; i++) {
        for (j = 0; j < test->n; j++) {
            const size_t at = i * test->n + j;

            check_near(check, o.c.data[i * o.c.stride + j], o.expected[at],
                       get_tolerance(test->k, o.magnitude[at]), i, j);
        }
    }
    check_matrix_verify(check, &o.a, "A");
    check_matrix_verify(check, &o.bias, "the bias");
    check_matrix_verify(check, &o.c, "C");
    check_memory_verify(check, &o.packed, "the packed B");
    destroy_operands(&o);
}

/* Every size around the widths of vectors, tiles and blocks, the rest varied along. */
static void check_sizes(struct check *check) {
    static const size_t ms[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 19};
    static const size_t ns[] = {0, 1, 5, 7, 8, 9, 15, 16, 17, 29, 31, 33, 48, 63, 64, 65, 100, 131};
    static const size_t ks[] = {0, 1, 2, 3, 5, 16, 31, 127, 255, 256, 257, 515};
    static const float limits[] = {INFINITY, 20.0f, 0.0f};
    size_t i, count = 0;
    /* What depends on sizes is much the same in all precisions. */
    const size_t step = check->precision == DSI_PRECISION_F32 ? 1 : 5;

    for (i = 0; i < COUNT(ms) * COUNT(ns) * COUNT(ks); i += step) {
        struct gemm_case test = {
            .m = ms[i % COUNT(ms)],
            .n = ns[i / COUNT(ms) % COUNT(ns)],
            .k = ks[i / COUNT(ms) / COUNT(ns)],
        };

        /* 7, 11 and so on share no factor with what they are taken modulo. */
        count += 7;
        test.gap = count % 3;
        test.slice = 1 + count % 37;
        test.has_bias = count / 3 % 2;
        test.limit = limits[count / 11 % COUNT(limits)];
        test.values = (enum check_values)(count / 13 % CHECK_N_VALUES);
        test.place = count / 17 % 2 ? CHECK_AT_START : CHECK_AT_END;
        check_case(check, &test);
    }
}

/* Those of the networks: 494 inputs, 384 or 2048 cells, 29 labels. */
static void check_model_sizes(struct check *check) {
    static const size_t sizes[][3] = {
        {16, 384, 494}, {16, 1536, 384}, {1, 1536, 384}, {16, 29, 384},   {37, 64, 64},
        {5, 100, 100},  {2, 2048, 2048}, {1, 64, 2048},  {1, 2048, 2048}, {16, 29, 2048},
    };
    size_t i;

    for (i = 0; i < COUNT(sizes); i++) {
        struct gemm_case test = {.m = sizes[i][0], .n = sizes[i][1], .k = sizes[i][2]};

        test.slice = 61;
        test.limit = i % 2 ? 20.0f : INFINITY;
        test.has_bias = i % 3 != 0;
        test.values = i % 2 ? CHECK_RELU : CHECK_PLAIN;
        check_case(check, &test);
    }
}

/* As long as sums may be, all their products as large as can be. */
static void check_largest_sums(struct check *check) {
    static const size_t ms[] = {1, 2, 5};
    size_t i;

    for (i = 0; i < COUNT(ms); i++) {
        check_case(check, &(struct gemm_case){.m = ms[i],
                                              .n = 17,
                                              .k = DSI_INT8_MAX_K,
                                              .slice = 4099,
                                              .limit = INFINITY,
                                              .values = CHECK_ONES});
    }
}

/* Rows first … first + m - 1 and the leading n columns, computed alone, against `whole`. */
static void compare_part(struct check *check, const struct operands *o, const void *packed,
                         const float *whole, size_t first, size_t m, size_t n, size_t k) {
    struct check_matrix c;
    struct dsi_gemm gemm;
    size_t i;

    check_begin(check, "rows %zu to %zu, %zu columns, k %zu", first, first + m, n, k);
    check_matrix_create(&c, m, n, 1, CHECK_AT_END);
    gemm = (struct dsi_gemm){m,
                             n,
                             k,
                             o->a.data + first * o->a.stride,
                             o->a.stride,
                             packed,
                             o->bias.data,
                             c.data,
                             c.stride,
                             20.0f,
                             0,
                             n,
                             false,
                             NULL};
    multiply(check, &gemm);
    for (i = 0; i < m; i++) {
        if (memcmp(c.data + i * c.stride, whole + (first + i) * o->c.stride, n * sizeof(float))) {
            check_fail(check, "row %zu differs from the same row in the whole", first + i);
        }
    }
    check_matrix_destroy(&c);
}

/* A row's result is the same to the bit in any batch, and a column's beside any others. */
static void check_exact(struct check *check, size_t n, size_t k) {
    static const size_t chunks[] = {1, 2, 3, 4, 5, 6, 7, 16};
    const struct gemm_case test = {.m = 37, .n = n, .k = k, .gap = 1, .slice = 5};
    struct gemm_case part = test;
    struct check_memory narrow;
    struct operands o;
    struct dsi_gemm gemm;
    size_t i, first;

    check_begin(check, "exact, n %zu k %zu", n, k);
    create_operands(check, &test, &o);
    gemm = (struct dsi_gemm){test.m,      n,        k,          o.a.data, o.a.stride, o.packed.data,
                             o.bias.data, o.c.data, o.c.stride, 20.0f,    0,          n,
                             false,       NULL};
    multiply(check, &gemm);
    for (i = 0; i < COUNT(chunks); i++) {
        for (first = 0; first < test.m; first += chunks[i]) {
            const size_t rest = test.m - first;

            compare_part(check, &o, o.packed.data, o.c.data, first,
                         rest < chunks[i] ? rest : chunks[i], n, k);
        }
    }
    for (i = 1; i < n; i += 1 + i / 3) {
        check_memory_create(&narrow, check->product.get_packed_size(k, i), DSI_ALIGNMENT,
                            CHECK_AT_END);
        memset(narrow.data, 0, narrow.size);
        part.n = i;
        pack(&check->product, &part, o.rows.data, o.row_stride, narrow.data);
        compare_part(check, &o, narrow.data, o.c.data, 0, test.m, i, k);
        compare_part(check, &o, narrow.data, o.c.data, 3, 1, i, k);
        check_memory_destroy(&narrow);
    }
    destroy_operands(&o);
}

/* Columns in three parts are the columns at once, and a part touches no others. */
static void check_columns(struct check *check, size_t m, size_t n, size_t k) {
    const struct gemm_case test = {
        .m = m, .n = n, .k = k, .gap = 2, .slice = 9, .has_bias = true, .limit = 20.0f};
    const size_t first = n / 3 / DSI_PACK_COLUMNS * DSI_PACK_COLUMNS;
    const size_t ends[] = {first, 2 * first, n};
    struct operands o;
    struct check_matrix c;
    struct dsi_gemm gemm;
    size_t i, j, part;

    check_begin(check, "columns, m %zu n %zu k %zu", m, n, k);
    create_operands(check, &test, &o);
    compute_expected(check, &test, &o);
    gemm = (struct dsi_gemm){m,           n,        k,          o.a.data, o.a.stride, o.packed.data,
                             o.bias.data, o.c.data, o.c.stride, 20.0f,    0,          n,
                             false,       NULL};
    multiply(check, &gemm);
    check_matrix_create(&c, m, n, 2, CHECK_AT_START);
    gemm.c = c.data;
    gemm.c_stride = c.stride;
    for (i = 0; i < m * n; i++) {
        c.data[i / n * c.stride + i % n] = -1.0f;
    }
    for (part = 0; part < COUNT(ends); part++) {
        gemm.first_column = part ? ends[part - 1] : 0;
        gemm.n_columns = ends[part] - gemm.first_column;
        multiply(check, &gemm);
        for (i = 0; i < m; i++) {
            for (j = 0; j < n; j++) {
                const size_t at = i * n + j;
                const double tolerance = check->product.is_batch_exact || j >= ends[part]
                                             ? 0.0
                                             : 2.0 * get_tolerance(k, o.magnitude[at]);

                check_near(check, c.data[i * c.stride + j],
                           j < ends[part] ? o.c.data[i * o.c.stride + j] : -1.0f, tolerance, i, j);
            }
        }
    }
    check_matrix_verify(check, &c, "C");
    check_matrix_destroy(&c);
    destroy_operands(&o);
}

void check_gemm(struct check *check, enum dsi_precision precision) {
    static const char *const names[] = {"gemm f32", "gemm bf16", "gemm int8"};

    check->kernel = names[precision];
    check->precision = precision;
    check->product = check->kernels.products[precision];
    check->reference_product = check->reference.products[precision];
    check_sizes(check);
    check_model_sizes(check);
    check_largest_sums(check);
    check_columns(check, 1, 157, 515);
    check_columns(check, 5, 128, 64);
    if (check->product.is_batch_exact) {
        check_exact(check, 29, 100);
        check_exact(check, 150, 600);
        check_exact(check, 64, 257);
    }
}
