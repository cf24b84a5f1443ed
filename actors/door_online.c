//  Door: ONLINE, when a terminal was online.
#include "actors/control.h"
#include "fep/clock.h"

#define DAYS_MAX 31  //  Of one answer

static void s_row (writer_t *out, uint16_t day, const uint8_t bits[ONLINE_BYTES])
{
    clock_civil_t civil;
    char date[32];
    clock_to_civil (online_slot_ms ((online_at_t){day, 0}, clock_offset_min ()), &civil);
    snprintf (date, sizeof date, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
    wire_put_map (out, 4);
    wire_pair_uint (out, "day", day);
    wire_pair_text (out, "date", date);
    wire_pair_uint (out, "slots", online_count (bits));
    wire_put_text (out, "bits");
    wire_put_bin (out, bytes_of (bits, ONLINE_BYTES));
}

static fep_err_t s_take (void *arg, bytes_t key, bytes_t value)
{
    uint8_t *bits = arg;
    (void) key;
    if (value.size == ONLINE_BYTES) {
        memcpy (bits, value.data, ONLINE_BYTES);
    }
    return FEP_OK;
}

//  From memory if it is of today, else from the store. False: nobody has looked on that day.
static fep_err_t s_day (control_t *self, uint32_t number, uint16_t day, uint8_t bits[ONLINE_BYTES],
                        bool *known)
{
    uint8_t key[ONLINE_KEY_SIZE];
    *known = online_get (self->online, number, day, bits);
    if (*known) {
        return FEP_OK;
    }
    online_key (day, number, key);
    fep_err_t error = store_each (actor_context (self->actor)->store, FAMILY_ACCOUNT,
                                  bytes_of (key, sizeof key), s_take, bits);
    *known = online_count (bits) > 0;
    return error;
}

//  Days without a row are left out. At most DAYS_MAX days are looked at; `next` says where to go on.
fep_err_t door_ONLINE (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    online_at_t now = online_at (clock_wall_ms (), clock_offset_min ());
    int64_t from = wire_find_int (ask->body, "day_from", now.day);
    int64_t to = wire_find_int (ask->body, "day_to", now.day);
    uint32_t rows = 0;
    if (!terminal) {
        return FEP_NOT_FOUND;
    }
    if (from < 0 || to > UINT16_MAX || from > to) {
        return FEP_RANGE;
    }
    int64_t end = to - from < DAYS_MAX ? to + 1 : from + DAYS_MAX;
    wire_put_map (&ask->out, 6);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_int (&ask->out, "day", now.day);
    wire_pair_int (&ask->out, "slot", now.slot);
    wire_pair_int (&ask->out, "slot_s", ONLINE_SLOT_MS / 1000);
    wire_pair_int (&ask->out, "next", end <= to ? end : 0);
    wire_put_text (&ask->out, "days");
    size_t mark = wire_open_array (&ask->out);
    for (int64_t day = from; day < end; day++) {
        uint8_t bits[ONLINE_BYTES];
        bool known;
        fep_err_t error = s_day (self, terminal->number, (uint16_t) day, bits, &known);
        if (error != FEP_OK) {
            return error;
        }
        if (known) {
            s_row (&ask->out, (uint16_t) day, bits);
            rows++;
        }
    }
    wire_close_array (&ask->out, mark, rows);
    return FEP_OK;
}
