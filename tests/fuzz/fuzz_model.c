/* Any bytes as a model: refused with a sentence, or a model that runs, for any N and T it takes,
 * and describes itself. SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/run_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsinfer_error err = {0};
    struct dsinfer_model *model;
    enum dsinfer_status status = dsinfer_model_open_memory(data, size, NULL, &model, &err);

    if (status == DSINFER_OK) {
        fuzz_run_model(model);
    } else {
        FUZZ_CHECK(!model && err.status == status && err.message[0]);
    }
    dsinfer_model_unref(model);
    return 0;
}
