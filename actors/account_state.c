//  Points that are not in service: what the archive says of them, in slots that are open. They are not asked and are
//  counted apart; who comes back into service while the slot is open is asked then.
#include "actors/account.h"

//  Who is not connected may do so, or not.
static void s_offline (slot_point_t *point, const roster_terminal_t *terminal)
{
    if (point->reason == GAP_terminal_offline && terminal->sleeps) {
        point->reason = GAP_sleeping;
    } else if (point->reason == GAP_sleeping && !terminal->sleeps) {
        point->reason = GAP_terminal_offline;
    }
}

bool account_apart (account_t *self, slot_block_t *block, const roster_terminal_t *terminal)
{
    bool back = false;
    for (size_t i = 0; i < block->count; i++) {
        slot_point_t *point = &block->points[i];
        gap_t apart = roster_apart (terminal, point->mp);
        uint8_t before = point->reason;
        if (apart) {
            slots_reason (block, point, apart);
        } else if (gap_apart (point->reason)) {
            point->reason = GAP_not_asked;
            back = true;
        } else {
            s_offline (point, terminal);
        }
        if (point->reason != before) {
            slots_touch (self->slots, block);
        }
    }
    return back;
}

void account_restate (account_t *self)
{
    size_t place = 0;
    slot_block_t *block;
    if (!roster_restated (self->roster)) {
        return;
    }
    while ((block = slots_next (self->slots, &place))) {
        const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
        if (!terminal || !terminal->restated || !block->due || block->closed) {
            continue;
        }
        bool back = account_apart (self, block, terminal);
        bool idle = block->queued && !block->under_way && slots_idle (block);
        if (idle) {
            account_unready (self, block);
        }
        if (back || idle) {
            account_ready (self, block);
        }
    }
    roster_settled (self->roster);
}
