//  bench_codec: what one frame of each codec costs from scan to the packed message: nanoseconds, allocations, and the
//  ratio to a copy and a CRC-16 over the same bytes.
//
//  The frame is the first `hex` line of the codec's vector file that brings a reading, or of the case named in
//  s_wanted. What the case says before it (options, profile, meter, flight, given) is set up outside the measured
//  part; the codec's state is put back before each frame, inside it. Fast is what the machine does when nobody
//  disturbs it, so the least of the rounds counts; the median is printed beside it.
#include "bench/args.h"
#include "codecs/codec.h"
#include "fep/check.h"
#include "fep/crc.h"
#include "fep/pack.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

enum {
    FRAME_MAX = 20000,
    FLIGHT_MAX = 512,
    LINE_SIZE = 65536,
    ROUNDS_MAX = 101,
    SEND_SIZE = 65536,
    PACKED_SIZE = 1 << 20
};

//  Cases that stand for their protocol, and what their frame may cost.
typedef struct {
    const char *codec;  //  Name
    const char *text;   //  In the case's name; "" the first that brings a reading
    int64_t most_ns;    //  Target; 0 none
} wanted_t;

static const wanted_t s_wanted[] = {{"gdw1376", "g3761-018", 2000},
                                    {"dlt645", "read data reply DI 00010000", 1000}};

typedef struct {
    const codec_t *codec;     //  Borrowed
    codec_options_t options;  //  Of the case
    profile_t *profile;       //  The meter's, or NULL
    profile_t *map;           //  The terminal's, or NULL
    meter_t meter;            //  If has_meter
    bool has_meter;           //  The case named one
    uint8_t flight[FLIGHT_MAX];
    size_t flight_size;  //  0: no request in flight
    uint8_t frame[FRAME_MAX];
    size_t frame_size;
    char name[160];     //  Of the case
    uint8_t *before;    //  State the frame meets
    uint8_t *state;     //  State being used
    batch_t *batch;     //  What the frame brings
    writer_t send;      //  What is sent
    writer_t packed;    //  What goes down the chain
    codec_io_t io;      //  Of decode
    size_t items;       //  Of one frame
    bool gave_reading;  //  Likewise
} bench_t;

static uint8_t s_send[SEND_SIZE];
static uint8_t s_packed[PACKED_SIZE];
static uint64_t s_allocations;

//  --- Allocations: the linker sends every call here

void *__real_malloc (size_t size);
void *__real_calloc (size_t count, size_t size);
void *__real_realloc (void *memory, size_t size);
void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t count, size_t size);
void *__wrap_realloc (void *memory, size_t size);

void *__wrap_malloc (size_t size)
{
    s_allocations++;
    return __real_malloc (size);
}

void *__wrap_calloc (size_t count, size_t size)
{
    s_allocations++;
    return __real_calloc (count, size);
}

void *__wrap_realloc (void *memory, size_t size)
{
    s_allocations++;
    return __real_realloc (memory, size);
}

//  --- One frame

static void s_clear (bench_t *self)
{
    profile_destroy (&self->profile);
    profile_destroy (&self->map);
    self->options = (codec_options_t){.password_size = 16};
    self->has_meter = false;
    self->flight_size = 0;
    memset (self->before, 0, self->codec->state_size);
}

static void s_prepare (bench_t *self)
{
    self->io = (codec_io_t){.mono_ms = 1000,
                            .wall_ms = 1700000000000,
                            .options = &self->options,
                            .address = bytes_text (self->has_meter ? "dtu1" : ""),
                            .profile = self->map,
                            .meter = self->has_meter ? &self->meter : NULL,
                            .request = bytes_of (self->flight, self->flight_size),
                            .batch = self->batch,
                            .send = &self->send};
}

//  Scan to packed message. False if one of the steps refuses it.
static bool s_once (bench_t *self, bytes_t frame)
{
    static const batch_head_t head = {.origin = 1, .number = 1, .boot = 1, .messages = 1};
    batch_head_t own = head;
    scan_context_t context = {.up = true,
                              .options = &self->options,
                              .request = bytes_of (self->flight, self->flight_size),
                              .address = self->io.address};
    scan_t scan = self->codec->scan (&context, frame);
    if (scan.what != SCAN_FRAME) {
        return false;
    }
    memcpy (self->state, self->before, self->codec->state_size);
    batch_clear (self->batch);
    self->send.size = 0;
    self->packed.size = 0;
    if (self->codec->decode (self->state, bytes_of (frame.data, scan.size), &self->io) != FEP_OK) {
        return false;
    }
    own.messages = (uint32_t) self->batch->message_count;
    return pack_batch (self->batch, &own, &self->packed) == FEP_OK;
}

//  --- Vector files

static size_t s_hex (const char *text, uint8_t *out, size_t capacity)
{
    size_t size = 0;
    while (size < capacity && bytes_hex_digit (text[0]) >= 0 && bytes_hex_digit (text[1]) >= 0) {
        out[size++] = (uint8_t) (bytes_hex_digit (text[0]) << 4 | bytes_hex_digit (text[1]));
        text += 2;
        text += strspn (text, " ");
    }
    return size;
}

//  A profile that stands beside the vectors; none if its name is '-'.
static void s_load (profile_t **profile, const char *vectors, const char *name)
{
    char path[512];
    static char text[PROFILE_BYTES_MAX];
    profile_fault_t fault;
    snprintf (path, sizeof path, "%s/profiles/%s.profile", vectors, name);
    FILE *file = strcmp (name, "-") == 0 ? NULL : fopen (path, "rb");
    profile_destroy (profile);
    if (file) {
        size_t size = fread (text, 1, sizeof text, file);
        fclose (file);
        if (profile_parse (bytes_of (text, size), profile, &fault) != FEP_OK) {
            fprintf (stderr, "%s, line %u: %s\n", path, fault.line, fault.text);
        }
    }
}

//  "meter ADDRESS PROFILE".
static void s_meter (bench_t *self, const char *vectors, const char *rest)
{
    char name[64] = "-";
    self->meter = (meter_t){.mp = 1};
    self->has_meter = true;
    (void) sscanf (rest, "%23s %63s", self->meter.address, name);
    s_load (&self->profile, vectors, name);
    self->meter.profile = self->profile;
}

//  What the frame under test meets is what `given` left behind.
static void s_given (bench_t *self, const char *rest)
{
    self->frame_size = s_hex (rest, self->frame, sizeof self->frame);
    s_prepare (self);
    if (s_once (self, bytes_of (self->frame, self->frame_size))) {
        memcpy (self->before, self->state, self->codec->state_size);
    }
}

//  Whether the bytes of a `hex` line bring a reading.
static bool s_try (bench_t *self, const char *rest)
{
    self->frame_size = s_hex (rest, self->frame, sizeof self->frame);
    s_prepare (self);
    if (self->frame_size == 0 || !s_once (self, bytes_of (self->frame, self->frame_size))) {
        return false;
    }
    self->items = self->batch->item_count;
    return self->items && self->batch->messages[0].kind == MESSAGE_READING &&
           self->batch->messages[0].count;
}

//  One line of a case. True when the frame is found.
static bool s_line (bench_t *self, const char *vectors, const char *text, char *line)
{
    char *rest = line + strcspn (line, " \t\n");
    bool more = *rest != 0;
    *rest = 0;
    rest += more;
    rest += strspn (rest, " \t");
    rest[strcspn (rest, "\r\n")] = 0;
    if (strcmp (line, "case") == 0) {
        s_clear (self);
        snprintf (self->name, sizeof self->name, "%.150s", rest);
        return false;
    }
    bool flight = strcmp (line, "flight") == 0 || strcmp (line, "send") == 0;
    if (flight && self->codec->is_meter) {
        self->flight_size = s_hex (rest, self->flight, sizeof self->flight);
    }
    self->options.address_hex |= strcmp (line, "options") == 0 && strstr (rest, "address_hex");
    if (strcmp (line, "meter") == 0) {
        s_meter (self, vectors, rest);
    }
    if (strcmp (line, "profile") == 0) {
        s_load (&self->map, vectors, rest);
    }
    if (strcmp (line, "given") == 0) {
        s_given (self, rest);
    }
    return strcmp (line, "hex") == 0 && strstr (self->name, text) && s_try (self, rest);
}

static bool s_find (bench_t *self, const char *vectors, const char *text)
{
    static char line[LINE_SIZE];
    char path[512];
    bool found = false;
    snprintf (path, sizeof path, "%s/%s.vec", vectors, self->codec->name);
    FILE *file = fopen (path, "r");
    while (file && !found && fgets (line, sizeof line, file)) {
        found = s_line (self, vectors, text, line);
    }
    if (file) {
        fclose (file);
    }
    return found;
}

//  --- Measuring

static int64_t s_now_ns (void)
{
    struct timespec now;
    (void) clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

//  The copy and the CRC that nobody gets around.
static uint32_t s_floor (bytes_t frame, uint8_t *copy)
{
    memcpy (copy, frame.data, frame.size);
    __asm__ volatile("" : : "r"(copy) : "memory");
    return crc_modbus (bytes_of (copy, frame.size));
}

static int s_compare (const void *a, const void *b)
{
    double left = *(const double *) a, right = *(const double *) b;
    return (left > right) - (left < right);
}

typedef struct {
    double least, median;  //  Nanoseconds
} cost_t;

//  Rounds of so many frames. floor: the copy and the CRC instead.
static cost_t s_measure (bench_t *self, bool floor, int64_t rounds, int64_t frames)
{
    static uint8_t copy[FRAME_MAX];
    double ns[ROUNDS_MAX];
    bytes_t frame = bytes_of (self->frame, self->frame_size);
    volatile uint32_t sink = 0;
    for (int64_t round = 0; round < rounds; round++) {
        int64_t start = s_now_ns ();
        for (int64_t i = 0; i < frames; i++) {
            sink = floor ? s_floor (frame, copy) : s_once (self, frame);
        }
        ns[round] = (double) (s_now_ns () - start) / (double) frames;
    }
    (void) sink;
    qsort (ns, (size_t) rounds, sizeof *ns, s_compare);
    return (cost_t){ns[0], ns[rounds / 2]};
}

static const wanted_t *s_want (const char *codec)
{
    static const wanted_t any = {"", "", 0};
    for (size_t i = 0; i < sizeof s_wanted / sizeof *s_wanted; i++) {
        if (strcmp (s_wanted[i].codec, codec) == 0) {
            return &s_wanted[i];
        }
    }
    return &any;
}

static void s_bench (const codec_t *codec, const char *vectors, int64_t rounds, int64_t frames)
{
    bench_t self = {.codec = codec};
    const wanted_t *want = s_want (codec->name);
    self.before = calloc (1, codec->state_size);
    self.state = calloc (1, codec->state_size);
    self.batch = batch_new ();
    self.send = writer_of (s_send, sizeof s_send);
    self.packed = writer_of (s_packed, sizeof s_packed);
    FEP_ASSERT (self.before && self.state);
    if (!s_find (&self, vectors, want->text)) {
        printf ("%-12s skipped: no hex line of its vectors brings a reading\n", codec->name);
    } else {
        (void) s_measure (&self, false, 1, frames);
        uint64_t before = s_allocations;
        cost_t cost = s_measure (&self, false, rounds, frames);
        uint64_t allocations = s_allocations - before;
        cost_t floor = s_measure (&self, true, rounds, frames);
        const char *verdict = want->most_ns == 0                     ? ""
                              : cost.least <= (double) want->most_ns ? "  target met"
                                                                     : "  TARGET MISSED";
        printf ("%-12s %5zu %6zu %9.1f %9.1f %9.1f %7.2f %7.2f", codec->name, self.frame_size,
                self.items, cost.least, cost.median, floor.least, cost.least / floor.least,
                (double) allocations / (double) (rounds * frames));
        if (want->most_ns) {
            printf ("  <= %" PRId64 " ns%s", want->most_ns, verdict);
        }
        printf ("  [%s]\n", self.name);
    }
    profile_destroy (&self.profile);
    profile_destroy (&self.map);
    batch_destroy (&self.batch);
    free (self.before);
    free (self.state);
}

//  A number without these is no number.
static void s_print_machine (int argc, char **argv)
{
    struct utsname name;
    char line[256], model[128] = "unknown";
    (void) uname (&name);
    FILE *cpu = fopen ("/proc/cpuinfo", "r");
    while (cpu && fgets (line, sizeof line, cpu)) {
        if (sscanf (line, "model name : %127[^\n]", model) == 1) {
            break;
        }
    }
    if (cpu) {
        fclose (cpu);
    }
    printf ("machine   %s, %s\nkernel    %s %s\ncompiler  %s,%s\ncommand  ", name.machine, model,
            name.sysname, name.release, __VERSION__, BENCH_FLAGS);
    for (int i = 0; i < argc; i++) {
        printf (" %s", argv[i]);
    }
    printf ("\n\n%-12s %5s %6s %9s %9s %9s %7s %7s\n", "codec", "bytes", "items", "least ns",
            "median ns", "floor ns", "ratio", "allocs");
}

int main (int argc, char **argv)
{
    const char *vectors = BENCH_VECTORS;
    const char *only = "";
    int64_t rounds = 31, frames = 20000;
    const arg_t args[] = {
        {"vectors", NULL, &vectors, 0, 0, "directory of the vector files"},
        {"codec", NULL, &only, 0, 0, "only this one"},
        {"rounds", &rounds, NULL, 1, ROUNDS_MAX, "how often it is measured"},
        {"frames", &frames, NULL, 1, 10000000, "frames of a round"},
    };
    if (!args_read (argc, argv, 1, args, sizeof args / sizeof args[0])) {
        return 2;
    }
    s_print_machine (argc, argv);
    for (size_t i = 0; codec_at (i); i++) {
        if (!*only || strcmp (only, codec_at (i)->name) == 0) {
            s_bench (codec_at (i), vectors, rounds, frames);
        }
    }
    return 0;
}
