//  Door: HELD, ACCEPT: what the validator holds back, and a person's word on it.
#include "actors/control.h"
#include "fep/log.h"

fep_err_t door_HELD (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    reader_t said;
    if (!terminal && wire_find (ask->body, "terminal", &said)) {
        return FEP_NOT_FOUND;
    }
    return door_forward (self, ask, NAME_VALIDATOR, WORD_HELD, terminal ? terminal->number : 0);
}

fep_err_t door_ACCEPT (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    return terminal ? door_forward (self, ask, NAME_VALIDATOR, WORD_ACCEPT, terminal->number)
                    : FEP_NOT_FOUND;
}
