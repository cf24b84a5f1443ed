//  Any bytes as a profile: a fault with its line, or rows in order that keep what the header says.
#include "fep/profile.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void s_check_row (const profile_t *profile, const profile_row_t *row)
{
    bool bits = row->type == REGISTER_BIT || row->type == REGISTER_BITS;
    FEP_ASSERT (row->point && row->function >= 1 && row->function <= 4);
    FEP_ASSERT (row->type < REGISTER_TYPE_COUNT && row->order < ORDER_COUNT);
    FEP_ASSERT ((row->function <= 2) == (row->type == REGISTER_BIT));
    FEP_ASSERT (row->registers >= 1 &&
                profile_row_end (row) - profile_row_from (row) <= profile->most);
    FEP_ASSERT (!row->has_sf || row->type <= REGISTER_I64);
    FEP_ASSERT (!row->write || row->function == 1 || row->function == 3);
    FEP_ASSERT ((uint32_t) row->address + row->registers <= 65536);
    FEP_ASSERT (row->multiplier >= 1 && row->exponent <= 0 && row->exponent >= -18);
    FEP_ASSERT (!bits || (row->multiplier == 1 && row->exponent == 0));
    FEP_ASSERT (row->type != REGISTER_BITS || (row->bits >= 1 && row->bit + row->bits <= 16));
    FEP_ASSERT (row->has_none || row->none == 0);
}

//  Shown ones before commands, addresses in order and each found again.
static void s_check_object (const profile_t *profile, size_t i)
{
    const profile_object_t *object = &profile->objects[i], *next = object + 1;
    FEP_ASSERT (object->point && object->ioa <= 0xFFFFFF && object->command < COMMAND_COUNT);
    FEP_ASSERT (object->multiplier >= 1 && object->exponent <= 0 && object->exponent >= -18);
    FEP_ASSERT (object->command || !(object->select || object->timed || object->qualifier));
    FEP_ASSERT (i + 1 == profile->object_count || !object->command >= !next->command);
    FEP_ASSERT (object->command || profile_object_at (profile, object->ca, object->ioa) == object);
    FEP_ASSERT (profile_object_of (profile, object->command, object->mp, object->point) == object);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    profile_t *profile = NULL;
    profile_fault_t fault;
    fep_err_t error = profile_parse (bytes_of (data, size), &profile, &fault);
    if (error) {
        FEP_ASSERT (!profile && fault.line >= 1 && strlen (fault.text) > 8);
        return 0;
    }
    FEP_ASSERT (profile->count <= PROFILE_ROWS_MAX && fault.line == 0);
    FEP_ASSERT (profile->object_count <= PROFILE_OBJECTS_MAX);
    for (size_t i = 0; i < profile->object_count; i++) {
        s_check_object (profile, i);
    }
    FEP_ASSERT (profile->gap <= 124 && profile->most >= 1 && profile->most <= 125);
    FEP_ASSERT (profile->name[0] && profile->codec[0] && profile->period_ms <= 2678400000u);
    for (size_t i = 0; i < profile->count; i++) {
        const profile_row_t *row = &profile->rows[i], *next = row + 1;
        s_check_row (profile, row);
        FEP_ASSERT (i + 1 == profile->count || row->function < next->function ||
                    (row->function == next->function && row->address <= next->address));
    }
    profile_destroy (&profile);
    return 0;
}
