/* What the flags mean for a graph.
 *
 * Which of the network's inputs a name means is told by structure. Other values can be inputs, too,
 * where the network still has them when it is made of one piece.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/graphdef/wire.h"
#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

/* For "%.*s". */
#define SHOWN(bytes) dsi_wire_get_shown(bytes), (const char *)(bytes).data

#define FLAG_INPUT "--input"
#define FLAG_SHAPE "--input_shape"
#define FLAG_OUTPUT "--output"
#define FLAG_FREEZE "--freeze_placeholder_with_value"

/* The role is not one of this graph's inputs or outputs. */
#define NO_ROLE (-1)

struct resolver {
    struct dsinfer_conversion *conversion;
    const struct dsi_graph *graph;
    const struct dsi_signature *signature;
    bool is_given[DSI_ROLE_LENGTHS + 1]; /* by --input */
    int order[DSI_ROLE_LENGTHS + 1];     /* their positions there */
    bool is_frozen;                      /* the lengths have a value */
    int64_t n_rows;                      /* T*N by the shape of a cut; 0: not known */
    struct dsinfer_error *err;
};

static int get_role(const struct resolver *r, struct dsi_port port, bool is_output) {
    const struct dsi_port source = dsi_match_source(r->graph, port);
    int role;

    for (role = 0; role < DSI_N_ROLES; role++) {
        if ((role >= DSI_ROLE_LOGITS) == is_output &&
            (role != DSI_ROLE_LENGTHS || r->signature->has_lengths) &&
            dsi_port_is_equal(source, dsi_match_source(r->graph, r->signature->ports[role]))) {
            return role;
        }
    }
    return NO_ROLE;
}

/* Checks a size that more than one input has. */
static enum dsinfer_status set_size(struct resolver *r, const char *what, int64_t value,
                                    int64_t *size) {
    if (*size && *size != value) {
        return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                        FLAG_SHAPE ": the inputs disagree on %s: %" PRId64 " and %" PRId64, what,
                        *size, value);
    }
    if (value > DSI_CONVERSION_MAX_STEPS) {
        return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                        FLAG_SHAPE ": %s are %" PRId64 ", more than the limit of %d", what, value,
                        DSI_CONVERSION_MAX_STEPS);
    }
    *size = value;
    return DSINFER_OK;
}

/* Takes N and T from the shape of an input, and checks the rest. */
static enum dsinfer_status take_shape(struct resolver *r, const struct dsi_flag_item *item,
                                      int role) {
    const int64_t windows[] = {item->shape.dims[0], item->shape.dims[1],
                               (int64_t)(2 * r->signature->n_context + 1),
                               (int64_t)r->signature->n_features};
    const int64_t state[] = {item->shape.dims[0], (int64_t)r->signature->n_cell};
    const struct dsi_shape expected = role == DSI_ROLE_WINDOWS   ? dsi_shape_make(4, windows)
                                      : role == DSI_ROLE_LENGTHS ? dsi_shape_make(1, state)
                                                                 : dsi_shape_make(2, state);
    char found_text[DSI_SHAPE_TEXT_SIZE], fix_text[DSI_SHAPE_TEXT_SIZE];
    enum dsinfer_status status;

    if (!dsi_shape_is_equal(&item->shape, &expected)) {
        struct dsi_shape fix = expected;

        fix.dims[0] = item->shape.rank == expected.rank ? expected.dims[0] : 1;
        if (role == DSI_ROLE_WINDOWS && item->shape.rank != 4) {
            fix.dims[1] = DSI_CONVERSION_N_STEPS;
        }
        return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                        FLAG_SHAPE ": '%.*s' cannot have the shape %s; in this model it is %s",
                        SHOWN(item->name), dsi_shape_print(&item->shape, found_text),
                        dsi_shape_print(&fix, fix_text));
    }
    status = set_size(r, "streams", item->shape.dims[0], &r->conversion->n_streams);
    if (status == DSINFER_OK && role == DSI_ROLE_WINDOWS) {
        status = set_size(r, "time steps", item->shape.dims[1], &r->conversion->n_steps);
    }
    return status;
}

/* A name whose "->value" the shell took: what is left ends in '-'. */
static bool is_cut_off(const struct resolver *r, const struct dsi_flag_item *item) {
    struct dsi_bytes name = item->name;
    uint32_t node;

    if (item->has_value || name.size < 2 || name.data[name.size - 1] != '-' ||
        dsi_conversion_find_node(r->conversion, name, &node)) {
        return false;
    }
    return true;
}

static enum dsinfer_status note_cut_off(struct resolver *r, const char *flag,
                                        struct dsi_flag_item *item) {
    struct dsinfer_conversion *conversion = r->conversion;

    item->name.size--;
    conversion->is_redirected = true;
    r->is_frozen = true;
    dsi_conversion_add_note(
        conversion,
        dsi_irw_print(&conversion->document,
                      "warning: the shell took the '>' of '->' for a redirection, and standard "
                      "output now goes to a file named by what followed it; quote the flag: "
                      "%s '%.*s->[%" PRId64 "]'. The number of time steps is taken as its value",
                      flag, SHOWN(item->name), conversion->n_steps));
    return DSINFER_OK;
}

/* The lengths are to be `numbers`, or all `numbers[0]`; none is kept where they are all T. */
static enum dsinfer_status set_lengths(struct resolver *r, const struct dsi_flag_item *item,
                                       const int64_t *numbers, size_t n) {
    struct dsinfer_conversion *conversion = r->conversion;
    const size_t n_streams = (size_t)conversion->n_streams;
    int64_t *lengths = dsi_arena_alloc(&conversion->document.arena, n_streams, sizeof(*lengths));
    bool are_whole = true;
    size_t i;

    if (!lengths) {
        return dsi_fail_memory(r->err, n_streams * sizeof(*lengths));
    }
    for (i = 0; i < n_streams; i++) {
        lengths[i] = numbers[n == 1 ? 0 : i];
        are_whole = are_whole && lengths[i] == conversion->n_steps;
    }
    if (r->is_frozen) {
        dsi_conversion_add_note(
            conversion, dsi_irw_print(&conversion->document,
                                      "warning: '%.*s' is frozen twice; the last value is taken",
                                      SHOWN(item->name)));
    }
    r->is_frozen = true;
    conversion->lengths = are_whole ? NULL : lengths;
    if (!are_whole) { /* Model Optimizer refuses it, so some mean the number of steps */
        dsi_conversion_add_note(conversion,
                                dsi_irw_print(&conversion->document,
                                              "note: '%.*s' is frozen below the %" PRId64
                                              " time steps of a call; from "
                                              "there on the rows of the outputs are all the same",
                                              SHOWN(item->name), conversion->n_steps));
    }
    return DSINFER_OK;
}

/* A frozen value: only the lengths can have one, up to T. */
static enum dsinfer_status freeze(struct resolver *r, const struct dsi_flag_item *item, int role) {
    const struct dsinfer_conversion *conversion = r->conversion;
    int64_t numbers[DSI_FLAGS_MAX_ITEMS];
    enum dsinfer_status status;
    size_t n;
    size_t i;

    if (role != DSI_ROLE_LENGTHS) {
        return dsi_fail(r->err, DSINFER_ERR_UNSUPPORTED,
                        "'%.*s' cannot be frozen: only the input of the sequence lengths can",
                        SHOWN(item->name));
    }
    status = dsi_flags_read_numbers(item, numbers, DSI_FLAGS_MAX_ITEMS, &n, r->err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (n != 1 && n != (size_t)conversion->n_streams) {
        return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                        "'%.*s' is given %zu values, but there are %" PRId64 " streams",
                        SHOWN(item->name), n, conversion->n_streams);
    }
    for (i = 0; i < n; i++) {
        if (numbers[i] < 0 || numbers[i] > conversion->n_steps) {
            return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                            "'%.*s' is frozen to %" PRId64 ", but there are %" PRId64
                            " time steps; write '%.*s->[%" PRId64 "]'",
                            SHOWN(item->name), numbers[i], conversion->n_steps, SHOWN(item->name),
                            conversion->n_steps);
        }
    }
    return set_lengths(r, item, numbers, n);
}

/* Where the shapes are: in the items, or in a flag of their own, one for each item. */
static enum dsinfer_status pair_shapes(struct resolver *r, struct dsi_flag_list *inputs,
                                       const struct dsi_flag_list *shapes) {
    size_t i;

    if (shapes->n && shapes->n != inputs->n && inputs->n &&
        is_cut_off(r, &inputs->items[inputs->n - 1])) {
        return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                        FLAG_INPUT " ends at '%.*s': the shell took the '>' of '->' for a "
                                   "redirection; the value of " FLAG_INPUT " needs quotes",
                        SHOWN(inputs->items[inputs->n - 1].name));
    }
    if (shapes->n && shapes->n != inputs->n) {
        return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                        FLAG_SHAPE " has %zu shapes, but " FLAG_INPUT
                                   " has %zu names; there must be one shape for each",
                        shapes->n, inputs->n);
    }
    for (i = 0; i < shapes->n; i++) {
        if (inputs->items[i].has_shape) {
            return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                            "the shape of '%.*s' is given both by " FLAG_INPUT
                            " and by " FLAG_SHAPE,
                            SHOWN(inputs->items[i].name));
        }
        inputs->items[i].has_shape = true;
        inputs->items[i].shape = shapes->items[i].shape;
    }
    return DSINFER_OK;
}

static enum dsinfer_status fail_twice(struct resolver *r, const struct dsi_flag_item *item) {
    return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                    FLAG_INPUT ": '%.*s' is the same input as one before it", SHOWN(item->name));
}

/* The value that an item names, and its role or NO_ROLE. */
static enum dsinfer_status find_input(struct resolver *r, const char *flag,
                                      const struct dsi_flag_item *item, struct dsi_port *port,
                                      int *role) {
    struct dsi_bytes name = item->name;
    enum dsinfer_status status;

    name.size -= is_cut_off(r, item);
    status = dsi_conversion_find_value(r->conversion, flag, name, false, port, r->err);
    if (status != DSINFER_OK) {
        return status;
    }
    *role = get_role(r, *port, false);
    return DSINFER_OK;
}

/* An input that is none of the network's own: whether the network has the value is seen when it is
 * made. Its shape, [T*N,D] or [T,N,D], may say how many steps there are. */
static enum dsinfer_status take_cut(struct resolver *r, const struct dsi_flag_item *item,
                                    struct dsi_port port) {
    struct dsinfer_conversion *conversion = r->conversion;
    struct dsi_conversion_cut *cut = &conversion->cuts[conversion->n_cuts];
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    port = dsi_match_source(r->graph, port);
    for (i = 0; i < conversion->n_cuts; i++) {
        if (dsi_port_is_equal(conversion->cuts[i].port, port)) {
            return fail_twice(r, item);
        }
    }
    *cut = (struct dsi_conversion_cut){port, item->has_shape, item->shape};
    conversion->n_cuts++;
    if (item->has_shape && item->shape.rank == 2) {
        r->n_rows = item->shape.dims[0];
    } else if (item->has_shape && item->shape.rank == 3) {
        status = set_size(r, "time steps", item->shape.dims[0], &conversion->n_steps);
        if (status == DSINFER_OK) {
            status = set_size(r, "streams", item->shape.dims[1], &conversion->n_streams);
        }
    }
    return status;
}

/* The type an input has anyway; FP16 is asked for by --data_type. */
static bool is_type(struct dsi_bytes type, int role) {
    return type.size == 3 && memcmp(type.data, role == DSI_ROLE_LENGTHS ? "i32" : "f32", 3) == 0;
}

/* The inputs and their shapes; values wait until T is known. */
static enum dsinfer_status take_inputs(struct resolver *r, struct dsi_flag_list *inputs) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < inputs->n && status == DSINFER_OK; i++) {
        const struct dsi_flag_item *item = &inputs->items[i];

        struct dsi_port port;
        int role;

        status = find_input(r, FLAG_INPUT, item, &port, &role);
        if (status != DSINFER_OK) {
            break;
        }
        if (item->type.size && !is_type(item->type, role)) {
            return dsi_fail(r->err, DSINFER_ERR_UNSUPPORTED,
                            FLAG_INPUT ": '%.*s' cannot have the type %.*s", SHOWN(item->name),
                            SHOWN(item->type));
        }
        if (role == NO_ROLE) {
            status = take_cut(r, item, port);
            continue;
        }
        if (r->is_given[role]) {
            return fail_twice(r, item);
        }
        r->is_given[role] = true;
        r->order[role] = (int)i;
        if (item->has_shape) {
            status = take_shape(r, item, role);
        }
    }
    return status;
}

static void choose_sizes(const struct resolver *r) {
    struct dsinfer_conversion *conversion = r->conversion;
    const struct dsi_signature *signature = r->signature;

    if (!conversion->n_streams) {
        conversion->n_streams = signature->n_streams > 0 ? signature->n_streams : 1;
    }
    if (!conversion->n_steps && r->n_rows <= DSI_CONVERSION_MAX_STEPS) {
        conversion->n_steps = r->n_rows / conversion->n_streams;
    }
    if (!conversion->n_steps) {
        conversion->n_steps = signature->n_steps > 0 ? signature->n_steps : DSI_CONVERSION_N_STEPS;
    }
}

/* Values given by --input or --freeze_placeholder_with_value. */
static enum dsinfer_status take_values(struct resolver *r, const char *flag,
                                       struct dsi_flag_list *list, bool are_needed) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < list->n && status == DSINFER_OK; i++) {
        struct dsi_flag_item *item = &list->items[i];
        struct dsi_port port;
        int role;

        status = find_input(r, flag, item, &port, &role);
        if (status != DSINFER_OK) {
            break;
        }
        if (is_cut_off(r, item) && role == DSI_ROLE_LENGTHS) {
            status = note_cut_off(r, flag, item);
        } else if (item->has_value) {
            status = freeze(r, item, role);
        } else if (are_needed) {
            return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                            "%s: '%.*s' has no value; write '%.*s->[%" PRId64 "]', with quotes",
                            flag, SHOWN(item->name), SHOWN(item->name), r->conversion->n_steps);
        }
    }
    return status;
}

static bool has_result(const struct dsinfer_conversion *conversion, struct dsi_port port) {
    size_t i;

    for (i = 0; i < conversion->n_results; i++) {
        if (dsi_port_is_equal(dsi_match_source(&conversion->graph, conversion->results[i].port),
                              dsi_match_source(&conversion->graph, port))) {
            return true;
        }
    }
    return false;
}

static void add_result(struct resolver *r, struct dsi_port port, int role) {
    struct dsinfer_conversion *conversion = r->conversion;

    if (!has_result(conversion, port)) {
        conversion->results[conversion->n_results].port = port;
        conversion->result_roles[conversion->n_results++] = role;
    }
}

/* A new state that is kept inside is no output. */
static void take_output(struct resolver *r, struct dsi_port port, int role) {
    struct dsinfer_conversion *conversion = r->conversion;

    if (!conversion->is_stateful || (role != DSI_ROLE_NEW_H && role != DSI_ROLE_NEW_C)) {
        add_result(r, port, role);
        return;
    }
    dsi_conversion_add_note(
        conversion, dsi_irw_print(&conversion->document,
                                  "warning: '%s' is kept inside by --stateful and no output",
                                  dsi_conversion_get_name(conversion, port)));
}

static enum dsinfer_status take_outputs(struct resolver *r, const char *text) {
    struct dsi_flag_list list;
    enum dsinfer_status status;
    struct dsi_port port;
    size_t i;

    if (!text) {
        add_result(r, r->signature->ports[DSI_ROLE_LOGITS], DSI_ROLE_LOGITS);
        if (!r->conversion->is_stateful) {
            add_result(r, r->signature->ports[DSI_ROLE_NEW_C], DSI_ROLE_NEW_C);
            add_result(r, r->signature->ports[DSI_ROLE_NEW_H], DSI_ROLE_NEW_H);
        }
        return DSINFER_OK;
    }
    status = dsi_flags_read(FLAG_OUTPUT, text, &list, r->err);
    for (i = 0; status == DSINFER_OK && i < list.n; i++) {
        if (list.items[i].has_shape || list.items[i].has_value || list.items[i].type.size) {
            return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                            FLAG_OUTPUT ": '%.*s' has a shape, type or value; only a name belongs "
                                        "here",
                            SHOWN(list.items[i].name));
        }
        status = dsi_conversion_find_value(r->conversion, FLAG_OUTPUT, list.items[i].name, true,
                                           &port, r->err);
        if (status == DSINFER_OK) {
            take_output(r, port, get_role(r, port, true));
        }
    }
    if (status == DSINFER_OK && r->conversion->n_results == 0) {
        return dsi_fail(r->err, DSINFER_ERR_ARGUMENT,
                        FLAG_OUTPUT " names nothing but states, which --stateful keeps inside");
    }
    return status;
}

/* Position of a role among the results, or -1. */
static int find_result(const struct dsinfer_conversion *conversion, int role) {
    size_t i;

    for (i = 0; i < conversion->n_results; i++) {
        if (conversion->result_roles[i] == role) {
            return (int)i;
        }
    }
    return -1;
}

/* The page's own command lists h before c among the inputs, and c before h among the outputs. */
static void warn_of_order(struct resolver *r) {
    struct dsinfer_conversion *conversion = r->conversion;
    const int new_h = find_result(conversion, DSI_ROLE_NEW_H);
    const int new_c = find_result(conversion, DSI_ROLE_NEW_C);
    const struct dsi_port *ports = r->signature->ports;

    if (new_h < 0 || new_c < 0 || !r->is_given[DSI_ROLE_H] || !r->is_given[DSI_ROLE_C] ||
        (r->order[DSI_ROLE_H] < r->order[DSI_ROLE_C]) == (new_h < new_c)) {
        return;
    }
    dsi_conversion_add_note(
        conversion,
        dsi_irw_print(&conversion->document,
                      "warning: the states are listed in one order as inputs and in the other as "
                      "outputs; feed them back by name: '%s' (c) to '%s', '%s' (h) to '%s'",
                      dsi_conversion_get_name(conversion, ports[DSI_ROLE_NEW_C]),
                      r->graph->nodes[ports[DSI_ROLE_C].node].name,
                      dsi_conversion_get_name(conversion, ports[DSI_ROLE_NEW_H]),
                      r->graph->nodes[ports[DSI_ROLE_H].node].name));
}

/* What engines make of a stream without a step is not what the file says. */
static void warn_of_nothing(struct dsinfer_conversion *conversion) {
    bool is_possible = conversion->has_lengths_input;
    int64_t i;

    for (i = 0; i < conversion->n_streams && conversion->lengths; i++) {
        is_possible = is_possible || conversion->lengths[i] == 0;
    }
    if (is_possible) {
        dsi_conversion_add_note(conversion, "warning: for a length of 0 OpenVINO gives new states "
                                            "that are zero, and not the old ones");
    }
}

enum dsinfer_status dsi_conversion_resolve(struct dsinfer_conversion *conversion,
                                           const struct dsinfer_convert_options *options,
                                           struct dsinfer_error *err) {
    struct resolver r = {.conversion = conversion,
                         .graph = &conversion->graph,
                         .signature = &conversion->signature,
                         .err = err};
    struct dsi_flag_list inputs = {.n = 0}, shapes = {.n = 0}, values = {.n = 0};
    enum dsinfer_status status = DSINFER_OK;

    conversion->is_stateful = options->is_stateful;
    if (options->input) {
        status = dsi_flags_read(FLAG_INPUT, options->input, &inputs, err);
    }
    if (status == DSINFER_OK && options->input_shape) {
        status = dsi_flags_read_shapes(FLAG_SHAPE, options->input_shape, &shapes, err);
    }
    if (status == DSINFER_OK && options->freeze) {
        status = dsi_flags_read(FLAG_FREEZE, options->freeze, &values, err);
    }
    if (status == DSINFER_OK && shapes.n == 1 && !inputs.n) { /* of the windows */
        const char *name =
            conversion->graph.nodes[conversion->signature.ports[DSI_ROLE_WINDOWS].node].name;

        inputs.n = 1;
        memset(&inputs.items[0], 0, sizeof(inputs.items[0]));
        inputs.items[0].name = (struct dsi_bytes){(const uint8_t *)name, strlen(name)};
    }
    if (status == DSINFER_OK) {
        status = pair_shapes(&r, &inputs, &shapes);
    }
    if (status == DSINFER_OK) {
        status = take_inputs(&r, &inputs);
    }
    choose_sizes(&r);
    if (status == DSINFER_OK) {
        status = take_values(&r, FLAG_INPUT, &inputs, false);
    }
    if (status == DSINFER_OK) {
        status = take_values(&r, FLAG_FREEZE, &values, true);
    }
    conversion->has_lengths_input = r.is_given[DSI_ROLE_LENGTHS] && !r.is_frozen;
    if (status == DSINFER_OK) {
        status = take_outputs(&r, options->output);
    }
    if (status == DSINFER_OK) {
        warn_of_order(&r);
        warn_of_nothing(conversion);
    }
    return status;
}
