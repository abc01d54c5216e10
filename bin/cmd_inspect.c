/* dsinfer inspect: what a file is, told by its content.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/errors.h"
#include "bin/inspect_graph.h"
#include "bin/inspect_scorer.h"
#include "bin/inspect_state.h"
#include "bin/npy.h"
#include "bin/output/json.h"
#include "bin/output/writer.h"
#include "bin/state_file.h"

#include <dsinfer/decoder.h>
#include <dsinfer/inspect.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define WIDTH 80
#define NAME_WIDTH 44 /* of a weight */

struct settings {
    bool is_json;
    int graph; /* index of graphs; negative: not given */
};

static const char *const graphs[] = {"dot", NULL};

static const struct cli_option options[] = {
    {"graph", 0, CLI_CHOICE, NULL, offsetof(struct settings, graph),
     "the network that runs, for Graphviz to draw", 0, 0, graphs},
    {"json", 0, CLI_FLAG, NULL, offsetof(struct settings, is_json), "one JSON object", 0, 0, NULL},
};

static const char *kind_name(enum dsinfer_file_kind kind) {
    switch (kind) {
    case DSINFER_FILE_ALPHABET:
        return "alphabet";
    case DSINFER_FILE_LANGUAGE_MODEL:
        return "language model";
    case DSINFER_FILE_DICTIONARY:
        return "dictionary";
    case DSINFER_FILE_SCORER:
        return "scorer";
    default:
        return "model";
    }
}

static const char *alphabet_name(enum dsinfer_alphabet_source source) {
    switch (source) {
    case DSINFER_ALPHABET_OPTION:
    case DSINFER_ALPHABET_BESIDE:
        return "alphabet.txt beside the model";
    case DSINFER_ALPHABET_EMBEDDED:
        return "in the model";
    case DSINFER_ALPHABET_ENGLISH:
        return "built-in English";
    default:
        return "none that fits: name one with --alphabet";
    }
}

static const char *output_name(const struct dsinfer_model_info *model) {
    return model->has_softmax ? "probabilities" : "logits";
}

/* The decoder a model gets unless another is asked for. */
static const char *decoder_name(const struct dsinfer_decoder_options *decoder) {
    switch ((int)decoder->kind) {
    case DSINFER_DECODER_TENSORFLOW:
        return "tensorflow";
    case DSINFER_DECODER_PREFIX:
        return "prefix";
    default:
        return "none: name one with --decoder";
    }
}

static const char *releases_of(enum dsinfer_family family) {
    switch (family) {
    case DSINFER_FAMILY_DS01:
        return "DeepSpeech 0.1";
    case DSINFER_FAMILY_DS03:
        return "DeepSpeech 0.2 and 0.3";
    case DSINFER_FAMILY_DS04:
        return "DeepSpeech 0.4";
    case DSINFER_FAMILY_DS05:
        return "DeepSpeech 0.5";
    case DSINFER_FAMILY_DS06:
        return "DeepSpeech 0.6";
    case DSINFER_FAMILY_DS07:
        return "DeepSpeech 0.7 to 0.9 and Coqui STT";
    default:
        return "of an unknown release";
    }
}

/* "1.2 MB" and so on. Returns `text`. */
static const char *describe_size(double size, char *text, size_t text_size) {
    static const char *const units[] = {"B", "kB", "MB", "GB"};
    size_t i = 0;

    while (size >= 999.5 && i + 1 < CLI_N(units)) {
        size /= 1000.0;
        i++;
    }
    snprintf(text, text_size, i && size < 99.95 ? "%.1f %s" : "%.0f %s", size, units[i]);
    return text;
}

static json_t *count_ops(const struct dsinfer_op_count *ops, size_t n) {
    json_t *object = cli_json_object();
    size_t i;

    for (i = 0; i < n; i++) {
        cli_json_set(object, ops[i].op, json_integer((json_int_t)ops[i].n_nodes));
    }
    return object;
}

static json_t *list_weights(const struct dsinfer_inspection_info *info) {
    json_t *array = cli_json_array();
    size_t i, axis;

    for (i = 0; i < info->n_weights; i++) {
        const struct dsinfer_weight *weight = &info->weights[i];
        json_t *object = cli_json_object();
        json_t *shape = cli_json_array();

        for (axis = 0; axis < weight->rank; axis++) {
            cli_json_append(shape, json_integer((json_int_t)weight->dims[axis]));
        }
        cli_json_set(object, "name", cli_json_string(weight->name));
        cli_json_set(object, "shape", shape);
        cli_json_set(object, "bytes", json_integer((json_int_t)weight->size));
        cli_json_append(array, object);
    }
    return array;
}

/* -1 where the file leaves a dimension open. */
static json_t *list_shapes(const struct dsinfer_inspection_info *info) {
    json_t *object = cli_json_object();
    size_t i, axis;

    for (i = 0; i < info->n_roles; i++) {
        json_t *shape = cli_json_array();

        for (axis = 0; axis < info->roles[i].rank; axis++) {
            cli_json_append(shape, json_integer((json_int_t)info->roles[i].dims[axis]));
        }
        cli_json_set(object, info->roles[i].role, shape);
    }
    return object;
}

/* Programs or their flags, of what the file says of how it was made. */
static json_t *list_origin(const struct dsinfer_inspection_info *info, bool are_flags) {
    json_t *object = cli_json_object();
    size_t i;

    for (i = 0; i < info->n_origin; i++) {
        if (info->origin[i].is_flag == are_flags) {
            cli_json_set(object, info->origin[i].name, cli_json_string(info->origin[i].value));
        }
    }
    return object;
}

static void add_model(json_t *object, const struct dsinfer_inspection_info *info) {
    const struct dsinfer_model_info *model = info->model;
    struct dsinfer_decoder_options decoder;
    json_t *signature = cli_json_object();
    size_t i;

    cli_json_set(object, "family", cli_json_string(dsinfer_family_name(model->family)));
    cli_json_set(object, "n_cell", json_integer(model->n_cell));
    cli_json_set(object, "n_labels", json_integer(model->n_labels));
    cli_json_set(object, "n_steps", json_integer(model->n_steps));
    cli_json_set(object, "n_features", json_integer(model->n_features));
    cli_json_set(object, "n_context", json_integer(model->n_context));
    cli_json_set(object, "sample_rate", json_integer(model->sample_rate));
    cli_json_set(object, "window", json_integer(model->window));
    cli_json_set(object, "step", json_integer(model->step));
    cli_json_set(object, "version", json_integer(model->version));
    dsinfer_decoder_options_init_for(&decoder, model);
    cli_json_set(object, "decoder", cli_json_string(decoder_name(&decoder)));
    cli_json_set(object, "beam_width", json_integer(decoder.beam_width));
    cli_json_set(object, "alpha", cli_json_real(decoder.alpha));
    cli_json_set(object, "beta", cli_json_real(decoder.beta));
    cli_json_set(object, "language",
                 model->language ? cli_json_string(model->language) : json_null());
    cli_json_set(object, "alphabet", cli_json_string(alphabet_name(model->alphabet_source)));
    cli_json_set(object, "output", cli_json_string(output_name(model)));
    cli_json_set(object, "streaming", json_boolean(model->has_state));
    cli_json_set(object, "kernels", cli_json_string(model->kernels));
    cli_json_set(object, "precision", cli_json_string(dsinfer_precision_name(model->precision)));
    for (i = 0; i < info->n_roles; i++) {
        cli_json_set(signature, info->roles[i].role, cli_json_string(info->roles[i].tensor));
    }
    cli_json_set(object, "signature", signature);
    cli_json_set(object, "shapes", list_shapes(info));
    cli_json_set(object, "made_by", list_origin(info, false));
    cli_json_set(object, "made_with", list_origin(info, true));
    cli_json_set(object, "ops", count_ops(info->ops, info->n_ops));
    cli_json_set(object, "plan", count_ops(info->plan_ops, info->n_plan_ops));
    cli_json_set(object, "weights", list_weights(info));
}

static void print_json(const char *path, const struct dsinfer_inspection_info *info) {
    json_t *object = cli_json_object();

    cli_json_set(object, "file", cli_json_string(path));
    cli_json_set(object, "kind", cli_json_string(kind_name(info->kind)));
    cli_json_set(object, "format", cli_json_string(info->format));
    if (info->model) {
        add_model(object, info);
    } else if (info->scorer) {
        cli_inspect_scorer_add(object, info->scorer);
    } else {
        cli_json_set(object, "n_labels", json_integer((json_int_t)info->n_labels));
    }
    cli_json_write(stdout, object, 1);
    putchar('\n');
}

static void print_ops(const char *title, const struct dsinfer_op_count *ops, size_t n) {
    size_t column = WIDTH;
    size_t i;

    printf("\n%s", title);
    for (i = 0; i < n; i++) {
        char item[128];
        const int length = snprintf(item, sizeof(item), "  %s %zu", ops[i].op, ops[i].n_nodes);

        if (column + (size_t)length > WIDTH) {
            fputs("\n", stdout);
            column = 0;
        }
        cli_print(stdout, item);
        column += length > 0 ? (size_t)length : 0;
    }
    putchar('\n');
}

static void print_decoder(const struct dsinfer_model_info *model) {
    struct dsinfer_decoder_options decoder;

    dsinfer_decoder_options_init_for(&decoder, model);
    printf("  decoder   %s; a beam of %" PRIu32 "%s; ", decoder_name(&decoder), decoder.beam_width,
           model->beam_width ? ", as the model says" : "");
    if (isnan(decoder.alpha)) {
        fputs("with a scorer its weights, with --lm alpha 0.75, beta 1.85\n", stdout);
    } else {
        printf("with a language model alpha %.9g, beta %.9g\n", decoder.alpha, decoder.beta);
    }
}

static void print_signature(const struct dsinfer_inspection_info *info) {
    size_t i, axis, length;

    printf("\nsignature\n");
    for (i = 0; i < info->n_roles; i++) {
        const struct dsinfer_role *role = &info->roles[i];

        printf("  %-8s  ", role->role);
        length = cli_print(stdout, role->tensor);
        printf("%*s [", length < NAME_WIDTH ? (int)(NAME_WIDTH - length) : 0, "");
        for (axis = 0; axis < role->rank; axis++) {
            fputs(axis ? ", " : "", stdout);
            if (role->dims[axis] < 0) {
                putchar('?');
            } else {
                printf("%" PRId64, role->dims[axis]);
            }
        }
        fputs("]\n", stdout);
    }
}

/* Programs, or their flags; false if there are none. */
static bool print_origin(const struct dsinfer_inspection_info *info, bool are_flags,
                         const char *title) {
    bool found = false;
    size_t i;

    for (i = 0; i < info->n_origin; i++) {
        const struct dsinfer_origin_fact *fact = &info->origin[i];

        if (fact->is_flag == are_flags) {
            fputs(found && !are_flags ? "; " : title, stdout);
            cli_print(stdout, fact->name);
            fputs(fact->value[0] ? " " : "", stdout);
            cli_print(stdout, fact->value);
            found = true;
        }
    }
    return found;
}

static void print_model(const struct dsinfer_inspection_info *info) {
    const struct dsinfer_model_info *model = info->model;
    char size[32], shape[160];
    size_t length, i;

    if (!print_origin(info, false, "  made by   ")) {
        fputs("  made by   the file does not say", stdout);
    }
    (void)print_origin(info, true, "\n            ");
    printf("\n  family    %s (%s)", dsinfer_family_name(model->family), releases_of(model->family));
    if (model->version) {
        printf("; graph version %" PRIu32, model->version);
    }
    printf("\n  input     %" PRIu32 " Hz; %" PRIu32 " samples every %" PRIu32
           "; windows of %" PRIu32 " + 1 + %" PRIu32 " frames of %" PRIu32 " features\n",
           model->sample_rate, model->window, model->step, model->n_context, model->n_context,
           model->n_features);
    printf("  network   %" PRIu32 " cells; %" PRIu32 " labels, the blank included", model->n_cell,
           model->n_labels);
    if (model->n_steps) {
        printf("; %" PRIu32 " steps a call", model->n_steps);
    }
    if (!model->has_state) {
        fputs("; both directions, recordings are taken whole", stdout);
    }
    printf("\n  output    %s\n", output_name(model));
    printf("  alphabet  %s\n", alphabet_name(model->alphabet_source));
    if (model->language) {
        fputs("  language  ", stdout);
        cli_print(stdout, model->language);
        putchar('\n');
    }
    print_decoder(model);
    printf("  runs on   %s kernels with %s of weights in %s\n", model->kernels,
           describe_size((double)model->weights_size, size, sizeof(size)),
           dsinfer_precision_name(model->precision));
    print_signature(info);
    print_ops("nodes in the file", info->ops, info->n_ops);
    print_ops("what runs", info->plan_ops, info->n_plan_ops);
    printf("\nweights\n");
    for (i = 0; i < info->n_weights; i++) {
        const struct dsinfer_weight *weight = &info->weights[i];

        fputs("  ", stdout);
        length = cli_print(stdout, weight->name);
        printf("%*s %-16s %10s\n", length < NAME_WIDTH ? (int)(NAME_WIDTH - length) : 0, "",
               cli_npy_describe_shape(weight->dims, weight->rank, shape, sizeof(shape)),
               describe_size((double)weight->size, size, sizeof(size)));
    }
}

static void print_text(const char *path, const struct dsinfer_inspection_info *info) {
    struct stat facts;
    char size[32] = "";

    if (stat(path, &facts) == 0) {
        describe_size((double)facts.st_size, size, sizeof(size));
    }
    cli_print(stdout, path);
    printf(": %s\n", kind_name(info->kind));
    printf("  format    %s, %s\n", info->format, size);
    if (info->model) {
        print_model(info);
    } else if (info->scorer) {
        cli_inspect_scorer_print(info->scorer);
    } else {
        printf("  labels    %zu, and the blank\n", info->n_labels);
    }
}

static int inspect(const struct settings *settings, const char *path) {
    struct dsinfer_inspection *inspection = NULL;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    const struct dsinfer_inspection_info *info;
    enum dsinfer_status status;
    struct cli_error error;

    if (settings->graph < 0 && cli_state_probe(path)) {
        return cli_inspect_state(path, settings->is_json);
    }
    status = dsinfer_inspection_open(path, &inspection, &library_error);
    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        return cli_report_exit(path, &error, CLI_EXIT_MODEL);
    }
    info = dsinfer_inspection_get_info(inspection);
    if (settings->graph >= 0 && !info->model) {
        cli_fail(&error, CLI_USAGE, "--graph: this is no model, there is nothing to draw");
        dsinfer_inspection_close(inspection);
        return cli_report_exit(path, &error, CLI_EXIT_USAGE);
    }
    if (settings->graph >= 0) {
        cli_inspect_graph_print(info);
    } else if (settings->is_json) {
        print_json(path, info);
    } else {
        print_text(path, info);
    }
    dsinfer_inspection_close(inspection);
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

static int run(int argc, char **argv) {
    struct settings settings = {.graph = -1};
    struct cli_group groups[] = {{"Output", options, CLI_N(options), &settings}};
    struct cli_words words = {0};
    int exit_code = cli_parse(&cli_inspect, groups, CLI_N(groups), argc, argv, &words);

    if (exit_code == CLI_PARSED) {
        exit_code = words.n == 1 ? inspect(&settings, words.items[0])
                                 : cli_usage("inspect", "one file is needed");
    }
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_inspect = {
    "inspect",
    "FILE",
    "what a model or another file is, and what is wrong with it",
    "Describes a file by its content: family and format of a model, what made it, which tensors "
    "are "
    "features, states and logits, and their shapes, its operations and weights, and what will run. "
    "Language models, "
    "tries, scorers, alphabets and saved states are described, too.",
    "  dsinfer inspect output_graph.pb\n"
    "  dsinfer inspect --json output_graph.pbmm\n"
    "  dsinfer inspect --graph dot output_graph.pb | dot -Tsvg -o network.svg\n",
    run,
};
