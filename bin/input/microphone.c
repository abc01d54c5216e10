/* Microphones through PortAudio.
 *
 * PortAudio calls back on a thread of its own that must never wait: samples go into a ring, or are
 * counted where it is full. The main thread looks into the ring every few milliseconds.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/microphone.h"
#include "bin/input/ring.h"
#include "bin/interrupt.h"
#include "bin/memory.h"
#include "bin/messages.h"

#include <portaudio.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RING_SAMPLES (1u << 20) /* 21 s at 48 kHz: a slow start of the network loses nothing */
#define WAIT_MS 10

/* PortAudio 19.6 tries for ever to start a device again that was unplugged, and cannot be stopped
 * then: without samples for so long the device counts as gone, and is left alone even at the end.
 */
#define STALL_MS 3000
#define DOUBT_MS 1000 /* the same, when a signal has ended the recording */

struct microphone {
    PaStream *stream;
    char *name; /* owned */
    struct cli_ring ring;
    atomic_ullong n_dropped;
    atomic_uint n_overruns;
    atomic_bool is_ended;   /* the device gives no more */
    atomic_bool is_stopped; /* by us */
    bool is_stalled;
};

static bool fail(struct cli_error *error, const char *what, PaError code) {
    const PaHostErrorInfo *host =
        code == paUnanticipatedHostError ? Pa_GetLastHostErrorInfo() : NULL;

    return cli_fail(error, CLI_AUDIO, "%s: %s", what,
                    host && host->errorText && host->errorText[0] ? host->errorText
                                                                  : Pa_GetErrorText(code));
}

static bool begin(struct cli_error *error) {
    PaError code;

    cli_messages_begin_quiet();
    code = Pa_Initialize();
    if (code != paNoError) {
        fail(error, "the sound system cannot be used", code);
        cli_messages_end_quiet();
        return false;
    }
    return true;
}

static void end(void) {
    Pa_Terminate();
    cli_messages_end_quiet();
}

/* NULL for one that only plays. */
static const PaDeviceInfo *get_input(PaDeviceIndex index) {
    const PaDeviceInfo *info = Pa_GetDeviceInfo(index);

    return info && info->maxInputChannels > 0 ? info : NULL;
}

static bool has_input(void) {
    PaDeviceIndex i;

    for (i = 0; i < Pa_GetDeviceCount(); i++) {
        if (get_input(i)) {
            return true;
        }
    }
    return false;
}

bool cli_microphones_print(FILE *file, struct cli_error *error) {
    bool is_good = true;
    PaDeviceIndex i;

    if (!begin(error)) {
        return false;
    }
    if (!has_input()) {
        is_good = cli_fail(error, CLI_AUDIO, "there is no device to record from");
    }
    for (i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = get_input(i);

        if (info) {
            const PaHostApiInfo *host = Pa_GetHostApiInfo(info->hostApi);

            fprintf(file, "%c %2d  ", i == Pa_GetDefaultInputDevice() ? '*' : ' ', i);
            cli_print(file, info->name);
            fprintf(file, " (%s, %d channel%s, %.0f Hz)\n", host ? host->name : "?",
                    info->maxInputChannels, info->maxInputChannels == 1 ? "" : "s",
                    info->defaultSampleRate);
        }
    }
    end();
    return is_good;
}

/* Is `part` in `text`, whatever the case? */
static bool contains(const char *text, const char *part) {
    const size_t length = strlen(part);

    for (; *text; text++) {
        if (strncasecmp(text, part, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool find_named(const char *name, PaDeviceIndex *found, struct cli_error *error) {
    size_t n_found = 0;
    PaDeviceIndex i;

    for (i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = get_input(i);

        if (info && strcmp(info->name, name) == 0) {
            *found = i;
            return true;
        }
        if (info && contains(info->name, name)) {
            *found = i;
            n_found++;
        }
    }
    if (n_found == 1) {
        return true;
    }
    return cli_fail(error, CLI_AUDIO,
                    n_found ? "more than one device to record from has this in its name; "
                              "--list-devices prints them"
                            : "no device to record from has this name; --list-devices prints them");
}

static bool find_device(const char *wanted, PaDeviceIndex *found, struct cli_error *error) {
    if (!wanted) {
        *found = Pa_GetDefaultInputDevice();
        return get_input(*found) ? true
                                 : cli_fail(error, CLI_AUDIO, "there is no device to record from");
    }
    if (wanted[0] && strspn(wanted, "0123456789") == strlen(wanted)) {
        const unsigned long number = strtoul(wanted, NULL, 10);

        *found = number < 65536 ? (PaDeviceIndex)number : paNoDevice;
        return get_input(*found)
                   ? true
                   : cli_fail(error, CLI_AUDIO,
                              "no device to record from has this number; --list-devices prints "
                              "them");
    }
    return find_named(wanted, found, error);
}

/* On PortAudio's thread: nothing here waits. */
static int take(const void *input, void *output, unsigned long n_frames,
                const PaStreamCallbackTimeInfo *time, PaStreamCallbackFlags flags, void *user) {
    struct microphone *microphone = user;

    (void)output;
    (void)time;
    if (atomic_load(&microphone->is_stopped)) {
        return paAbort;
    }
    if (flags & paInputOverflow) {
        atomic_fetch_add(&microphone->n_overruns, 1);
    }
    if (input) {
        atomic_fetch_add(&microphone->n_dropped,
                         n_frames - cli_ring_write(&microphone->ring, input, n_frames));
    }
    return paContinue;
}

static void note_end(void *user) {
    struct microphone *microphone = user;

    atomic_store(&microphone->is_ended, true);
}

static bool start(struct microphone *microphone, PaDeviceIndex device, struct cli_error *error) {
    const PaDeviceInfo *info = Pa_GetDeviceInfo(device);
    const PaStreamParameters parameters = {
        .device = device,
        .channelCount = 1,
        .sampleFormat = paFloat32,
        .suggestedLatency = info->defaultHighInputLatency,
    };
    PaError code = Pa_OpenStream(&microphone->stream, &parameters, NULL, info->defaultSampleRate,
                                 paFramesPerBufferUnspecified, paNoFlag, take, microphone);

    if (code != paNoError) {
        microphone->stream = NULL;
        return fail(error, "cannot be opened", code);
    }
    code = Pa_SetStreamFinishedCallback(microphone->stream, note_end);
    if (code == paNoError) {
        code = Pa_StartStream(microphone->stream);
    }
    return code == paNoError ? true : fail(error, "cannot be started", code);
}

static void close_microphone(struct cli_source *source) {
    struct microphone *microphone = source->state;

    if (microphone->is_stalled) {
        return; /* its thread is still at work with all of this */
    }
    if (microphone->stream) {
        Pa_CloseStream(microphone->stream);
    }
    end();
    cli_ring_finish(&microphone->ring);
    free(microphone->name);
    free(microphone);
}

static bool read_microphone(struct cli_source *source, float *samples, size_t capacity, size_t *n,
                            struct cli_error *error) {
    struct microphone *microphone = source->state;
    int waited_ms = 0;

    for (;;) {
        const bool is_ended = atomic_load(&microphone->is_ended);

        *n = cli_ring_read(&microphone->ring, samples, capacity);
        if (*n > 0 || atomic_load(&microphone->is_stopped)) {
            return true;
        }
        microphone->is_stalled = !is_ended && waited_ms >= STALL_MS;
        if (is_ended || microphone->is_stalled) {
            return cli_fail(error, CLI_AUDIO, "the device has stopped recording");
        }
        if (!cli_interrupt_sleep(WAIT_MS)) {
            atomic_store(&microphone->is_stopped, true);
            microphone->is_stalled = waited_ms >= DOUBT_MS;
        }
        waited_ms += WAIT_MS;
    }
}

static const struct cli_input input = {"microphone", NULL, read_microphone, close_microphone};

bool cli_microphone_open(const char *device, struct cli_source *source, struct cli_error *error) {
    struct microphone *microphone;
    PaDeviceIndex index = paNoDevice;

    if (!begin(error)) {
        return false;
    }
    if (!find_device(device, &index, error)) {
        end();
        return false;
    }
    microphone = cli_calloc(1, sizeof(*microphone));
    microphone->name = cli_strdup(Pa_GetDeviceInfo(index)->name);
    cli_ring_init(&microphone->ring, RING_SAMPLES);
    atomic_init(&microphone->n_dropped, 0);
    atomic_init(&microphone->n_overruns, 0);
    atomic_init(&microphone->is_ended, false);
    atomic_init(&microphone->is_stopped, false);
    source->input = &input;
    source->state = microphone;
    source->rate = (uint32_t)Pa_GetDeviceInfo(index)->defaultSampleRate;
    source->n_channels = 1;
    source->n_frames = CLI_UNKNOWN_FRAMES;
    if (!start(microphone, index, error)) {
        close_microphone(source);
        return false;
    }
    return true;
}

const char *cli_microphone_get_name(const struct cli_source *source) {
    const struct microphone *microphone = source->state;

    return microphone->name;
}

struct cli_microphone_loss cli_microphone_get_loss(const struct cli_source *source) {
    struct microphone *microphone = source->state;
    const struct cli_microphone_loss loss = {atomic_load(&microphone->n_dropped),
                                             atomic_load(&microphone->n_overruns)};

    return loss;
}
