//  Kinds of devices as the command line and the archive have them.
#include "bench/field_archive.h"
#include "fep/check.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LISTEN_BASE UINT32_C (0x7F000101)  //  127.0.1.1
#define PER_NET 250
#define COUNT_MAX 50000
#define RATED_W 40000  //  Above what the model ever draws
#define AREAS 4

//  Protocols whose devices are dialled by the master.
static const char *const s_listening[] = {"iec104", "modbus_tcp"};

bool field_kind_listens (const field_kind_t *kind)
{
    for (size_t i = 0; i < sizeof s_listening / sizeof s_listening[0]; i++) {
        if (strcmp (kind->device->codec, s_listening[i]) == 0) {
            return true;
        }
    }
    return false;
}

uint32_t field_listen_address (uint32_t number)
{
    return LISTEN_BASE + (number - 1) / PER_NET * 256 + (number - 1) % PER_NET;
}

bool field_kind_parse (const char *text, field_kind_t *kind)
{
    char name[32] = "";
    unsigned count = 0, meters = 0, port = 0, first = 1;
    int found = sscanf (text, "%31[^:]:%u:%u:%u:%u", name, &count, &meters, &port, &first);
    *kind =
        (field_kind_t){.count = count, .first = first, .meters = meters, .port = (uint16_t) port};
    for (size_t i = 0; field_device_at (i); i++) {
        if (strcmp (field_device_at (i)->name, name) == 0) {
            kind->device = field_device_at (i);
        }
    }
    if (found < 4 || !kind->device || count > COUNT_MAX || meters < 1 ||
        meters > FIELD_METERS_MAX || port < 1 || port > 65535 || first < 1 || first > 900000) {
        fprintf (stderr,
                 "--kind %s: NAME:COUNT:METERS:PORT[:FIRST] with COUNT up to %d, METERS 1 to "
                 "%d; the names are",
                 text, COUNT_MAX, FIELD_METERS_MAX);
        for (size_t i = 0; field_device_at (i); i++) {
            fprintf (stderr, " %s", field_device_at (i)->name);
        }
        fprintf (stderr, "\n");
        return false;
    }
    return true;
}

size_t field_descriptors (const field_options_t *options)
{
    size_t all = 0;
    for (size_t i = 0; i < options->kind_count; i++) {
        all += options->kinds[i].count * (field_kind_listens (&options->kinds[i]) ? 2u : 1u);
    }
    return all;
}

static void s_rows (const field_kind_t *kind, uint32_t number, FILE *file)
{
    const field_device_t *device = kind->device;
    char address[FIELD_ADDRESS_MAX + 1], meter[FIELD_ADDRESS_MAX + 1], dial[64] = "";
    void *state = calloc (1, device->state_size);
    FEP_ASSERT (state);
    device->start (state, number, kind->meters);
    device->address (state, address);
    if (field_kind_listens (kind)) {
        uint32_t at = field_listen_address (number);
        snprintf (dial, sizeof dial, "%s@%u.%u.%u.%u:%u", device->codec, at >> 24, at >> 16 & 255,
                  at >> 8 & 255, at & 255, kind->port);
    }
    for (uint32_t mp = 1; mp <= kind->meters; mp++) {
        bool carried = *device->carried != 0;
        device->meter (state, mp, meter);
        if (!*meter) {
            break;
        }
        fprintf (file, "%s,%s %u,%u,60,%u,%s,%s,%s,%d,%s,%s\n", address, device->name, number,
                 number % AREAS, mp, meter, device->carried, carried ? device->profile : "",
                 RATED_W, dial, carried ? "" : device->profile);
    }
    free (state);
}

void field_archive (const field_options_t *options, FILE *file)
{
    for (size_t i = 0; i < options->kind_count; i++) {
        for (uint32_t n = 0; n < options->kinds[i].count; n++) {
            s_rows (&options->kinds[i], options->kinds[i].first + n, file);
        }
    }
}
