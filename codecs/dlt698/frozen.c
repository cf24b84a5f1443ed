//  READ_FROZEN: pieces of a range of instants, from a server's own freezings, the terminal's store, or a meter. Of
//  several meters the store is asked for as many at a time as an answer near 1 KB has room for.
#include "codecs/dlt698/requests.h"

#define MINUTE_MS 60000LL
#define HOUR_MS (60 * MINUTE_MS)
#define PIECES 65536  //  Of a range at most; `done` counts the meters' groups above them

enum {
    REPLY_MAX = 1000,  //  Expected bytes of an answer that names several meters
    ROW = 42,          //  Of a meter's row: address, four times
    ROW_OBJECT = 27    //  and for each register, with four tariffs
};

//  How a kind of freezing repeats.
typedef struct {
    uint16_t pieces;    //  Units a request
    uint8_t ti;         //  Unit of TI; 0: it does not repeat
    uint16_t interval;  //  Of TI
} grid_t;

static const grid_t s_grids[FREEZE_COUNT] = {[FREEZE_CURVE] = {24 * 60, TI_MINUTE, 15},
                                             [FREEZE_HOUR] = {24, TI_HOUR, 1},
                                             [FREEZE_DAY] = {10, TI_DAY, 1},
                                             [FREEZE_MONTH] = {12, TI_MONTH, 1},
                                             [FREEZE_COMMAND] = {1, 0, 0}};

static int64_t s_utc (const zone_t *zone, const clock_civil_t *civil)
{
    int64_t utc_ms = 0;
    (void) zone_utc (zone, civil, ZONE_EARLIER, &utc_ms);
    return utc_ms;
}

//  So many units behind an instant of the grid. Days and months are those of the calendar.
static int64_t s_later (const zone_t *zone, uint8_t freeze, int64_t utc_ms, uint64_t units)
{
    clock_civil_t civil;
    if (freeze == FREEZE_CURVE || freeze == FREEZE_HOUR) {
        return utc_ms + (int64_t) units * (freeze == FREEZE_CURVE ? MINUTE_MS : HOUR_MS);
    }
    (void) zone_civil (zone, utc_ms, &civil);
    if (freeze == FREEZE_MONTH) {
        uint64_t months = (uint64_t) civil.month - 1 + units;
        civil.year += (int) (months / 12);
        civil.month = (int) (months % 12) + 1;
    }
    for (uint64_t i = 0; freeze == FREEZE_DAY && i < units; i++) {
        zone_next_day (&civil);
    }
    return s_utc (zone, &civil);
}

//  The first instant of the grid that is not before.
static int64_t s_first (const zone_t *zone, uint8_t freeze, int64_t from_ms)
{
    clock_civil_t civil;
    if (freeze == FREEZE_COMMAND) {
        return from_ms;
    }
    if (freeze == FREEZE_CURVE || freeze == FREEZE_HOUR) {
        int64_t unit = freeze == FREEZE_CURVE ? MINUTE_MS : HOUR_MS;
        return (from_ms + unit - 1) / unit * unit;
    }
    (void) zone_civil (zone, from_ms, &civil);
    civil.hour = civil.minute = civil.second = 0;
    civil.day = freeze == FREEZE_MONTH ? 1 : civil.day;
    int64_t begin = s_utc (zone, &civil);
    return begin >= from_ms ? begin : s_later (zone, freeze, begin, 1);
}

//  One piece of the range.
typedef struct {
    int64_t from_ms;
    int64_t until_ms;  //  Not any more
    bool single;       //  One instant of the grid
    bool last;
} piece_t;

static fep_err_t s_piece (const d698_ask_t *ask, piece_t *piece)
{
    const request_t *request = ask->request;
    const zone_t *zone = ask->io->options->zone;
    const clock_civil_t low = {2000, 1, 1, 0, 0, 0}, high = {2099, 12, 31, 0, 0, 0};
    if (request->from_ms < s_utc (zone, &low) || request->to_ms > s_utc (zone, &high)) {
        return FEP_RANGE;
    }
    uint8_t freeze = request->freeze;
    uint64_t units = s_grids[freeze].pieces;
    int64_t first = s_first (zone, freeze, request->from_ms);
    piece->from_ms = s_later (zone, freeze, first, units * (request->done % PIECES));
    int64_t end = s_later (zone, freeze, piece->from_ms, units);
    if (piece->from_ms > request->to_ms) {
        return FEP_RANGE;
    }
    piece->last = end > request->to_ms || freeze == FREEZE_COMMAND;
    piece->until_ms = piece->last ? request->to_ms / 1000 * 1000 + 1000 : end;
    piece->single = freeze == FREEZE_COMMAND
                        ? request->from_ms == request->to_ms
                        : s_later (zone, freeze, piece->from_ms, 1) > request->to_ms;
    return FEP_OK;
}

static void s_put_oad_column (writer_t *out, uint32_t oad)
{
    writer_u8 (out, 0);
    writer_u32be (out, oad);
}

//  Own records: by the freeze time.
static void s_put_selector (d698_ask_t *ask, const piece_t *piece)
{
    const zone_t *zone = ask->io->options->zone;
    writer_t *out = &ask->out;
    writer_u8 (out, piece->single ? RSD_VALUE : RSD_RANGE);
    writer_u32be (out, OAD_FREEZE_TIME);
    writer_u8 (out, DATA_DATE_TIME_S);
    d698_put_date_time_s (out, zone, piece->from_ms);
    if (!piece->single) {
        writer_u8 (out, DATA_DATE_TIME_S);
        d698_put_date_time_s (out, zone, piece->until_ms);
        writer_u8 (out, DATA_NULL);
    }
}

static void s_put_columns (d698_ask_t *ask, const d698_object_t *const *objects, size_t count)
{
    d698_put_length (&ask->out, count + 1);
    s_put_oad_column (&ask->out, OAD_FREEZE_TIME);
    for (size_t i = 0; i < count; i++) {
        s_put_oad_column (&ask->out, d698_oad (objects[i]));
    }
}

//  The meters asked for with one frame.
typedef struct {
    uint16_t mps[REQUEST_MPS_MAX];
    size_t count;  //  Of them
    size_t over;   //  Of the request's, with these
    bool last;     //  They are its last ones
} group_t;

static group_t s_group (const request_t *request, size_t objects)
{
    group_t group = {.mps = {request->mp}, .count = 1, .over = 1, .last = true};
    size_t most = REPLY_MAX / (ROW + objects * ROW_OBJECT);
    most = most ? most : 1;
    size_t from = request->done / PIECES * most;
    if (from < request->mp_count) {
        size_t left = request->mp_count - from;
        group.count = left < most ? left : most;
        group.over = from + group.count;
        group.last = left <= most;
        memcpy (group.mps, request->mps + from, group.count * sizeof *group.mps);
    }
    return group;
}

//  The address of a measuring point's meter, as the archive has it. False: it has none.
static bool s_address (const d698_ask_t *ask, uint16_t mp, char text[ADDRESS_MAX + 1])
{
    bytes_t address = {NULL, 0};
    if (ask->io->meter_of) {
        address = ask->io->meter_of (ask->io->mp_arg, mp);
    }
    uint8_t octets[D698_OCTETS_MAX];
    text[0] = 0;
    if (address.size && address.size <= ADDRESS_MAX) {
        memcpy (text, address.data, address.size);
        text[address.size] = 0;
    }
    return d698_address_octets (text, octets) > 0;
}

//  The meters by their addresses, or by their numbers in the terminal's archive if one has none.
static bool s_put_meter_set (d698_ask_t *ask, const group_t *group)
{
    char text[ADDRESS_MAX + 1];
    bool named = true, good = true;
    for (size_t i = 0; i < group->count; i++) {
        named = named && (ask->meter[0] || s_address (ask, group->mps[i], text));
    }
    writer_u8 (&ask->out, named ? MS_ADDRESSES : MS_NUMBERS);
    d698_put_length (&ask->out, group->count);
    for (size_t i = 0; i < group->count; i++) {
        if (ask->meter[0]) {
            good = d698_put_tsa (&ask->out, ask->meter) && good;
        } else if (s_address (ask, group->mps[i], text) && named) {
            good = d698_put_tsa (&ask->out, text) && good;
        } else {
            writer_u16be (&ask->out, group->mps[i]);
        }
    }
    return good;
}

//  The same time of the calendar day before.
static int64_t s_day_before (const zone_t *zone, int64_t utc_ms)
{
    clock_civil_t civil, noon;
    (void) zone_civil (zone, utc_ms, &civil);
    noon = civil;
    noon.hour = 12;
    (void) zone_civil (zone, s_utc (zone, &noon) - 24 * HOUR_MS, &noon);
    civil.year = noon.year;
    civil.month = noon.month;
    civil.day = noon.day;
    return s_utc (zone, &civil);
}

//  The store: by the time a record counts as stored at, which is the freeze time, or of days the day before.
static bool s_put_store (d698_ask_t *ask, const group_t *group, const piece_t *piece,
                         const d698_object_t *const *objects, size_t count)
{
    static const uint32_t heads[] = {OAD_OWN_ADDRESS, OAD_TASK_START, OAD_TASK_SUCCESS,
                                     OAD_TASK_STORED};
    const zone_t *zone = ask->io->options->zone;
    const grid_t *grid = &s_grids[ask->request->freeze];
    writer_t *out = &ask->out;
    bool before = ask->request->freeze == FREEZE_DAY &&
                  profile_setting (ask->io->profile, SETTING_store_before);
    int64_t from_ms = before ? s_day_before (zone, piece->from_ms) : piece->from_ms;
    d698_begin (ask, APDU_GET, GET_RECORD);
    writer_u32be (out, OAD_STORE);
    writer_u8 (out, piece->single ? RSD_STORED : RSD_STORED_RANGE);
    d698_put_date_time_s (out, zone, from_ms);
    if (!piece->single) {
        int64_t until_ms = before ? s_day_before (zone, piece->until_ms) : piece->until_ms;
        d698_put_date_time_s (out, zone, until_ms);
        writer_u8 (out, grid->ti ? grid->ti : TI_MINUTE);
        writer_u16be (out, grid->interval);
    }
    if (!s_put_meter_set (ask, group)) {
        return false;
    }
    d698_put_length (out, sizeof heads / sizeof *heads + 1);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        s_put_oad_column (out, heads[i]);
    }
    writer_u8 (out, 1);
    writer_u16be (out, d698_freeze_oi (ask->request->freeze));
    writer_u16be (out, 0x0200);
    d698_put_length (out, count + 1);
    writer_u32be (out, OAD_FREEZE_TIME);
    for (size_t i = 0; i < count; i++) {
        writer_u32be (out, d698_oad (objects[i]));
    }
    return true;
}

//  A server's own freezings, or those of a meter behind it.
static bool s_put_own (d698_ask_t *ask, const piece_t *piece, const d698_object_t *const *objects,
                       size_t count)
{
    if (ask->meter[0]) {
        d698_begin (ask, APDU_PROXY, PROXY_GET_RECORD);
        writer_u16be (&ask->out, D698_PROXY_S);
        if (!d698_put_tsa (&ask->out, ask->meter)) {
            return false;
        }
    } else {
        d698_begin (ask, APDU_GET, GET_RECORD);
    }
    writer_u16be (&ask->out, d698_freeze_oi (ask->request->freeze));
    writer_u16be (&ask->out, 0x0200);
    s_put_selector (ask, piece);
    s_put_columns (ask, objects, count);
    return true;
}

//  Whether the store had nothing when it was asked for this step.
static bool s_was_empty (const d698_ask_t *ask)
{
    const d698_core_t *core = ask->core;
    return core->empty && core->empty_token == ask->asked.token &&
           core->empty_done == ask->request->done;
}

fep_err_t d698_ask_frozen (d698_ask_t *ask)
{
    const d698_object_t *objects[D698_OBJECTS_MAX];
    piece_t piece;
    size_t count;
    const request_t *request = ask->request;
    if (request->freeze >= FREEZE_COUNT || !d698_freeze_oi (request->freeze)) {
        return FEP_UNSUPPORTED;
    }
    fep_err_t error = d698_objects_of (ask, objects, &count);
    error = error ? error : s_piece (ask, &piece);
    if (error) {
        return error;
    }
    bool store = !ask->is_meter && (ask->meter[0] || request->mp);
    bool again = ask->meter[0] && s_was_empty (ask);
    group_t group = s_group (request, count);
    bool good = store && !again ? s_put_store (ask, &group, &piece, objects, count)
                                : s_put_own (ask, &piece, objects, count);
    if (!good) {
        return FEP_RANGE;
    }
    d698_end (ask);
    ask->asked.store = store && !again && ask->meter[0];
    ask->asked.at_ms = piece.single ? piece.from_ms : 0;
    bool next = piece.last && !group.last;
    ask->done = next ? (uint32_t) (request->done / PIECES + 1) * PIECES : request->done + 1;
    ask->finished = piece.last && group.last;
    ask->mps_over = (uint8_t) (piece.last ? group.over : group.over - group.count);
    return FEP_OK;
}
