/* All of libdsinfer: speech to text with the models of Mozilla DeepSpeech, the LSTM state held by
 * the application. Simplest use: model.h and stream.h. The network alone: runner.h.
 *
 * Status codes and error text: status.h. What you create you destroy, what you open or ref you
 * close or unref; all of these accept NULL. Outputs come last; creators set them to NULL on
 * failure. The library never prints, exits, changes the locale, reads the environment or starts a
 * thread that it was not asked for.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_DSINFER_H
#define DSINFER_DSINFER_H

#include <dsinfer/batch.h>
#include <dsinfer/convert.h>
#include <dsinfer/decoder.h>
#include <dsinfer/features.h>
#include <dsinfer/inspect.h>
#include <dsinfer/model.h>
#include <dsinfer/runner.h>
#include <dsinfer/scorer.h>
#include <dsinfer/status.h>
#include <dsinfer/stream.h>

#endif
