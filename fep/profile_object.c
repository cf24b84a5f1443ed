//  Object lines of profiles: information objects of IEC 60870-5-104, and how they are found.
#include "fep/profile_parse.h"
#include <stdlib.h>

enum {
    IOA_MAX = 0xFFFFFF,
    CA_MAX = 65534,
    MP_MAX = 65535,
    GROUP_MAX = 16,
    COUNTER_MAX = 5,
    QU_MAX = 31,
    QL_MAX = 127
};

typedef struct {
    profile_object_t object;
    unsigned seen;  //  Bit per row of s_keys that came
} object_line_t;

typedef enum {
    KEY_COMMAND,
    KEY_CA,
    KEY_MP,
    KEY_SCALE,
    KEY_GROUP,
    KEY_COUNTER,
    KEY_SELECT,
    KEY_TIME,
    KEY_QUALIFIER,
    KEY_TOTAL
} object_key_t;

static fep_err_t s_within (parse_t *self, const char *key, const char *text, int64_t high,
                           int64_t *number)
{
    if (parse_number (text, 0, high, number)) {
        return FEP_OK;
    }
    return parse_fault (self, FEP_RANGE, "%s '%s'; allowed are 0..%d", key, text, (int) high);
}

static fep_err_t s_command (parse_t *self, const char *text, profile_object_t *object)
{
    static const char *const names[COMMAND_COUNT] = {"",           "single", "double", "step",
                                                     "normalized", "scaled", "float",  "bits"};
    for (uint8_t i = COMMAND_SINGLE; i < COMMAND_COUNT; i++) {
        if (strcmp (text, names[i]) == 0) {
            object->command = i;
            return FEP_OK;
        }
    }
    return parse_fault (self, FEP_RANGE,
                        "command '%s'; allowed are single double step normalized scaled float bits",
                        text);
}

static fep_err_t s_ca (parse_t *self, const char *text, profile_object_t *object)
{
    int64_t number = 0;
    fep_err_t error = s_within (self, "ca", text, CA_MAX, &number);
    object->ca = (uint16_t) number;
    return error;
}

static fep_err_t s_mp (parse_t *self, const char *text, profile_object_t *object)
{
    int64_t number = 0;
    fep_err_t error = s_within (self, "mp", text, MP_MAX, &number);
    object->mp = (uint16_t) number;
    return error;
}

static fep_err_t s_scale (parse_t *self, const char *text, profile_object_t *object)
{
    return parse_scale (text, &object->multiplier, &object->exponent)
               ? FEP_OK
               : parse_fault (self, FEP_RANGE,
                              "scale '%s'; allowed is a decimal above 0 of at most %d digits, such "
                              "as 0.01",
                              text, PLACES_MAX);
}

static fep_err_t s_group (parse_t *self, const char *text, profile_object_t *object)
{
    int64_t number = 0;
    fep_err_t error = s_within (self, "group", text, GROUP_MAX, &number);
    object->group = (uint8_t) number;
    return error;
}

static fep_err_t s_counter (parse_t *self, const char *text, profile_object_t *object)
{
    int64_t number = 0;
    fep_err_t error = s_within (self, "counter", text, COUNTER_MAX, &number);
    object->counter = (uint8_t) number;
    return error;
}

static fep_err_t s_select (parse_t *self, const char *text, profile_object_t *object)
{
    int64_t number = 0;
    fep_err_t error = s_within (self, "select", text, 1, &number);
    object->select = number == 1;
    return error;
}

static fep_err_t s_time (parse_t *self, const char *text, profile_object_t *object)
{
    int64_t number = 0;
    fep_err_t error = s_within (self, "time", text, 1, &number);
    object->timed = number == 1;
    return error;
}

static fep_err_t s_qualifier (parse_t *self, const char *text, profile_object_t *object)
{
    int64_t number = 0;
    fep_err_t error = s_within (self, "qualifier", text, QL_MAX, &number);
    object->qualifier = (uint8_t) number;
    return error;
}

static const struct {
    const char *key;  //  With its '='
    fep_err_t (*read) (parse_t *self, const char *text, profile_object_t *object);
} s_keys[KEY_TOTAL] = {[KEY_COMMAND] = {"command=", s_command},
                       [KEY_CA] = {"ca=", s_ca},
                       [KEY_MP] = {"mp=", s_mp},
                       [KEY_SCALE] = {"scale=", s_scale},
                       [KEY_GROUP] = {"group=", s_group},
                       [KEY_COUNTER] = {"counter=", s_counter},
                       [KEY_SELECT] = {"select=", s_select},
                       [KEY_TIME] = {"time=", s_time},
                       [KEY_QUALIFIER] = {"qualifier=", s_qualifier}};

//  One word behind the address.
static fep_err_t s_key (parse_t *self, const char *word, object_line_t *line)
{
    size_t k = 0;
    while (k < KEY_TOTAL && strncmp (word, s_keys[k].key, strlen (s_keys[k].key)) != 0) {
        k++;
    }
    if (k == KEY_TOTAL || line->seen & 1u << k) {
        return parse_fault (self, FEP_SYNTAX,
                            "'%s'; allowed are command= ca= mp= scale= group= counter= select= "
                            "time= qualifier=, once each",
                            word);
    }
    line->seen |= 1u << k;
    return s_keys[k].read (self, word + strlen (s_keys[k].key), &line->object);
}

//  What words may not stand together.
static fep_err_t s_fit (parse_t *self, const object_line_t *line)
{
    const profile_object_t *object = &line->object;
    const unsigned commanding = 1u << KEY_SELECT | 1u << KEY_TIME | 1u << KEY_QUALIFIER;
    const unsigned showing = 1u << KEY_GROUP | 1u << KEY_COUNTER;
    bool states = object->command >= COMMAND_SINGLE && object->command <= COMMAND_STEP;
    bool bits = object->command == COMMAND_BITS;
    if (!object->command && line->seen & commanding) {
        return parse_fault (self, FEP_SYNTAX,
                            "select, time or qualifier without command; allowed is: command=TYPE "
                            "with them");
    }
    if (object->command && line->seen & showing) {
        return parse_fault (self, FEP_SYNTAX,
                            "group or counter with command; allowed are they without it");
    }
    if (object->group && object->counter) {
        return parse_fault (self, FEP_SYNTAX, "group and counter; allowed is one of them");
    }
    if ((states || bits) && line->seen & 1u << KEY_SCALE) {
        return parse_fault (self, FEP_RANGE,
                            "scale with command=%s; allowed is it with normalized, scaled, float",
                            states ? "single, double or step" : "bits");
    }
    if ((states && object->qualifier > QU_MAX) || (bits && object->qualifier)) {
        return parse_fault (self, FEP_RANGE, "qualifier '%u'; allowed are 0..%d", object->qualifier,
                            bits ? 0 : QU_MAX);
    }
    if (bits && object->select) {
        return parse_fault (self, FEP_RANGE, "select with command=bits; allowed is select=0");
    }
    return FEP_OK;
}

static fep_err_t s_once (parse_t *self, const profile_object_t *object)
{
    const profile_t *profile = self->profile;
    for (size_t i = 0; i < profile->object_count; i++) {
        const profile_object_t *other = &profile->objects[i];
        if (!other->command != !object->command) {
            continue;
        }
        if (other->mp == object->mp && other->point == object->point) {
            return parse_fault (self, FEP_EXISTS, "point '%s' again; a measuring point has it once",
                                self->words[1]);
        }
        if (other->ca == object->ca && other->ioa == object->ioa) {
            return parse_fault (self, FEP_EXISTS,
                                "address '%s' again; allowed is one object of a common address",
                                self->words[2]);
        }
    }
    return FEP_OK;
}

static fep_err_t s_room (parse_t *self)
{
    profile_t *profile = self->profile;
    if (profile->object_count == PROFILE_OBJECTS_MAX) {
        return parse_fault (self, FEP_LIMIT, "too many objects; allowed are %d",
                            PROFILE_OBJECTS_MAX);
    }
    if (!profile->objects) {
        profile->objects = calloc (PROFILE_OBJECTS_MAX, sizeof *profile->objects);
    }
    return profile->objects ? FEP_OK
                            : parse_fault (self, FEP_FULL, "no memory for a profile's objects");
}

fep_err_t parse_object (parse_t *self)
{
    object_line_t line = {.object = {.multiplier = 1}};
    int64_t ioa = 0;
    fep_err_t error = parse_point (self, &line.object.point);
    if (!error && !parse_number (self->words[2], 0, IOA_MAX, &ioa)) {
        error = parse_fault (self, FEP_RANGE, "address '%s'; allowed are 0..%d", self->words[2],
                             IOA_MAX);
    }
    line.object.ioa = (uint32_t) ioa;
    for (size_t i = OBJECT_WORDS_MIN; !error && i < self->count; i++) {
        error = s_key (self, self->words[i], &line);
    }
    if (!error) {
        error = s_fit (self, &line);
    }
    if (!error) {
        error = s_once (self, &line.object);
    }
    if (!error) {
        error = s_room (self);
    }
    if (!error) {
        self->profile->objects[self->profile->object_count++] = line.object;
    }
    return error;
}

static int s_compare (const void *one, const void *other)
{
    const profile_object_t *a = one, *b = other;
    if (!a->command != !b->command) {
        return a->command ? 1 : -1;
    }
    if (a->ca != b->ca) {
        return a->ca < b->ca ? -1 : 1;
    }
    return a->ioa < b->ioa ? -1 : a->ioa > b->ioa;
}

void parse_objects_end (parse_t *self)
{
    profile_t *profile = self->profile;
    size_t count = profile->object_count;
    if (count) {
        qsort (profile->objects, count, sizeof *profile->objects, s_compare);
        profile_object_t *small = realloc (profile->objects, count * sizeof *small);
        profile->objects = small ? small : profile->objects;
    }
}

const profile_object_t *profile_object_at (const profile_t *self, uint16_t ca, uint32_t ioa)
{
    const profile_object_t key = {.ca = ca, .ioa = ioa};
    return self && self->object_count
               ? bsearch (&key, self->objects, self->object_count, sizeof *self->objects, s_compare)
               : NULL;
}

const profile_object_t *profile_object_of (const profile_t *self, bool command, uint16_t mp,
                                           uint32_t point)
{
    for (size_t i = 0; self && i < self->object_count; i++) {
        const profile_object_t *object = &self->objects[i];
        if (object->mp == mp && object->point == point && !object->command == !command) {
            return object;
        }
    }
    return NULL;
}
