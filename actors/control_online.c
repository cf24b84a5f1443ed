//  When terminals were online: bits are set as they come, and at the beginning of each slot for all that are; then
//  what changed is saved, some rows a turn, so that nobody waits for it. A crash loses at most what was set since
//  the running slot began, which those who come again set again.
#include "actors/control.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>

#define STEP_ROWS 2000    //  Of one turn
#define STEP_US 1000      //  To the next turn of a sweep
#define LOOK_US 10000000  //  A wall clock may be set: look at it so often at least
#define ONLINE_SWEPT UINT32_MAX

static online_at_t s_now (void)
{
    return online_at (clock_wall_ms (), clock_offset_min ());
}

//  Gives up rows that cannot be saved until their day is over.
static void s_save (control_t *self, const online_row_t rows[], size_t count)
{
    row_t puts[STEP_ROWS];
    for (size_t i = 0; i < count; i++) {
        puts[i] = (row_t){FAMILY_ACCOUNT, bytes_of (rows[i].key, ONLINE_KEY_SIZE),
                          bytes_of (rows[i].bits, ONLINE_BYTES)};
    }
    fep_err_t error =
        count ? store_put_lazy (actor_context (self->actor)->store, puts, count) : FEP_OK;
    for (size_t i = 0; i < count && error != FEP_OK; i++) {
        if (!online_again (self->online, &rows[i])) {
            metric_add (METRIC_online_lost, 1);
        }
    }
    if (error == FEP_OK) {
        metric_add (METRIC_online_saved, (int64_t) count);
    }
}

//  One step of a sweep over all numbers. set: those that are online are so in the running slot.
static void s_step (control_t *self, bool set)
{
    online_row_t rows[STEP_ROWS];
    uint32_t from = self->online_next;
    for (uint32_t number = from; set && number < from + STEP_ROWS; number++) {
        if (door_online (directory_find (self->directory, number))) {
            online_set (self->online, number, self->online_at);
        }
    }
    size_t count =
        online_collect (self->online, from, STEP_ROWS, rows, STEP_ROWS, &self->online_next);
    s_save (self, rows, count);
    if (count < STEP_ROWS && self->online_next >= online_size (self->online) &&
        self->online_next >= directory_size (self->directory)) {
        self->online_next = ONLINE_SWEPT;
    }
}

static void s_drop_old (control_t *self)
{
    uint64_t days = actor_config (self->actor)->archive.online_days;
    uint8_t key[ONLINE_KEY_SIZE];
    if (self->online_at.day > days) {
        online_key ((uint16_t) (self->online_at.day - days), 0, key);
        if (store_drop (actor_context (self->actor)->store, FAMILY_ACCOUNT,
                        bytes_of (key, sizeof key)) != FEP_OK) {
            log_line (LEVEL_WARNING, "ONLINE-DROP", "days=%llu", (unsigned long long) days);
        }
    }
}

static fep_err_t s_load (void *arg, bytes_t key, bytes_t value)
{
    control_t *self = arg;
    if (key.size == ONLINE_KEY_SIZE && value.size == ONLINE_BYTES) {
        reader_t in = reader_of (bytes_of (key.data + 2, 4));
        if (reader_u32be (&in) <= ARCHIVE_NUMBERS_MAX) {
            online_load (self->online, key.data, value.data);
        }
    }
    return FEP_OK;
}

fep_err_t control_online_start (control_t *self)
{
    uint8_t key[ONLINE_KEY_SIZE];
    self->online = online_new ();
    self->online_at = s_now ();
    self->online_next = ONLINE_SWEPT;
    online_key (self->online_at.day, 0, key);
    s_drop_old (self);
    return store_each (actor_context (self->actor)->store, FAMILY_ACCOUNT, bytes_of (key, 2),
                       s_load, self);
}

void control_online_up (control_t *self, uint32_t number)
{
    online_set (self->online, number, s_now ());
}

int64_t control_online_tick (control_t *self, int64_t now_us)
{
    online_at_t now = s_now ();
    if (now.day != self->online_at.day || now.slot != self->online_at.slot) {
        bool new_day = now.day != self->online_at.day;
        self->online_at = now;
        self->online_next = 0;
        if (new_day) {
            s_drop_old (self);
        }
    }
    if (self->online_next != ONLINE_SWEPT) {
        s_step (self, true);
    }
    if (self->online_next != ONLINE_SWEPT) {
        return now_us + STEP_US;
    }
    int64_t left_us =
        (online_slot_ms (now, clock_offset_min ()) + ONLINE_SLOT_MS - clock_wall_ms ()) * 1000;
    left_us = left_us < STEP_US ? STEP_US : left_us;
    return now_us + (left_us < LOOK_US ? left_us : LOOK_US);
}

//  Also after a failed start.
void control_online_stop (control_t *self)
{
    if (self->online) {
        self->online_next = 0;
        while (self->online_next != ONLINE_SWEPT) {
            s_step (self, false);
        }
    }
    online_destroy (&self->online);
}
