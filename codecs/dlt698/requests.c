//  Requests: which APDU comes next, its seal, its frame. Reading of momentary values and of events.
#include "codecs/dlt698/requests.h"

enum { OADS_MAX = 10, EVENTS_LAST = 10, TIME_TAG_NEVER = 255, SEAL_PROTECTED = 2 };

void d698_begin (d698_ask_t *ask, uint8_t tag, uint8_t choice)
{
    ask->asked.tag = tag;
    writer_u8 (&ask->out, tag);
    if (choice) {
        writer_u8 (&ask->out, choice);
    }
    writer_u8 (&ask->out, ask->piid);
}

void d698_end (d698_ask_t *ask)
{
    uint32_t minutes = profile_setting (ask->io->profile, SETTING_time_tag);
    if (minutes == 0 || minutes == TIME_TAG_NEVER) {
        writer_u8 (&ask->out, 0);
        return;
    }
    writer_u8 (&ask->out, 1);
    d698_put_date_time_s (&ask->out, ask->io->options->zone, ask->io->wall_ms);
    writer_u8 (&ask->out, 1);
    writer_u16be (&ask->out, (uint16_t) minutes);
}

bool d698_put_target (d698_ask_t *ask)
{
    writer_u16be (&ask->out, D698_PROXY_S);
    writer_u8 (&ask->out, 1);
    if (!d698_put_tsa (&ask->out, ask->meter)) {
        return false;
    }
    writer_u16be (&ask->out, D698_METER_S);
    return true;
}

//  ---- Points ----

static const uint32_t s_usual_meter[] = {POINT (1, 0, 1, 8, 0), POINT (1, 0, 32, 7, 0),
                                         POINT (1, 0, 31, 7, 0), POINT (1, 0, 16, 7, 0)};
static const uint32_t s_usual_terminal[] = {POINT (0, 0, 1, 0, 0)};
static const uint32_t s_usual_frozen[] = {POINT (1, 0, 1, 8, 0), POINT (1, 0, 2, 8, 0)};

typedef struct {
    const uint32_t *points;
    size_t count;
} points_t;

static points_t s_points (const d698_ask_t *ask)
{
    const request_t *request = ask->request;
    if (request->point_count) {
        return (points_t){request->points, request->point_count};
    }
    if (ask->profile && ask->profile->point_count) {
        return (points_t){ask->profile->points, ask->profile->point_count};
    }
    if (request->kind == REQUEST_READ_FROZEN) {
        return (points_t){s_usual_frozen, sizeof s_usual_frozen / sizeof *s_usual_frozen};
    }
    if (ask->meter[0] || ask->is_meter) {
        return (points_t){s_usual_meter, sizeof s_usual_meter / sizeof *s_usual_meter};
    }
    return (points_t){s_usual_terminal, sizeof s_usual_terminal / sizeof *s_usual_terminal};
}

fep_err_t d698_objects_of (const d698_ask_t *ask, const d698_object_t **objects, size_t *count)
{
    points_t points = s_points (ask);
    *count = 0;
    if (ask->request->point_count > REQUEST_POINTS_MAX) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < points.count; i++) {
        const d698_object_t *object = d698_object_of (points.points[i]);
        size_t at = 0;
        if (!object) {
            return FEP_UNSUPPORTED;
        }
        while (at < *count && objects[at] != object) {
            at++;
        }
        if (at == D698_OBJECTS_MAX) {
            return FEP_LIMIT;
        }
        objects[at] = object;
        *count += at == *count;
    }
    return FEP_OK;
}

//  ---- Reading ----

fep_err_t d698_ask_read (d698_ask_t *ask)
{
    const d698_object_t *objects[D698_OBJECTS_MAX];
    size_t count;
    fep_err_t error = d698_objects_of (ask, objects, &count);
    if (error) {
        return error;
    }
    size_t from = ask->request->done;
    if (from >= count) {
        return FEP_NOT_FOUND;
    }
    size_t many = count - from < OADS_MAX ? count - from : OADS_MAX;
    if (ask->meter[0]) {
        d698_begin (ask, APDU_PROXY, PROXY_GET_LIST);
        if (!d698_put_target (ask)) {
            return FEP_RANGE;
        }
        d698_put_length (&ask->out, many);
    } else {
        d698_begin (ask, APDU_GET, many == 1 ? GET_ONE : GET_LIST);
        if (many > 1) {
            d698_put_length (&ask->out, many);
        }
    }
    for (size_t i = from; i < from + many; i++) {
        writer_u32be (&ask->out, d698_oad (objects[i]));
    }
    d698_end (ask);
    ask->done = (uint32_t) (from + many);
    ask->finished = ask->done == count;
    return FEP_OK;
}

//  The n-th event object between two of the map, new-event list left out; 0: none.
static uint16_t s_event (uint16_t from, uint16_t to, uint32_t n)
{
    for (size_t i = 0; i < d698_event_count; i++) {
        uint16_t oi = d698_events[i].oi;
        if (oi >= from && oi <= to && oi != OAD_NEW_EVENTS >> 16 && n-- == 0) {
            return oi;
        }
    }
    return 0;
}

//  The last records of an event object.
static fep_err_t s_ask_event (d698_ask_t *ask, uint16_t oi)
{
    static const uint32_t columns[] = {OAD_EVENT_NUMBER, OAD_EVENT_START, OAD_EVENT_END,
                                       OAD_EVENT_SOURCE};
    if (ask->meter[0]) {
        d698_begin (ask, APDU_PROXY, PROXY_GET_RECORD);
        writer_u16be (&ask->out, D698_PROXY_S);
        if (!d698_put_tsa (&ask->out, ask->meter)) {
            return FEP_RANGE;
        }
    } else {
        d698_begin (ask, APDU_GET, GET_RECORD);
    }
    writer_u16be (&ask->out, oi);
    writer_u16be (&ask->out, 0x0200);
    writer_u8 (&ask->out, RSD_LAST);
    writer_u8 (&ask->out, EVENTS_LAST);
    d698_put_length (&ask->out, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        writer_u8 (&ask->out, 0);
        writer_u32be (&ask->out, columns[i]);
    }
    d698_end (ask);
    return FEP_OK;
}

//  The terminal's list of new events, then each object it named.
static fep_err_t s_ask_news (d698_ask_t *ask)
{
    uint32_t done = ask->request->done;
    ask->done = done + 1;
    ask->finished = done > 0 && done >= ask->news->count;
    ask->asked.among = done > 0;
    if (done == 0) {
        d698_begin (ask, APDU_GET, GET_ONE);
        writer_u32be (&ask->out, OAD_NEW_EVENTS);
        d698_end (ask);
        return FEP_OK;
    }
    ask->nothing = done > ask->news->count;
    return ask->nothing ? FEP_OK : s_ask_event (ask, ask->news->events[done - 1]);
}

fep_err_t d698_ask_events (d698_ask_t *ask)
{
    const request_t *request = ask->request;
    uint16_t to = request->event_to ? request->event_to : 0xFFFF;
    uint16_t oi = s_event (request->event_from, to, request->done);
    if (ask->news && !ask->meter[0] && request->event_important &&
        request->event_to == EVENTS_NEWEST) {
        return s_ask_news (ask);
    }
    if (!oi) {
        return FEP_NOT_FOUND;
    }
    ask->asked.among = s_event (request->event_from, to, 1) != 0;
    ask->done = request->done + 1;
    ask->finished = s_event (request->event_from, to, ask->done) == 0;
    return s_ask_event (ask, oi);
}

//  The block behind the last that came.
static fep_err_t s_ask_next (d698_ask_t *ask)
{
    ask->asked = ask->core->asked;
    ask->piid = ask->asked.piid;
    writer_u8 (&ask->out, APDU_GET);
    writer_u8 (&ask->out, GET_NEXT);
    writer_u8 (&ask->out, ask->piid);
    writer_u16be (&ask->out, ask->asked.block);
    writer_u8 (&ask->out, 0);
    ask->done = ask->asked.then;
    ask->finished = ask->asked.finishes;
    return FEP_OK;
}

//  Goes before the request that is written; that one follows when it is answered.
static fep_err_t s_connect_first (d698_ask_t *ask, const profile_t *profile)
{
    const request_t *request = ask->request;
    ask->out.size = 0;
    ask->out.failed = false;
    ask->piid = ask->core->number & PIID_NUMBER;
    ask->asked = (d698_asked_t){.token = request->token,
                                .done = request->done,
                                .tag = APDU_CONNECT,
                                .piid = ask->piid,
                                .connects = true};
    ask->done = request->done;
    ask->finished = false;
    return d698_put_connect (&ask->out, profile, ask->piid, ask->io);
}

//  ---- Sending ----

//  Writes and actions, also those a server does at a meter.
static bool s_changes (bytes_t apdu)
{
    uint8_t tag = apdu.data[0];
    uint8_t choice = apdu.size > 1 ? apdu.data[1] : 0;
    return tag == APDU_SET || tag == APDU_ACTION ||
           (tag == APDU_PROXY && choice >= PROXY_SET_LIST && choice <= PROXY_ACTION_THEN_GET);
}

//  What the seal gave back: a SECURITY-Request; around a plain unit with the same request, whose PIID counts.
static fep_err_t s_sealed (d698_ask_t *ask)
{
    bytes_t sealed = ask->io->sealed;
    bytes_t plain = d698_plain (sealed);
    bytes_t wanted = writer_bytes (&ask->out);
    if (sealed.size < 2 || sealed.data[0] != APDU_SECURITY || sealed.data[1] > 1) {
        return FEP_NO_SEAL;
    }
    if (sealed.data[1] == 0) {
        if (plain.size != wanted.size || memcmp (plain.data, wanted.data, 2) != 0 ||
            memcmp (plain.data + 3, wanted.data + 3, wanted.size - 3) != 0) {
            return FEP_NO_SEAL;
        }
        ask->asked.piid = plain.data[2] & PIID_NUMBER;
    }
    ask->asked.sealed = true;
    return FEP_OK;
}

//  The APDU to be framed. NEEDS_SEAL: it was given out to be sealed.
static fep_err_t s_protect (d698_ask_t *ask, bytes_t *apdu)
{
    codec_io_t *io = ask->io;
    *apdu = writer_bytes (&ask->out);
    bool wanted = profile_setting (io->profile, SETTING_seal) == SEAL_PROTECTED &&
                  ask->asked.changes && !ask->asked.passed;
    if (!wanted) {
        return FEP_OK;
    }
    if (io->sealed.size) {
        fep_err_t error = s_sealed (ask);
        *apdu = io->sealed;
        return error;
    }
    if (!io->seal) {
        return FEP_UNSUPPORTED;
    }
    writer_put (io->seal, apdu->data, apdu->size);
    return FEP_NEEDS_SEAL;
}

static fep_err_t s_send (d698_ask_t *ask, d698_core_t *core, const d698_peer_t *peer)
{
    bytes_t apdu;
    if (ask->out.failed) {
        return FEP_LIMIT;
    }
    bytes_t plain = d698_plain (writer_bytes (&ask->out));
    ask->asked.changes = s_changes (plain.size ? plain : writer_bytes (&ask->out));
    fep_err_t error = s_protect (ask, &apdu);
    if (error) {
        return error;
    }
    ask->asked.then = ask->done;
    ask->asked.finishes = ask->finished;
    size_t mark = d698_open (ask->io->send, peer, D698_PRM | D698_USER);
    writer_put (ask->io->send, apdu.data, apdu.size);
    d698_close (ask->io->send, mark);
    if (ask->io->send->failed) {
        return FEP_FULL;
    }
    core->asked = ask->asked;
    core->number = (uint8_t) ((ask->piid + 1) & PIID_NUMBER);
    ask->request->done = ask->done;
    ask->request->finished = ask->finished;
    ask->request->mps_over = ask->mps_over;
    ask->io->answer = ANSWER_NONE;
    ask->io->tag = 0;
    return FEP_OK;
}

static fep_err_t s_encode (d698_ask_t *ask, d698_core_t *core, const d698_peer_t *peer)
{
    static fep_err_t (*const kinds[]) (d698_ask_t * ask) = {[REQUEST_READ] = d698_ask_read,
                                                            [REQUEST_READ_FROZEN] = d698_ask_frozen,
                                                            [REQUEST_READ_EVENTS] = d698_ask_events,
                                                            [REQUEST_PASS] = d698_ask_pass,
                                                            [REQUEST_CLOCK] = d698_ask_clock,
                                                            [REQUEST_WRITE] = d698_ask_write,
                                                            [REQUEST_OPERATE] = d698_ask_operate,
                                                            [REQUEST_READ_OWN] = d698_ask_read_own,
                                                            [REQUEST_OWN] = d698_ask_own};
    uint8_t memory[D698_REQUEST_MAX];
    request_t *request = ask->request;
    if ((size_t) request->kind >= sizeof kinds / sizeof *kinds || !kinds[request->kind]) {
        return FEP_UNSUPPORTED;
    }
    if (request->finished || peer->sa_size == 0) {
        return FEP_NOT_FOUND;
    }
    ask->core = core;
    ask->out = writer_of (memory, sizeof memory);
    ask->piid = core->number & PIID_NUMBER;
    ask->asked = (d698_asked_t){.token = request->token,
                                .done = request->done,
                                .mp = request->mp_count > 1 ? 0 : request->mp,
                                .piid = ask->piid,
                                .freeze = request->freeze};
    memcpy (ask->asked.meter, ask->meter, strlen (ask->meter) + 1);
    ask->done = request->done + 1;
    ask->finished = true;
    const d698_asked_t *asked = &core->asked;
    bool next = asked->next && asked->token == request->token && asked->done == request->done;
    fep_err_t error = next ? s_ask_next (ask) : kinds[request->kind](ask);
    if (!error && ask->nothing) {
        request->done = ask->done;
        request->finished = true;
        ask->io->answer = ANSWER_DONE;
        return FEP_OK;
    }
    const profile_t *server = ask->is_meter ? ask->profile : ask->io->profile;
    if (!error && request->kind != REQUEST_PASS && d698_must_connect (core, server)) {
        error = s_connect_first (ask, server);
    }
    return error ? error : s_send (ask, core, peer);
}

fep_err_t d698_encode (void *self, request_t *request, codec_io_t *io)
{
    d698_state_t *state = self;
    d698_peer_t peer = {
        .sa_size = state->sa_size, .client = D698_CLIENT, .scrambled = state->core.scrambled};
    memcpy (peer.sa, state->sa, sizeof peer.sa);
    const char *meter = request->meter;
    if (!meter[0] && io->meter) {
        meter = io->meter->address;
    }
    d698_ask_t ask = {.request = request, .io = io, .news = &state->news, .meter = meter};
    ask.profile = meter[0] && io->meter ? io->meter->profile : io->profile;
    bool numbered = request->kind == REQUEST_READ_FROZEN || request->kind == REQUEST_PASS;
    bool store = request->kind == REQUEST_READ_FROZEN && !meter[0];
    if ((request->mp && !meter[0] && !numbered) || (request->mp_count > 1 && !store)) {
        return FEP_UNSUPPORTED;
    }
    return s_encode (&ask, &state->core, &peer);
}

fep_err_t d698_encode_meter (void *self, request_t *request, codec_io_t *io)
{
    d698_core_t *core = self;
    d698_peer_t peer = {.client = D698_CLIENT, .scrambled = core->scrambled};
    uint8_t octets[D698_OCTETS_MAX];
    size_t size = io->meter ? d698_address_octets (io->meter->address, octets) : 0;
    if (size == 0) {
        return FEP_RANGE;
    }
    peer.sa[0] = (uint8_t) (size - 1);
    peer.sa_size = (uint8_t) (size + 1);
    for (size_t i = 0; i < size; i++) {
        peer.sa[1 + i] = octets[size - 1 - i];
    }
    d698_ask_t ask = {
        .request = request, .io = io, .meter = "", .is_meter = true, .profile = io->meter->profile};
    return s_encode (&ask, core, &peer);
}
