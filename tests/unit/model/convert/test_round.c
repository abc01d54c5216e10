/* The pass that says which weights may be kept in fewer bits.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "runtime/base/alloc.h"
#include "tests/support/graph_builder.h"

#include <string.h>

static struct dsi_graph network;
static struct dsi_port first, second, lstm, last;

static int setup(void **state) {
    struct dsi_port windows, h, c, w, wide, b, order, text;

    (void)state;
    dsi_graph_init(&network);
    windows = test_add_placeholder(&network, "windows", DSI_DTYPE_F32);
    h = test_add_placeholder(&network, "h", DSI_DTYPE_F32);
    c = test_add_placeholder(&network, "c", DSI_DTYPE_F32);
    w = F32(&network, "w", SHAPE(1, 1), 1.0f);
    wide = F32(&network, "wide", SHAPE(2, 4), 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f);
    b = F32(&network, "b", SHAPE(4), 0.0f, 0.0f, 0.0f, 0.0f);
    order = I32(&network, "order", SHAPE(3), 1, 0, 2);
    text = NODE(&network, "turned", "Transpose", windows, order);
    first = NODE(&network, "first", "Dense", text, w);
    second = NODE(&network, "second", "Dense", first, w);
    lstm = NODE(&network, "lstm", "Lstm", second, h, c, wide, b);
    last = NODE(&network, "last", "Dense", lstm, w);
    ATTRS(&network, second, ATTR_FLOAT("limit", 20.0f), ATTR_BOOL("is_flat", true));
    INPUTS(&network, windows, h, c);
    OUTPUTS(&network, NODE(&network, "logits", "Softmax", last));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    dsi_graph_finish(&network);
    return 0;
}

static int64_t get_precision(struct dsi_port port) {
    return dsi_node_get_int(&network.nodes[port.node], "precision", DSI_PRECISION_F32);
}

static void the_first_and_the_last_layer_stay_float(void **state) {
    const struct dsi_node *node = &network.nodes[second.node];

    (void)state;
    assert_int_equal(dsi_convert_round(&network, DSI_PRECISION_INT8, NULL), DSINFER_OK);
    assert_int_equal(get_precision(first), DSI_PRECISION_F32);
    assert_int_equal(get_precision(second), DSI_PRECISION_INT8);
    assert_int_equal(get_precision(lstm), DSI_PRECISION_INT8);
    assert_int_equal(get_precision(last), DSI_PRECISION_F32);
    assert_true(dsi_node_get_float(node, "limit", 0.0f) == 20.0f);
    assert_true(dsi_node_get_bool(node, "is_flat", false));
    assert_int_equal(dsi_graph_verify(&network, NULL), DSINFER_OK);
}

static void a_network_of_one_layer_stays_float(void **state) {
    (void)state;
    OUTPUTS(&network, first);
    assert_int_equal(dsi_convert_round(&network, DSI_PRECISION_BF16, NULL), DSINFER_OK);
    assert_int_equal(get_precision(first), DSI_PRECISION_F32);
}

static void without_layers_nothing_happens(void **state) {
    (void)state;
    OUTPUTS(&network, (struct dsi_port){0, 0});
    assert_int_equal(dsi_convert_round(&network, DSI_PRECISION_BF16, NULL), DSINFER_OK);
    assert_int_equal(get_precision(second), DSI_PRECISION_F32);
}

static void every_failed_allocation_is_reported(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        dsi_alloc_fail_after(k);
        status = dsi_convert_round(&network, DSI_PRECISION_INT8, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
    }
    assert_true(k > 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_and_the_last_layer_stay_float, setup, teardown),
        cmocka_unit_test_setup_teardown(a_network_of_one_layer_stays_float, setup, teardown),
        cmocka_unit_test_setup_teardown(without_layers_nothing_happens, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failed_allocation_is_reported, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
