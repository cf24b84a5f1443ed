//  Door: ALARMS and ACK. The alarm actor answers; the terminal's number is looked up here.
#include "actors/control.h"

fep_err_t door_ALARMS (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    reader_t said;
    if (!terminal && wire_find (ask->body, "terminal", &said)) {
        return FEP_NOT_FOUND;
    }
    return door_forward (self, ask, NAME_ALARM, WORD_ALARMS, terminal ? terminal->number : 0);
}

fep_err_t door_ACK (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    return terminal ? door_forward (self, ask, NAME_ALARM, WORD_ACK, terminal->number)
                    : FEP_NOT_FOUND;
}
