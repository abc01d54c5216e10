/* dsinfer convert: models in other formats, with Model Optimizer's flags.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/errors.h"
#include "bin/interrupt.h"
#include "bin/memory.h"
#include "bin/output/writer.h"
#include "bin/settings.h"

#include <dsinfer/convert.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILES 2

struct settings {
    const char *input_model, *input, *input_shape, *output, *freeze;
    const char *output_dir, *model_name;
    const char *given_name; /* model_name as the user gave it; NULL: it is made of the model's */
    int type, ir_version, quantize, format; /* indices of the choices below; negative: not given */
    struct cli_model_settings packed;       /* of a packed model only precision and kernels */
    bool is_dry_run, keeps_layout, is_stateful, is_verbose;
};

/* A file being written. */
struct job {
    struct cli_whole_file whole;
    char *path; /* owned */
};

static const char *const types[] = {"FP32", "FP16", "float", "half", NULL};
static const char *const quantizations[] = {"int8", NULL};
static const char *const versions[] = {"10", "11", NULL};
/* enum dsinfer_convert_format */
static const char *const formats[] = {"ir", "pb", "pbmm", "packed", NULL};

static const struct cli_option options[] = {
    {"input-model", 'm', CLI_TEXT, "FILE", offsetof(struct settings, input_model),
     "the model, instead of MODEL", 0, 0, NULL},
    {"input", 0, CLI_TEXT, "NAMES", offsetof(struct settings, input),
     "inputs: [PORT:]NAME[:PORT][SHAPE]->VALUE, separated by commas", 0, 0, NULL},
    {"input-shape", 0, CLI_TEXT, "SHAPES", offsetof(struct settings, input_shape),
     "a shape for each input: [1,16,19,26],[1,2048],...", 0, 0, NULL},
    {"output", 0, CLI_TEXT, "NAMES", offsetof(struct settings, output),
     "outputs, separated by commas", 0, 0, NULL},
    {"freeze-placeholder-with-value", 0, CLI_TEXT, "NAME->VALUE", offsetof(struct settings, freeze),
     "the sequence lengths: 'input_lengths->[16]', with quotes", 0, 0, NULL},
    {"disable-nhwc-to-nchw", 0, CLI_FLAG, NULL, offsetof(struct settings, keeps_layout),
     "keep the layout of the windows, which is kept anyway", 0, 0, NULL},
    {"data-type", 0, CLI_CHOICE, NULL, offsetof(struct settings, type),
     "type of the weights (default FP32)", 0, 0, types},
    {"ir-version", 0, CLI_CHOICE, NULL, offsetof(struct settings, ir_version),
     "version of the IR (default 10)", 0, 0, versions},
    {"quantize", 0, CLI_CHOICE, NULL, offsetof(struct settings, quantize),
     "weights of a byte, with a scale for each output", 0, 0, quantizations},
    {"stateful", 0, CLI_FLAG, NULL, offsetof(struct settings, is_stateful),
     "keep h and c inside: ReadValue and Assign instead of inputs and outputs", 0, 0, NULL},
    {"to", 0, CLI_CHOICE, NULL, offsetof(struct settings, format), "what to make (default ir)", 0,
     0, formats},
    {"output-dir", 'o', CLI_TEXT, "FOLDER", offsetof(struct settings, output_dir),
     "where the files go, made if it is missing (default: the current folder)", 0, 0, NULL},
    {"model-name", 'n', CLI_TEXT, "NAME", offsetof(struct settings, model_name),
     "their name without ending (default: the model's)", 0, 0, NULL},
    {"verbose", 'v', CLI_FLAG, NULL, offsetof(struct settings, is_verbose),
     "say on standard error what each pass over the graph did", 0, 0, NULL},
    {"dry-run", 0, CLI_FLAG, NULL, offsetof(struct settings, is_dry_run),
     "list inputs, outputs and files, and write nothing", 0, 0, NULL},
};

/* The model's name without folder and ending. */
static char *make_name(const char *path) {
    const char *slash = strrchr(path, '/');
    char *name = cli_strdup(slash ? slash + 1 : path);
    char *dot = strrchr(name, '.');

    if (dot && dot != name) {
        *dot = '\0';
    }
    return name;
}

/* Where bytes go, and why they could not. */
struct target {
    FILE *file;
    int reason; /* errno of the first failure */
};

/* Stops where a signal came: nothing is half written then. */
static int write_bytes(void *user, const void *bytes, size_t size) {
    struct target *target = user;

    if (cli_interrupt_get()) {
        return -1;
    }
    errno = 0;
    if (fwrite(bytes, 1, size, target->file) == size) {
        return 0;
    }
    target->reason = errno ? errno : EIO;
    return -1;
}

static int write_one(const struct dsinfer_conversion *conversion, size_t i, struct job *job) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct target target = {NULL, 0};
    enum dsinfer_status status;
    struct cli_error error;

    if (!cli_whole_file_open(&job->whole, job->path, &error)) {
        return cli_report_exit(job->path, &error, CLI_EXIT_RUNTIME);
    }
    target.file = job->whole.file;
    status = dsinfer_conversion_write(conversion, i, write_bytes, &target, &library_error);
    if (cli_interrupt_get()) {
        return 128 + cli_interrupt_get();
    }
    if (status == DSINFER_ERR_IO && target.reason) {
        cli_fail(&error, CLI_IO, "cannot be written: %s", strerror(target.reason));
        return cli_report_exit(job->path, &error, CLI_EXIT_RUNTIME);
    }
    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        return cli_report_exit(job->path, &error, CLI_EXIT_RUNTIME);
    }
    if (!cli_whole_file_finish(&job->whole, &error)) {
        return cli_report_exit(job->path, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

/* Writes all files beside their places, and only when all are complete moves them there. The .xml
 * goes last: with it the model is there. */
static int write_files(const struct dsinfer_conversion *conversion, struct job *jobs, size_t n) {
    struct cli_whole_file *files[MAX_FILES];
    struct cli_error error;
    int exit_code = CLI_EXIT_OK;
    size_t failed;
    size_t i;

    cli_interrupt_catch();
    for (i = 0; i < n && exit_code == CLI_EXIT_OK; i++) {
        exit_code = write_one(conversion, i, &jobs[i]);
        files[n - 1 - i] = &jobs[i].whole;
    }
    if (exit_code == CLI_EXIT_OK && !cli_whole_files_commit(files, n, &failed, &error)) {
        exit_code = cli_report_exit(jobs[n - 1 - failed].path, &error, CLI_EXIT_RUNTIME);
    }
    return exit_code;
}

static void print_port(const struct dsinfer_convert_port *port) {
    size_t i;

    printf("  %-8s ", port->role);
    cli_print(stdout, port->name);
    printf(" [");
    for (i = 0; i < port->rank; i++) {
        printf("%s", i ? "," : "");
        if (port->dims[i] < 0) {
            printf("?");
        } else {
            printf("%" PRId64, port->dims[i]);
        }
    }
    printf("]\n");
}

/* For a shell: in quotes, those inside apart. */
static void print_quoted(const char *text) {
    putchar('\'');
    for (; *text; text++) {
        const char letter[2] = {*text, '\0'};

        cli_print(stdout, *text == '\'' ? "'\\''" : letter);
    }
    putchar('\'');
}

/* Inputs and outputs, as far as they are known. */
static void print_ports(const struct dsinfer_conversion *conversion, bool is_stateful) {
    const struct dsinfer_convert_port *port;
    bool has_states = is_stateful;
    int was_output = -1;
    size_t i;

    for (i = 0; (port = dsinfer_conversion_get_port(conversion, i)) != NULL; i++) {
        if (port->is_output != was_output) {
            printf(port->is_output ? "outputs:\n" : "inputs:\n");
        }
        was_output = port->is_output;
        has_states = has_states || strcmp(port->role, "new_h") == 0;
        print_port(port);
    }
    if (has_states) {
        printf(is_stateful ? "states: h and c are kept by the engine, zero at first\n"
                           : "states: new_h goes to h, new_c to c\n");
    }
}

/* A word of a command line, before which others stand. */
static void print_flag(const char *flag, const char *value) {
    if (value) {
        printf(" %s ", flag);
        print_quoted(value);
    }
}

/* What is, or would be, written. */
static int describe(const struct dsinfer_conversion *conversion, const struct settings *settings,
                    const struct job *jobs, size_t n) {
    struct cli_error error;
    size_t i;

    print_ports(conversion, settings->is_stateful);
    printf("the same command, explicitly:\n  dsinfer convert --input_model ");
    print_quoted(settings->input_model);
    putchar(' ');
    cli_print(stdout, dsinfer_conversion_get_flags(conversion));
    print_flag("--output_dir", settings->output_dir);
    print_flag("--model_name", settings->given_name);
    printf("\n%s:\n", settings->is_dry_run ? "would be written" : "written");
    for (i = 0; i < n; i++) {
        printf("  ");
        cli_print(stdout, jobs[i].path);
        putchar('\n');
    }
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

/* Makes the folder, and those it lies in, as Model Optimizer does. */
static bool make_folder(const char *path, struct cli_error *error) {
    char *copy = cli_join(path, "");
    size_t i;

    for (i = 1; copy[i]; i++) {
        if (copy[i] == '/') {
            copy[i] = '\0';
            if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
                cli_fail(error, CLI_IO, "the folder cannot be made: %s", strerror(errno));
                free(copy);
                return false;
            }
            copy[i] = '/';
        }
    }
    free(copy);
    return true;
}

static int run_conversion(const struct dsinfer_conversion *conversion,
                          const struct settings *settings) {
    struct job jobs[MAX_FILES];
    int exit_code = CLI_EXIT_OK;
    struct cli_error error;
    const char *ending;
    const char *note;
    size_t n = 0;
    size_t i;

    memset(jobs, 0, sizeof(jobs));
    for (i = 0; (note = dsinfer_conversion_get_note(conversion, i)) != NULL; i++) {
        cli_note(settings->input_model, note);
    }
    for (i = 0; settings->is_verbose && (note = dsinfer_conversion_get_pass(conversion, i)) != NULL;
         i++) {
        cli_note(settings->input_model, note);
    }
    while (n < MAX_FILES && (ending = dsinfer_conversion_get_ending(conversion, n)) != NULL) {
        char *base =
            cli_join(settings->output_dir ? settings->output_dir : ".", settings->model_name);
        const size_t size = strlen(base) + strlen(ending) + 1;

        jobs[n].path = cli_calloc(size, 1);
        snprintf(jobs[n].path, size, "%s%s", base, ending);
        free(base);
        if (cli_is_same_file(jobs[n].path, settings->input_model)) {
            exit_code = cli_usage(jobs[n].path, "is the input, too: it would be overwritten");
        }
        n++;
    }
    if (exit_code == CLI_EXIT_OK && !settings->is_dry_run && settings->output_dir &&
        !make_folder(settings->output_dir, &error)) {
        exit_code = cli_report_exit(settings->output_dir, &error, CLI_EXIT_RUNTIME);
    }
    if (exit_code == CLI_EXIT_OK && !settings->is_dry_run) {
        exit_code = write_files(conversion, jobs, n);
    }
    if (exit_code == CLI_EXIT_OK && !dsinfer_conversion_is_redirected(conversion)) {
        exit_code = describe(conversion, settings, jobs, n);
    }
    for (i = 0; i < n; i++) {
        cli_whole_file_discard(&jobs[i].whole);
        free(jobs[i].path);
    }
    return exit_code;
}

static int run_settings(struct settings *settings) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct dsinfer_convert_options convert;
    struct dsinfer_conversion *conversion;
    char *name = make_name(settings->input_model);
    enum dsinfer_status status;
    struct cli_error error;
    int exit_code;

    settings->given_name = settings->model_name;
    if (!settings->model_name) {
        settings->model_name = name;
    }
    dsinfer_convert_options_init(&convert);
    convert.input = settings->input;
    convert.input_shape = settings->input_shape;
    convert.output = settings->output;
    convert.freeze = settings->freeze;
    convert.model_name = settings->model_name;
    convert.is_int8 = settings->quantize == 0;
    convert.is_stateful = settings->is_stateful;
    convert.ir_version = settings->ir_version == 1 ? 11 : 10;
    convert.type = settings->type % 2 == 1 ? DSINFER_CONVERT_FP16 : DSINFER_CONVERT_FP32;
    convert.format = (enum dsinfer_convert_format)(settings->format < 0 ? 0 : settings->format);
    convert.precision = (enum dsinfer_precision)settings->packed.precision;
    convert.kernels = (enum dsinfer_kernel_level)settings->packed.kernels;
    status =
        dsinfer_conversion_create(settings->input_model, &convert, &conversion, &library_error);
    if (status == DSINFER_OK) {
        exit_code = run_conversion(conversion, settings);
        dsinfer_conversion_destroy(conversion);
    } else {
        cli_fail_library(&error, status, &library_error);
        exit_code =
            cli_report_exit(settings->input_model, &error,
                            status == DSINFER_ERR_ARGUMENT ? CLI_EXIT_USAGE : CLI_EXIT_MODEL);
    }
    free(name);
    return exit_code;
}

static bool is_torn(const char *value) {
    return value && *value && value[strlen(value) - 1] == '-';
}

/* The shell cuts a value after "->", and at its blanks: that leaves words without a flag. */
static int refuse_words(const struct settings *settings) {
    const char *flag = is_torn(settings->input)    ? "--input"
                       : is_torn(settings->freeze) ? "--freeze_placeholder_with_value"
                                                   : NULL;

    if (flag) {
        return cli_usage(flag, "the shell took the '>' of '->' for a redirection, and blanks for "
                               "the end of the value; it needs quotes, as 'input_lengths->[16]'");
    }
    return cli_usage("convert", "one model is needed, as MODEL or by --input_model");
}

static int check(struct settings *settings, const struct cli_words *words) {
    struct stat facts;

    if (words->n + (settings->input_model ? 1 : 0) != 1) {
        return refuse_words(settings);
    }
    if (words->n) {
        settings->input_model = words->items[0];
    }
    if (settings->model_name && strchr(settings->model_name, '/')) {
        return cli_usage("--model_name", "'%s' has a folder in it; that is --output_dir",
                         settings->model_name);
    }
    if (settings->output_dir && stat(settings->output_dir, &facts) == 0 &&
        !S_ISDIR(facts.st_mode)) {
        struct cli_error error;

        cli_fail(&error, CLI_IO, "this is no folder");
        return cli_report_exit(settings->output_dir, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_PARSED;
}

static int run(int argc, char **argv) {
    struct settings settings = {.type = -1, .ir_version = -1, .quantize = -1, .format = -1};
    const struct cli_group groups[] = {{"Conversion", options, CLI_N(options), &settings},
                                       cli_kernel_options(&settings.packed)};
    struct cli_words words = {0};
    int exit_code = cli_parse(&cli_convert, groups, CLI_N(groups), argc, argv, &words);

    if (exit_code == CLI_PARSED) {
        exit_code = check(&settings, &words);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = run_settings(&settings);
    }
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_convert = {
    "convert",
    "MODEL",
    "a model as OpenVINO IR, .pb, .pbmm, or packed",
    "Writes a model as an OpenVINO IR: NAME.xml and NAME.bin. The flags are those of Model "
    "Optimizer; what they do not say is found in the model, and the command that says it is "
    "printed. Values with -> need quotes. With --to pb or pbmm, a frozen graph becomes a "
    "memory-mapped package or the other way round. With --to packed, any model becomes "
    "NAME.dsinfer, which opens at once, for this kind of processor and one precision.",
    "  dsinfer convert output_graph.pb --output-dir ir\n"
    "  dsinfer convert output_graph.pb --dry-run\n"
    "  dsinfer convert output_graph.pb --to pbmm\n"
    "  dsinfer convert output_graph.pb --to packed --precision int8\n"
    "  dsinfer convert --input-model output_graph.pb \\\n"
    "      --freeze-placeholder-with-value 'input_lengths->[16]' \\\n"
    "      --input input_node,previous_state_h/read,previous_state_c/read \\\n"
    "      --input-shape '[1,16,19,26],[1,2048],[1,2048]' \\\n"
    "      --output raw_logits,lstm_fused_cell/GatherNd,lstm_fused_cell/GatherNd_1 \\\n"
    "      --disable-nhwc-to-nchw\n",
    run,
};
