/* A conversion to a packed model: the model is opened as it is to run, and written as it lies
 * there. SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/bidirectional.h"
#include "model/model.h"
#include "runtime/base/error.h"

#include <string.h>

/* In the order of enum dsinfer_kernel_level. */
static const char *const KERNEL_FLAGS[] = {"",
                                           " --kernels portable",
                                           " --kernels reference",
                                           " --kernels avx2",
                                           " --kernels avx512",
                                           " --kernels vnni",
                                           " --kernels neon"};

enum dsinfer_status dsi_conversion_make_packed(struct dsinfer_conversion *conversion,
                                               const char *path,
                                               const struct dsinfer_convert_options *options,
                                               struct dsinfer_error *err) {
    struct dsinfer_model_options model_options;
    enum dsinfer_status status = dsi_conversion_check_plain(options, err);

    dsinfer_model_options_init(&model_options);
    model_options.precision = options->precision;
    model_options.kernels = options->kernels;
    if (status == DSINFER_OK) {
        status = dsinfer_model_open(path, &model_options, &conversion->model, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    if (!conversion->model->is_fused) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the network of this model is not of the usual structure: its weights "
                        "cannot be packed");
    }
    if (!dsi_bidirectional_probe(&conversion->graph) &&
        dsi_signature_find(&conversion->graph, &conversion->signature, NULL) == DSINFER_OK) {
        dsi_conversion_describe_roles(conversion);
    }
    conversion->flags =
        dsi_irw_print(&conversion->document, "--to packed --precision %s%s",
                      dsinfer_precision_name(options->precision), KERNEL_FLAGS[options->kernels]);
    return conversion->document.has_failed ? dsi_fail_memory(err, 0) : DSINFER_OK;
}
