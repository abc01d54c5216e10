/* kernel_check: every kernel of every level against the reference. In the manner of checkasm.
 *
 *   kernel_check [--cpu-flags MASK] [--bench]
 *
 * MASK (a number, see base/cpu.h) takes instruction sets away; 0 leaves the portable kernels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"
#include "tests/bench/bench_kernels.h"
#include "tests/kernels/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct check check;

/* Says which call touched a forbidden page, or used an instruction that is not there. */
static void report_crash(int signal_number) {
    static const char text[] = ": crashed\n";

    (void)!write(STDOUT_FILENO, check.kernels.name, strlen(check.kernels.name));
    (void)!write(STDOUT_FILENO, " ", 1);
    (void)!write(STDOUT_FILENO, check.kernel, strlen(check.kernel));
    (void)!write(STDOUT_FILENO, ", ", 2);
    (void)!write(STDOUT_FILENO, check.what, strlen(check.what));
    (void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
    _exit(128 + signal_number);
}

/* One kernel of a table: those of products by their precision, then the others. */
static void check_kernel(size_t i) {
    if (i < DSI_N_PRECISIONS) {
        check_gemm(&check, (enum dsi_precision)i);
    } else {
        check_lstm_step(&check);
    }
}

static size_t run_checks(const struct dsi_kernels *kernels) {
    size_t n_failed = 0;
    size_t i;

    for (i = 0; i <= DSI_N_PRECISIONS; i++) {
        memset(&check, 0, sizeof(check));
        check.kernels = *kernels;
        dsi_kernels_init(&check.reference, DSI_KERNELS_REFERENCE, 0);
        check.rng.state = 20180605;
        check_kernel(i);
        printf("%-10s %-10s %6zu calls, %zu failures, worst error %.2f of the tolerance\n",
               kernels->name, check.kernel, check.n_calls, check.n_failed, check.worst);
        fflush(stdout);
        n_failed += check.n_failed;
    }
    return n_failed;
}

/* Every set of kernels that some processor with a part of these flags would get. */
static size_t check_levels(unsigned cpu_flags) {
    static const struct {
        enum dsi_kernel_level level;
        unsigned without; /* flags */
    } sets[] = {
        {DSI_KERNELS_REFERENCE, 0},
        {DSI_KERNELS_PORTABLE, 0},
        {DSI_KERNELS_AVX2, 0},
        {DSI_KERNELS_AVX512, 0},
        {DSI_KERNELS_VNNI, DSI_CPU_AVX512},
        {DSI_KERNELS_VNNI, DSI_CPU_AVX_VNNI},
        {DSI_KERNELS_AMX, 0},
        {DSI_KERNELS_NEON, DSI_CPU_NEON_DOT},
        {DSI_KERNELS_NEON, 0},
    };
    size_t n_failed = 0, i;

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        const unsigned flags = cpu_flags & ~sets[i].without;
        struct dsi_kernels kernels;

        if (dsi_kernels_is_available(sets[i].level, flags)) {
            dsi_kernels_init(&kernels, sets[i].level, flags);
            n_failed += run_checks(&kernels);
        }
    }
    return n_failed;
}

int main(int argc, char **argv) {
    unsigned cpu_flags = dsi_cpu_get_flags();
    int is_bench = 0, i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0) {
            is_bench = 1;
        } else if (strcmp(argv[i], "--cpu-flags") == 0 && i + 1 < argc) {
            cpu_flags &= (unsigned)strtoul(argv[++i], NULL, 0);
        } else {
            fprintf(stderr, "usage: kernel_check [--cpu-flags MASK] [--bench]\n");
            return 2;
        }
    }
    if (is_bench) {
        bench_kernels(cpu_flags);
        return 0;
    }
    signal(SIGSEGV, report_crash);
    signal(SIGBUS, report_crash);
    signal(SIGILL, report_crash);

    return check_levels(cpu_flags) ? 1 : 0;
}
