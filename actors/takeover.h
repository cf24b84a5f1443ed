//  The archive at start: loaded from the store, then the files the options name are taken over, profiles before
//  terminals, then tasks. A file counts only if it differs from what was taken over at an earlier start, so that
//  changes made while the daemon ran survive a restart.
#ifndef ACTORS_TAKEOVER_H
#define ACTORS_TAKEOVER_H

#include "fep/config.h"
#include "store/archive.h"

//  Gives the archive. Every error has its log line; then the archive may be there all the same.
FEP_MUST_CHECK
fep_err_t takeover (const config_t *config, store_t *store, archive_t **archive_p);

//  What may stand in the archive: names of meter protocols, patterns of heartbeats. Static.
const archive_checks_t *takeover_checks (void);

#endif
