//  The texts of RocksDB and their meanings.
#include "store/fault.h"
#include "fep/log.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *words;  //  Contained in the text
    fep_err_t error;    //  Then it is this
} s_meanings[] = {
    {"No space left", FEP_NO_SPACE},
    {"/LOCK:", FEP_BUSY},
    {"Column families not opened", FEP_VERSION},
    {"Corruption", FEP_CORRUPT},
};

fep_err_t fault_meaning (const char *text)
{
    for (size_t i = 0; i < sizeof s_meanings / sizeof s_meanings[0]; i++) {
        if (strstr (text, s_meanings[i].words)) {
            return s_meanings[i].error;
        }
    }
    return FEP_IO;
}

fep_err_t fault_log (fep_err_t error, const char *step, const char *text)
{
    char clean[240];
    snprintf (clean, sizeof clean, "%s", text);
    for (char *c = clean; *c; c++) {
        if (*c == '"' || (unsigned char) *c < ' ') {
            *c = '\'';
        }
    }
    log_line (LEVEL_ERROR, "STORE-ERROR", "step=%s error=%s text=\"%s\"", step,
              fep_err_name (error), clean);
    return error;
}
