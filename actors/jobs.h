//  Batches of on-demand reads (批量召测): what is to be asked of which measuring points, how far it is, and what came of
//  each point. Pure; time is an argument. Belongs to one thread.
//
//  JOBS_MAX are kept: a new one takes the place of the oldest that is over. A point takes 6 bytes, a terminal 40. Of a
//  terminal one point of a job is under way at a time; jobs take turns.
#ifndef ACTORS_JOBS_H
#define ACTORS_JOBS_H

#include "actors/numbers.h"
#include "codecs/codec.h"

#define JOBS_MAX 16
#define JOB_WHO_MAX 63

typedef enum { POINT_WAITS, POINT_ASKED, POINT_DONE, POINT_CANCELLED, POINT_STATES } job_state_t;

const char *job_state_name (uint8_t state);  //  "waiting", "asked", "done", "cancelled"

typedef struct {
    uint16_t mp;    //  Measuring point
    uint8_t state;  //  job_state_t
    uint8_t error;  //  fep_err_t, of DONE
    uint8_t code;   //  The device's, of REFUSED
} job_point_t;

//  What is asked.
typedef struct {
    uint8_t kind;            //  request_kind_t
    uint8_t freeze;          //  freeze_t
    bool through;            //  Of the meters themselves, not of what their terminals keep
    int64_t from_ms, to_ms;  //  Of frozen values
    uint8_t count;           //  Of points
    uint32_t points[REQUEST_POINTS_MAX];  //  Items
} job_what_t;

typedef struct {
    uint32_t number;                //  Archive number
    uint32_t first;                 //  Of its points
    uint16_t count;                 //  Of them
    uint16_t next;                  //  Not asked yet
    char address[ADDRESS_MAX + 1];  //  As messages name it
} job_terminal_t;

typedef struct {
    uint32_t number;                 //  From 1; 0: none
    char who[JOB_WHO_MAX + 1];       //  Started it
    int64_t since_ms;                //  Wall clock
    int64_t ended_ms;                //  0: it goes on
    bool cancelled;                  //  By somebody
    job_what_t what;                 //  See above
    job_point_t *points;             //  By terminal
    uint32_t count;                  //  Of them
    job_terminal_t *terminals;       //  Runs of points
    uint32_t terminal_count;         //  Of them
    numbers_t ready;                 //  Terminals that may be asked
    numbers_t resting;               //  Had no room
    uint32_t states[POINT_STATES];   //  Points by state
    uint32_t errors[FEP_ERR_COUNT];  //  Points done, by error
} job_t;

typedef struct {
    job_t jobs[JOBS_MAX];  //  Any order
    uint32_t last;         //  Number given last
    unsigned turn;         //  Whose it is
} jobs_t;

//  All zero is an empty one.
void jobs_fini (jobs_t *self);

//  One terminal of a batch: appended to *whom for jobs_start.
void jobs_put_whom (writer_t *whom, uint32_t number, const char *address, const uint16_t mps[],
                    uint16_t count);
#define JOBS_WHOM_SIZE(points) (4 + ADDRESS_MAX + 1 + 2 + 2 * (size_t) (points))

//  whom: of jobs_put_whom. NULL: as many run as may, or there is no point, or whom cannot be read.
job_t *jobs_start (jobs_t *self, const job_what_t *what, const char *who, bytes_t whom,
                   int64_t now_ms);
//  NULL: not, or no longer, known.
job_t *jobs_find (jobs_t *self, uint32_t number);

//  The next point to be asked, which is ASKED then: its job and place. False: there is none now.
bool jobs_next (jobs_t *self, job_t **job, uint32_t *place);
//  The terminal a point is of.
const job_terminal_t *job_terminal (const job_t *self, uint32_t place);
//  What came of a point that was asked.
void job_done (job_t *self, uint32_t place, fep_err_t error, uint8_t code, int64_t now_ms);
//  It could not be asked for now.
void job_later (job_t *self, uint32_t place, int64_t now_ms);
//  Terminals that had no room are asked again. True if there were any.
bool jobs_wake (jobs_t *self);
//  What is not asked yet is not asked any more. Nothing changes if it is over.
void job_cancel (job_t *self, int64_t now_ms);

#endif
