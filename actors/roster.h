//  The terminals of the archive as acquisition tasks need them: area, groups, zone, measuring points, whether they are
//  connected, and which tasks concern them. Belongs to one thread. Memory: about 110 bytes a terminal and 10 a point.
#ifndef ACTORS_ROSTER_H
#define ACTORS_ROSTER_H

#include "actors/gap.h"
#include "codecs/codec.h"
#include "fep/dimension.h"
#include "fep/task.h"
#include "store/archive.h"

typedef struct {
    uint16_t mp;         //  Measuring point
    uint8_t silent;      //  Slots in a row whose first run brought nothing of the meter
    uint8_t state;       //  archive_state_t
    uint16_t protocol;   //  Word: it is read through the terminal by it; 0: by the terminal's own
    uint16_t user_type;  //  Word
} roster_point_t;

typedef struct {
    uint32_t number;                       //  Archive number
    char address[ADDRESS_MAX + 1];         //  As the codec shows it
    uint64_t groups;                       //  Bit i: group i
    uint64_t tasks[TASKS_MAX / 64];        //  Bit of task n at n - 1: it concerns the terminal
    zone_t *zone;                          //  NULL: the node's
    roster_point_t *points;                //  By mp
    uint16_t point_count;                  //  Of them
    uint16_t words[DIMENSION_WORD_COUNT];  //  Its own, by dimension; protocol: its codec
    const codec_t *speaks;                 //  It connected with last; NULL: not known
    uint8_t area;                          //  0..63
    uint8_t state;                         //  archive_state_t
    bool sleeps;                           //  It wakes by itself
    bool no_power;      //  It reported that its power failed, and is not back; the owner's
    bool restated;      //  Such a thing changed, of it or of a point; until roster_settled
    uint8_t under_way;  //  Requests of tasks
    bool online;        //  Connected, as the journal says
    bool through;       //  The owner's: a read of a meter through it is under way
    uint8_t many;       //  The owner's: does it answer requests for several points?
    bool resting;       //  It had no room for requests
    void *first;        //  The owner's list of what is to be asked
} roster_terminal_t;

typedef struct roster roster_t;

//  Reads the archive's rows. IO, CORRUPT, VERSION.
FEP_MUST_CHECK
fep_err_t roster_new (store_t *store, roster_t **self_p);
void roster_destroy (roster_t **self_p);

//  Reads one terminal again; one that left stays known. What the owner keeps there stays.
FEP_MUST_CHECK
fep_err_t roster_refresh (roster_t *self, uint32_t number);
//  The names of the groups.
FEP_MUST_CHECK
fep_err_t roster_refresh_groups (roster_t *self);
//  All of it.
FEP_MUST_CHECK
fep_err_t roster_refresh_all (roster_t *self);

//  One that left the archive and is still known; NULL if it did not.
roster_terminal_t *roster_left (const roster_t *self, uint32_t number);

//  NULL if it is not in the archive. Valid until roster_destroy.
roster_terminal_t *roster_find (const roster_t *self, uint32_t number);
//  Numbers are below this.
uint32_t roster_size (const roster_t *self);

//  Does the task concern the terminal? By group, area and address, not by `paused`.
bool roster_concerns (const roster_t *self, const task_t *task, const roster_terminal_t *terminal);

//  The bit of a group; 0: there is none of that name. And the name of a number; "" if it has none.
uint64_t roster_group (const roster_t *self, const char *name);
const char *roster_group_name (const roster_t *self, unsigned number);

//  The measuring points a task asks of it; max of them. Of task_of_terminal: 0.
size_t roster_mps (const roster_terminal_t *terminal, const task_t *task, uint16_t mps[],
                   size_t max);

//  It connected with that codec.
void roster_speaks (roster_t *self, roster_terminal_t *terminal, const codec_t *codec);

//  What a point of it is counted under, of the dimensions that are words; 0: it has none. NULL: the terminal left. And
//  the word of a number ("" of 0), and the number of a word; UINT16_MAX: nobody has it.
uint16_t roster_word (const roster_terminal_t *terminal, uint16_t mp, dimension_t dimension);
const char *roster_word_text (const roster_t *self, uint16_t word);
uint16_t roster_word_find (const roster_t *self, const char *text);

//  Why a point of it is apart: GAP_maintenance or GAP_suspended; GAP_valid: it is in service. The terminal's own state
//  goes before the point's.
gap_t roster_apart (const roster_terminal_t *terminal, uint16_t mp);
//  Was one restated since roster_settled?
bool roster_restated (const roster_t *self);
void roster_settled (roster_t *self);

//  Why it is not connected, as far as is known.
static inline gap_t roster_offline (const roster_terminal_t *self)
{
    return self->no_power ? GAP_terminal_no_power
           : self->sleeps ? GAP_sleeping
                          : GAP_terminal_offline;
}

//  NULL if it has none of that number.
roster_point_t *roster_point (const roster_terminal_t *terminal, uint16_t mp);

#endif
