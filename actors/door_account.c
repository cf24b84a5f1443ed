//  Door: RATE, GAPS, REREAD and FAILURES. Account answers; the terminal's number is looked up here.
#include "actors/control.h"

static fep_err_t s_forward (control_t *self, door_ask_t *ask, const char *word)
{
    const terminal_t *terminal = door_terminal (self, ask);
    reader_t said;
    if (!terminal && wire_find (ask->body, "terminal", &said)) {
        return FEP_NOT_FOUND;
    }
    return door_forward (self, ask, NAME_ACCOUNT, word, terminal ? terminal->number : 0);
}

fep_err_t door_RATE (control_t *self, door_ask_t *ask)
{
    return s_forward (self, ask, WORD_RATE);
}

fep_err_t door_GAPS (control_t *self, door_ask_t *ask)
{
    return s_forward (self, ask, WORD_GAPS);
}

fep_err_t door_FAILURES (control_t *self, door_ask_t *ask)
{
    return s_forward (self, ask, WORD_FAILURES);
}

fep_err_t door_REREAD (control_t *self, door_ask_t *ask)
{
    char who[ARCHIVE_NAME_MAX + 1];
    fep_err_t error = door_who (ask, who);
    return error ? error : s_forward (self, ask, WORD_REREAD);
}
