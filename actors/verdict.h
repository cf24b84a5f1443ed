//  Why is a terminal silent: the answer in one sentence, from what is known of it. Pure; time is an argument.
#ifndef ACTORS_VERDICT_H
#define ACTORS_VERDICT_H

#include "fep/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERDICT_MAX 255    //  Characters
#define VERDICT_BAD_ROW 3  //  So many refusals without a good frame between them are a fault

//  Of a session that is admitted.
typedef struct {
    int64_t now_ms;           //  Wall clock
    int64_t opened_ms;        //  Wall clock
    int64_t last_rx_ms;       //  Wall clock
    int64_t period_ms;        //  It should be heard of so often; 0 = not known
    uint64_t bad_in_row;      //  Refusals since the last good frame
    const uint64_t *refused;  //  By reason, FEP_ERR_COUNT of them
} verdict_session_t;

void verdict_online (const verdict_session_t *session, char *text, size_t size);
//  reason and meaning: of the last close.
void verdict_offline (int64_t since_ms, const char *reason, const char *meaning, char *text,
                      size_t size);
//  seen_ms: it was online then, before the daemon started; 0 = not today.
void verdict_never (int64_t started_ms, int64_t seen_ms, char *text, size_t size);
//  It is not in the archive.
void verdict_unknown (bool held, int64_t last_ms, const char *peer, char *text, size_t size);

#endif
