/* A microphone for tests: an ALSA plugin that delivers the samples of a raw file in real time, or
 * any other pace, as a sound card would.
 *
 *     pcm_type.dsinfer_test { lib "/path/of/this.so" }
 *     pcm.NAME {
 *         type dsinfer_test
 *         file "SAMPLES"       16 bits, little-endian, one channel
 *         rate 16000
 *         percent 100          pace: 200 is twice real time
 *         done "FILE"          created when all samples were taken
 *         then "silence"       afterwards: "silence" for ever, "wait" (nothing), "fail" (unplugged)
 *         overrun 1            say once, halfway, that samples were lost (none are)
 *     }
 *
 * A reader that is late loses nothing: the device waits, so that what a program says of it can be
 * compared exactly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#define PIC 1
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 2000000

struct microphone {
    snd_pcm_ioplug_t io;
    FILE *file;
    char *done;
    char *then;
    long rate, percent, overrun;
    long long n_samples; /* in the file */
    long long position;  /* samples that have "arrived" */
    long long taken;     /* by the reader */
    long long base;      /* position that is the beginning of the ring buffer */
    double started_s;
};

static double clock_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int is_gone(const struct microphone *mic) {
    return strcmp(mic->then, "fail") == 0 && mic->taken >= mic->n_samples;
}

static int prepare(snd_pcm_ioplug_t *io) {
    struct microphone *mic = io->private_data;

    mic->base = mic->position = mic->taken;
    return is_gone(mic) ? -ENODEV : 0;
}

static int start(snd_pcm_ioplug_t *io) {
    struct microphone *mic = io->private_data;
    const struct itimerspec ticks = {{0, TICK_NS}, {0, TICK_NS}};

    mic->started_s = clock_s() - (double)mic->position / ((double)mic->rate * mic->percent / 100.0);
    return timerfd_settime(io->poll_fd, 0, &ticks, NULL) ? -errno : 0;
}

static int stop(snd_pcm_ioplug_t *io) {
    const struct itimerspec never = {{0, 0}, {0, 0}};

    timerfd_settime(io->poll_fd, 0, &never, NULL);
    return 0;
}

/* Lets arrive what is due. */
static void advance(struct microphone *mic) {
    const double elapsed_s = clock_s() - mic->started_s;
    long long target = (long long)(elapsed_s * (double)mic->rate * (double)mic->percent / 100.0);
    const long long room = (long long)mic->io.buffer_size - 1;

    if (strcmp(mic->then, "silence") != 0 && target > mic->n_samples) {
        target = mic->n_samples;
    }
    if (target > mic->taken + room) {
        target = mic->taken + room;
    }
    if (target > mic->position) {
        mic->position = target;
    }
}

/* Position in the ring buffer of what has arrived. */
static snd_pcm_sframes_t pointer(snd_pcm_ioplug_t *io) {
    struct microphone *mic = io->private_data;

    advance(mic);
    if (is_gone(mic)) {
        return -ENODEV;
    }
    if (mic->overrun && mic->taken >= mic->n_samples / 2) {
        mic->overrun = 0;
        return -EPIPE;
    }
    return (snd_pcm_sframes_t)((mic->position - mic->base) % (long long)io->buffer_size);
}

static void say_done(const struct microphone *mic) {
    if (mic->done) {
        const int fd = open(mic->done, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

        if (fd >= 0) {
            close(fd);
        }
    }
}

static snd_pcm_sframes_t transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
                                  snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
    struct microphone *mic = io->private_data;
    char *to = (char *)areas->addr + (areas->first + areas->step * offset) / 8;
    const size_t n = fread(to, 2, size, mic->file);
    const long long before = mic->taken;

    memset(to + 2 * n, 0, 2 * (size - n));
    mic->taken += (long long)size;
    if (before < mic->n_samples && mic->taken >= mic->n_samples) {
        say_done(mic);
    }
    return (snd_pcm_sframes_t)size;
}

static int poll_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned n_fds,
                        unsigned short *revents) {
    struct microphone *mic = io->private_data;
    unsigned long long n_ticks;

    (void)n_fds;
    if (read(io->poll_fd, &n_ticks, sizeof(n_ticks)) < 0) {
        fds[0].revents = 0;
    }
    advance(mic);
    *revents = mic->position > mic->taken || is_gone(mic) ? POLLIN : 0;
    return 0;
}

static void destroy(struct microphone *mic) {
    if (mic->file) {
        fclose(mic->file);
    }
    if (mic->io.poll_fd >= 0) {
        close(mic->io.poll_fd);
    }
    free(mic->done);
    free(mic->then);
    free(mic);
}

static int close_microphone(snd_pcm_ioplug_t *io) {
    destroy(io->private_data);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .prepare = prepare,
    .start = start,
    .stop = stop,
    .pointer = pointer,
    .transfer = transfer,
    .close = close_microphone,
    .poll_revents = poll_revents,
};

static int set_hardware(struct microphone *mic) {
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED,
                                      SND_PCM_ACCESS_MMAP_INTERLEAVED};
    static const unsigned format[] = {SND_PCM_FORMAT_S16_LE};
    const unsigned rate = (unsigned)mic->rate;
    int status = snd_pcm_ioplug_set_param_list(&mic->io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);

    status = status ? status
                    : snd_pcm_ioplug_set_param_list(&mic->io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    status = status ? status
                    : snd_pcm_ioplug_set_param_minmax(&mic->io, SND_PCM_IOPLUG_HW_CHANNELS, 1, 1);
    status = status ? status
                    : snd_pcm_ioplug_set_param_minmax(&mic->io, SND_PCM_IOPLUG_HW_RATE, rate, rate);
    status = status ? status
                    : snd_pcm_ioplug_set_param_minmax(&mic->io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 64,
                                                      16384);
    status = status ? status
                    : snd_pcm_ioplug_set_param_minmax(&mic->io, SND_PCM_IOPLUG_HW_PERIODS, 2, 64);
    return status ? status
                  : snd_pcm_ioplug_set_param_minmax(&mic->io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 512,
                                                    65536);
}

static void read_settings(struct microphone *mic, snd_config_t *conf) {
    snd_config_iterator_t at, next;

    snd_config_for_each(at, next, conf) {
        snd_config_t *item = snd_config_iterator_entry(at);
        const char *id = "", *text = NULL;

        snd_config_get_id(item, &id);
        if (snd_config_get_string(item, &text) < 0) {
            text = "";
        }
        if (strcmp(id, "file") == 0) {
            mic->file = fopen(text, "rb");
        } else if (strcmp(id, "done") == 0) {
            mic->done = strdup(text);
        } else if (strcmp(id, "then") == 0) {
            mic->then = strdup(text);
        } else if (strcmp(id, "rate") == 0) {
            snd_config_get_integer(item, &mic->rate);
        } else if (strcmp(id, "percent") == 0) {
            snd_config_get_integer(item, &mic->percent);
        } else if (strcmp(id, "overrun") == 0) {
            snd_config_get_integer(item, &mic->overrun);
        }
    }
    mic->then = mic->then ? mic->then : strdup("silence");
}

SND_PCM_PLUGIN_DEFINE_FUNC(dsinfer_test); /* its prototype */

SND_PCM_PLUGIN_DEFINE_FUNC(dsinfer_test) {
    struct microphone *mic = calloc(1, sizeof(*mic));
    int status = -EINVAL;

    (void)root;
    if (!mic) {
        return -ENOMEM;
    }
    mic->rate = 16000;
    mic->percent = 100;
    mic->io.poll_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    read_settings(mic, conf);
    if (stream != SND_PCM_STREAM_CAPTURE || !mic->file || !mic->then || mic->io.poll_fd < 0) {
        goto failed;
    }
    fseek(mic->file, 0, SEEK_END);
    mic->n_samples = ftell(mic->file) / 2;
    rewind(mic->file);
    mic->io.version = SND_PCM_IOPLUG_VERSION;
    mic->io.name = "microphone for tests";
    mic->io.callback = &callbacks;
    mic->io.private_data = mic;
    mic->io.poll_events = POLLIN;
    status = snd_pcm_ioplug_create(&mic->io, name, stream, mode);
    if (status < 0) {
        goto failed;
    }
    status = set_hardware(mic);
    if (status < 0) {
        snd_pcm_ioplug_delete(&mic->io);
        return status;
    }
    *pcmp = mic->io.pcm;
    return 0;

failed:
    destroy(mic);
    return status;
}

SND_DLSYM_BUILD_VERSION(SND_PCM_PLUGIN_ENTRY(dsinfer_test), SND_PCM_DLSYM_VERSION)
