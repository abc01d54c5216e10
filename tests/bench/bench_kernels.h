/* How fast the kernels are, and how fast the machine would let them be.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_BENCH_KERNELS_H
#define TESTS_BENCH_BENCH_KERNELS_H

#include <stddef.h>

/* Prints time, GFLOP/s and GB/s of every level at the sizes of the 2048-wide network. */
void bench_kernels(unsigned cpu_flags);

/* Floating-point operations of one pass of dependent-free multiply-adds in registers, to be timed;
 * 0 where this processor has no measure. */
double bench_run_peak(unsigned cpu_flags);

/* The same with AVX-512, where the processor has it. */
double bench_run_peak_avx512(void);

/* Reads n floats (a multiple of 64, aligned to 64 bytes) as fast as plain code can. */
float bench_run_stream(unsigned cpu_flags, const float *data, size_t n);

#endif
