//  The map, read in both directions.
#include "codecs/dlt645/item.h"
#include "fep/message.h"
#include "fep/point.h"

//  A variable part: two digits, of edition 1997 one, whose F is all.
static uint8_t s_part (const dlt_row_t *row, uint32_t di, uint8_t at)
{
    if (at == DLT_NOWHERE) {
        return 0;
    }
    uint32_t part = di >> at & (row->old ? 15 : 255);
    return part == 15 && row->old ? DLT_EACH : (uint8_t) part;
}

static bool s_take (const dlt_row_t *row, uint32_t di, dlt_item_t *item)
{
    uint8_t most = row->old ? DLT_OLD_PERIODS : DLT_PERIODS;
    uint8_t member = s_part (row, di, row->member_at);
    *item = (dlt_item_t){.row = row, .period = row->period, .nth = s_part (row, di, row->nth_at)};
    if (row->period_at != DLT_NOWHERE) {
        item->period = s_part (row, di, row->period_at);
    }
    if (item->period > most && item->period != DLT_EACH) {
        return false;
    }
    if (row->nth_at != DLT_NOWHERE && (item->nth == 0 || item->nth == DLT_EACH)) {
        return false;
    }
    if (row->repeat == DLT_LIST) {
        if (member == DLT_EACH) {
            item->member = member;
            return true;
        }
        item->member = (uint8_t) (member - row->base);
        return member >= row->base && item->member < row->count;
    }
    item->tariff = row->repeat == DLT_EVERY ? DLT_EACH : member;
    return (member <= DLT_TARIFFS || member == DLT_EACH) &&
           !(item->tariff == DLT_EACH && item->period == DLT_EACH);
}

bool dlt_item (bool old, uint32_t di, dlt_item_t *item)
{
    for (size_t i = 0; i < dlt_row_count; i++) {
        const dlt_row_t *row = &dlt_rows[i];
        if (row->old == old && (di & row->mask) == row->di) {
            return s_take (row, di, item);
        }
    }
    return false;
}

static uint32_t s_put (const dlt_row_t *row, uint8_t at, uint8_t part)
{
    uint32_t wide = row->old ? 15 : 255;
    return at == DLT_NOWHERE ? 0 : (part & wide) << at;
}

uint32_t dlt_item_di (const dlt_item_t *item)
{
    const dlt_row_t *row = item->row;
    uint8_t member = item->tariff;
    if (row->repeat == DLT_LIST) {
        member = item->member == DLT_EACH ? DLT_EACH : (uint8_t) (item->member + row->base);
    }
    return row->di | s_put (row, row->member_at, member) |
           s_put (row, row->period_at, item->period) | s_put (row, row->nth_at, item->nth);
}

bool dlt_item_part (const dlt_item_t *item, size_t at, dlt_part_t *part)
{
    const dlt_row_t *row = item->row;
    size_t field = at % row->count, round = at / row->count;
    size_t rounds = item->tariff == DLT_EACH   ? DLT_TARIFFS + 1
                    : item->period == DLT_EACH ? DLT_PERIODS + 1
                                               : 1;
    uint8_t tariff = item->tariff == DLT_EACH ? (uint8_t) round : item->tariff;
    if (row->repeat == DLT_LIST && item->member != DLT_EACH) {
        field = item->member;
        round = at;
    }
    if (round >= rounds) {
        return false;
    }
    part->field = &dlt_fields[row->first + field];
    part->point = part->field->point ? part->field->point + tariff : 0;
    part->period = item->period == DLT_EACH ? (uint8_t) round : item->period;
    part->ends = row->repeat == DLT_LIST || field + 1 == row->count;
    return true;
}

static const struct {
    uint8_t now, last;  //  Group D
} s_billing[] = {{8, 136}, {6, 137}, {134, 138}};

static uint32_t s_other (uint32_t point, bool last)
{
    uint8_t kind = point >> 8 & 0xFF;
    for (size_t i = 0; i < sizeof s_billing / sizeof *s_billing; i++) {
        if (kind == (last ? s_billing[i].now : s_billing[i].last)) {
            uint32_t other = last ? s_billing[i].last : s_billing[i].now;
            point = (point & 0xFFFF00FFu) | other << 8;
            return point_find (point) ? point : 0;
        }
    }
    return 0;
}

uint32_t dlt_last_billing (uint32_t point)
{
    return s_other (point, true);
}

uint32_t dlt_billing_base (uint32_t point)
{
    return s_other (point, false);
}

bool dlt_row_brings (const dlt_row_t *row, uint32_t point, uint8_t *member)
{
    bool tariffs = row->repeat == DLT_TARIFF || row->repeat == DLT_EVERY;
    for (uint8_t i = 0; i < row->count; i++) {
        uint32_t own = dlt_fields[row->first + i].point;
        uint32_t tariff = point - own;
        if (own && (tariffs ? point >= own && tariff <= DLT_TARIFFS : point == own)) {
            *member = tariffs ? (uint8_t) tariff : i;
            return true;
        }
    }
    return false;
}
