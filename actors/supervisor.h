//  Starts, watches and stops the actors in order; owns signals. Returns the process' verdict.
#ifndef ACTORS_SUPERVISOR_H
#define ACTORS_SUPERVISOR_H

#include "fep/config.h"

//  Runs the daemon until SIGTERM or SIGINT; SIGHUP reads path again (a bad file changes nothing). Takes the
//  configuration. 0: ordered stop; 1: could not start, or an actor failed (the log says why).
int supervisor_run (config_t **config_p, const char *path);

#endif
