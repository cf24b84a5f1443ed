//  What clients ask the validator through the door: HELD and ACCEPT.
#include "actors/answer.h"
#include "actors/validator.h"
#include "fep/log.h"
#include "fep/wire.h"

#define ROW_MAX 512       //  Bytes of one row
#define ANSWER_MAX 65536  //  Bytes of one page
#define TEXT_MAX 64       //  Characters of a name
#define HOLDS_EACH 65536  //  Places of a page's numbers in one measuring point

static fep_err_t s_answer (validator_t *self, bytes_t client, const char *word,
                           const writer_t *body)
{
    static uint8_t memory[ANSWER_MAX + 1024];
    writer_t out = writer_of (memory, sizeof memory);
    fep_err_t error = answer_put (&out, client, word, body);
    return error ? error
                 : actor_send (self->actor, self->control, WORD_ANSWER, writer_bytes (&out));
}

static fep_err_t s_error (validator_t *self, bytes_t client, int64_t token, fep_err_t error)
{
    uint8_t memory[256];
    writer_t out = writer_of (memory, sizeof memory);
    answer_put_error (&out, token, error, NULL);
    return s_answer (self, client, "ERROR", &out);
}

static fep_err_t s_client (bytes_t body, bytes_t *client)
{
    reader_t in;
    if (!wire_find (body, "client", &in)) {
        return FEP_CORRUPT;
    }
    *client = wire_get_bin (&in);
    return in.failed ? FEP_CORRUPT : FEP_OK;
}

//  ---- HELD ----

static void s_row (validator_t *self, meter_t *meter, const hold_t *hold, writer_t *out)
{
    char name[TEXT_MAX], base[160] = "", candidate[160];
    const base_t *reg =
        hold->kept_count ? meter_register (self->meters, meter, hold->point, hold->freeze) : NULL;
    point_name (hold->point, name, sizeof name);
    value_text (&hold->last, candidate, sizeof candidate);
    if (reg && reg->known) {
        value_text (&reg->value, base, sizeof base);
    }
    wire_put_map (out, 10);
    wire_pair_text (out, "terminal", meter->address);
    wire_pair_uint (out, "mp", meter->mp);
    wire_pair_text (out, "point", name);
    wire_pair_text (out, "freeze", freeze_name (hold->freeze));
    wire_pair_int (out, "since_ms", hold->since_ms);
    wire_pair_text (out, "base", base);
    wire_pair_text (out, "candidate", candidate);
    wire_pair_uint (out, "count", hold->count);
    wire_pair_uint (out, "consistent", hold->consistent);
    wire_pair_text (out, "reason", reason_name ((reason_t) hold->reason));
}

//  from and next: place of a measuring point times HOLDS_EACH, and place of a hold in it.
fep_err_t validator_on_held (void *arg, actor_t *actor, bytes_t body)
{
    static uint8_t page[ANSWER_MAX];
    validator_t *self = arg;
    bytes_t client;
    uint32_t terminal = (uint32_t) wire_find_int (body, "number", 0);
    int64_t from = wire_find_int (body, "from", 0);
    uint64_t at = from > 0 ? (uint64_t) from : 0, next = 0;
    uint32_t rows = 0;
    writer_t out = writer_of (page, sizeof page);
    fep_err_t error = s_client (body, &client);
    (void) actor;
    if (error != FEP_OK) {
        return error;
    }
    wire_put_map (&out, 3);
    wire_pair_int (&out, "token", wire_find_int (body, "token", 0));
    wire_put_text (&out, "held");
    size_t mark = wire_open_array (&out);
    for (size_t i = (size_t) (at / HOLDS_EACH); i < meters_count (self->meters) && !next; i++) {
        meter_t *meter = meters_at (self->meters, i);
        uint32_t first = i == at / HOLDS_EACH ? (uint32_t) (at % HOLDS_EACH) : 0;
        bool wanted = !terminal || terminal == meter->terminal;
        for (uint32_t k = first; wanted && k < meter->hold_count && !next; k++) {
            if (out.capacity - out.size < ROW_MAX + 64) {
                next = (uint64_t) i * HOLDS_EACH + k;
            } else {
                s_row (self, meter, &meter->holds[k], &out);
                rows++;
            }
        }
    }
    wire_close_array (&out, mark, rows);
    wire_pair_uint (&out, "next", next);
    return s_answer (self, client, WORD_HELD, &out);
}

//  ---- ACCEPT ----

//  Accepts what is followed of a measuring point: of one point, or of all (0). Counts into *accepted and *readings.
static fep_err_t s_accept (validator_t *self, meter_t *meter, uint32_t point, const char *who,
                           uint32_t *accepted, uint32_t *readings)
{
    for (uint32_t i = 0; i < meter->hold_count;) {
        hold_t *hold = &meter->holds[i];
        uint32_t count = 0;
        if (!hold->kept_count || (point && hold->point != point)) {
            i++;
            continue;
        }
        //  Another hold takes the place of one that is released.
        fep_err_t error = validator_accept (self, meter, hold, who, &count);
        if (error != FEP_OK) {
            return error;
        }
        (*accepted)++;
        *readings += count;
    }
    return *accepted ? FEP_OK : FEP_NOT_FOUND;
}

fep_err_t validator_on_accept (void *arg, actor_t *actor, bytes_t body)
{
    validator_t *self = arg;
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    bytes_t client;
    char name[TEXT_MAX] = "", who[TEXT_MAX] = "";
    uint32_t point = 0, accepted = 0, readings = 0;
    int64_t token = wire_find_int (body, "token", 0);
    int64_t mp = wire_find_int (body, "mp", -1);
    fep_err_t error = s_client (body, &client);
    (void) actor;
    if (error != FEP_OK) {
        return error;
    }
    wire_find_text (body, "who", who, sizeof who);
    bool named = wire_find_text (body, "point", name, sizeof name);
    if (mp < 0 || mp > UINT16_MAX || !who[0] || (named && !point_parse (name, &point))) {
        return s_error (self, client, token, FEP_RANGE);
    }
    meter_t *meter =
        meters_find (self->meters, (uint32_t) wire_find_int (body, "number", 0), (uint16_t) mp);
    error = meter ? s_accept (self, meter, point, who, &accepted, &readings) : FEP_NOT_FOUND;
    validator_flush (self);
    //  Part of it may be done; what is left is asked for again.
    if (error != FEP_OK) {
        return s_error (self, client, token, error == FEP_FULL ? FEP_BUSY : error);
    }
    wire_put_map (&out, 3);
    wire_pair_int (&out, "token", token);
    wire_pair_uint (&out, "accepted", accepted);
    wire_pair_uint (&out, "readings", readings);
    return s_answer (self, client, WORD_ACCEPT, &out);
}
