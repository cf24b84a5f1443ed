//  A MESSAGE_ALARM, written and read; it is also the row of an alarm that is raised. For alarms.c only.
#ifndef ACTORS_ALARM_ROW_H
#define ACTORS_ALARM_ROW_H

#include "actors/alarms.h"

enum { ALARM_STATE_CLEARED = 0, ALARM_STATE_RAISED = 1, ALARM_STATE_ACKNOWLEDGED = 2 };

//  Appends the alarm's message. who, comment: in place of its acknowledgement's; NULL if none.
void alarm_say (const alarm_t *alarm, int state, const char *who, const char *comment,
                alarms_now_t now, batch_t *out);

//  What one says. Texts are borrowed from the packed bytes.
typedef struct {
    bytes_t rule, level, who, comment, point;  //  Texts; empty if not said
    int64_t state, count, since_ms;            //  Numbers; 0 if not said
    value_t value;                             //  Never a text
    bool lasts;                                //  An event that began
} alarm_told_t;

//  Reads the items the cursor stands before. CORRUPT.
FEP_MUST_CHECK
fep_err_t alarm_read (cursor_t *cursor, alarm_told_t *told);

#endif
