/* Any bytes as a packed model: refused with a sentence, or a model that runs. The sizes in front
 * and the checksum are set right, or few would come further; kernels are those that need no luck
 * with their layout's name. SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/run_model.h"

#include "model/packed/packed.h"
#include "runtime/base/cursor.h"
#include "runtime/base/hash.h"

#include <string.h>

#define SIZE_AT 12
#define HEAD_SIZE_AT 20
#define SUM_SIZE 8

static void store_u64(uint8_t *bytes, uint64_t value) {
    dsi_store_u32(bytes, (uint32_t)value);
    dsi_store_u32(bytes + 4, (uint32_t)(value >> 32));
}

/* A copy that is whole, but for a head that says it is longer than the file. */
static uint8_t *repair(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size);
    uint64_t head_size;

    FUZZ_CHECK(copy);
    memcpy(copy, data, size);
    memcpy(copy, DSI_PACKED_MAGIC, strlen(DSI_PACKED_MAGIC));
    dsi_store_u32(copy + 8, DSI_PACKED_VERSION);
    store_u64(copy + SIZE_AT, size);
    head_size = dsi_load_u64(copy + HEAD_SIZE_AT);
    if (head_size >= DSI_PACKED_FIXED_SIZE + SUM_SIZE && head_size <= size) {
        const size_t sum_at = (size_t)head_size - SUM_SIZE;

        store_u64(copy + sum_at, dsi_hash_compute(0, copy, sum_at));
    }
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsinfer_model_options options;
    struct dsinfer_error err = {0};
    struct dsinfer_model *model;
    enum dsinfer_status status;
    uint8_t *copy;

    if (size < DSI_PACKED_FIXED_SIZE) {
        return 0;
    }
    copy = repair(data, size);
    dsinfer_model_options_init(&options);
    options.kernels = DSINFER_KERNELS_REFERENCE;
    status = dsinfer_model_open_memory(copy, size, &options, &model, &err);
    if (status == DSINFER_OK) {
        fuzz_run_model(model);
    } else {
        FUZZ_CHECK(!model && err.status == status && err.message[0]);
    }
    dsinfer_model_unref(model);
    free(copy);
    return 0;
}
