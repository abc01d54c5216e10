/* Any question to a small network: refused with a sentence, or answered with arrays of the shapes
 * it says they have; also while an allocation fails, which the byte after them numbers.
 *
 * Input: how many inputs and how many outputs; for each input an element, a rank, that many
 * dimensions, the length of its name and its name; for each output the length of its name and its
 * name. SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/runner.h>

#include <string.h>

#define MAX_NAMES 4
#define MAX_NAME 63
#define MAX_DIM 26
#define MAX_VALUES 1000000 /* of an input; larger ones are asked for, but not run */

struct input {
    const uint8_t *data;
    size_t size;
};

struct question {
    size_t n_inputs, n_outputs;
    struct dsinfer_binding inputs[MAX_NAMES];
    const char *output_names[MAX_NAMES];
    char names[2 * MAX_NAMES][MAX_NAME + 1];
};

static uint8_t take(struct input *input) {
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

static const char *take_name(struct input *input, char *name) {
    const size_t wanted = take(input) % (MAX_NAME + 1);
    const size_t n = wanted < input->size ? wanted : input->size;

    memcpy(name, input->data, n);
    name[n] = '\0';
    input->data += n;
    input->size -= n;
    return name;
}

static struct dsinfer_model *open_model(void) {
    const char *folder = getenv("DSINFER_SOURCE");
    struct dsinfer_model *model;
    char path[1024];

    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/graphdef/ds030-h4.pb",
             folder ? folder : ".");
    FUZZ_CHECK(dsinfer_model_open(path, NULL, &model, NULL) == DSINFER_OK);
    return model;
}

static size_t count_values(const struct dsinfer_array *array) {
    size_t n = 1;
    size_t i;

    FUZZ_CHECK(array->rank <= DSINFER_MAX_RANK);
    for (i = 0; i < array->rank; i++) {
        n *= array->dims[i];
    }
    return n;
}

/* Zeros, exactly as many as the array says. */
static void *make_data(const struct dsinfer_array *array) {
    static const size_t sizes[] = {[DSINFER_ELEMENT_F32] = 4,
                                   [DSINFER_ELEMENT_I32] = 4,
                                   [DSINFER_ELEMENT_I64] = 8,
                                   [DSINFER_ELEMENT_BOOL] = 1};
    const size_t n = count_values(array);
    void *data = n <= MAX_VALUES ? calloc(n + !n, sizes[array->element]) : NULL;

    FUZZ_CHECK(data || n > MAX_VALUES);
    return data;
}

static void run(struct dsinfer_query *query, struct dsinfer_binding *inputs, size_t n_inputs,
                size_t n_outputs) {
    struct dsinfer_array outputs[MAX_NAMES];
    volatile uint8_t sink = 0;
    size_t i, k;

    for (i = 0; i < n_inputs; i++) {
        inputs[i].array.data = make_data(&inputs[i].array);
    }
    if (dsinfer_query_run(query, inputs, outputs, NULL) == DSINFER_OK) {
        for (i = 0; i < n_outputs; i++) {
            const size_t n = count_values(&outputs[i]);

            for (k = 0; k < n; k++) {
                sink = sink ^ ((const uint8_t *)outputs[i].data)[k]; /* read, whatever it is */
            }
        }
    }
    for (i = 0; i < n_inputs; i++) {
        free((void *)inputs[i].array.data);
    }
}

/* Reads the question. */
static void take_question(struct input *input, struct question *question) {
    size_t i, k;

    question->n_inputs = take(input) % (MAX_NAMES + 1);
    question->n_outputs = take(input) % (MAX_NAMES + 1);
    for (i = 0; i < question->n_inputs; i++) {
        struct dsinfer_array *array = &question->inputs[i].array;

        array->element = (enum dsinfer_element)(take(input) % 6);
        array->rank = take(input) % (DSINFER_MAX_RANK + 2);
        for (k = 0; k < array->rank && k < DSINFER_MAX_RANK; k++) {
            array->dims[k] = take(input) % (MAX_DIM + 1);
        }
        question->inputs[i].name = take_name(input, question->names[i]);
    }
    for (i = 0; i < question->n_outputs; i++) {
        question->output_names[i] = take_name(input, question->names[MAX_NAMES + i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct dsinfer_model *model; /* opened once, never changed */
    struct question question = {0};
    struct dsinfer_error err = {0};
    struct input input = {data, size};
    struct dsinfer_query *query;
    enum dsinfer_status status;

    if (!model) {
        model = open_model();
    }
    take_question(&input, &question);
    dsi_alloc_fail_after(input.size ? (long)take(&input) : -1);
    status = dsinfer_query_create(model, question.inputs, question.n_inputs, question.output_names,
                                  question.n_outputs, &query, &err);
    if (status == DSINFER_OK) {
        run(query, question.inputs, question.n_inputs, question.n_outputs);
    } else {
        FUZZ_CHECK(!query && err.status == status && err.message[0]);
    }
    dsi_alloc_fail_after(-1);
    dsinfer_query_destroy(query);
    return 0;
}
