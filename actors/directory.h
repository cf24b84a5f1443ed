//  Who is connected where: one entry for each terminal that ever came, with what its sessions left behind.
//  Belongs to control.
#ifndef ACTORS_DIRECTORY_H
#define ACTORS_DIRECTORY_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"

#define DIRECTORY_PEER_MAX 63
#define DIRECTORY_NAME_MAX 31

typedef struct {
    int64_t session;                         //  Id within its connector; -1 = offline
    char connector[DIRECTORY_NAME_MAX + 1];  //  Actor's name
    char peer[DIRECTORY_PEER_MAX + 1];       //  Of this or the last session
    char reason[DIRECTORY_NAME_MAX + 1];     //  Why the last session ended; "" if none did
    int64_t since_ms;                        //  Wall clock of the last change
    int64_t closed_ms;                       //  Wall clock of the last end; 0 = none
    uint64_t sessions;                       //  Admitted so far
    uint64_t replaced;                       //  Of which closed because it came again
    uint64_t frames;                         //  Good, of ended sessions
    uint64_t rx_bytes;                       //  Of ended sessions
    uint64_t refused[FEP_ERR_COUNT];         //  By reason, of ended sessions
    int64_t trace_until_ms;                  //  Wall clock
    bool planned;                            //  Schedule polls points of it
} presence_t;

typedef struct directory directory_t;

directory_t *directory_new (void);
void directory_destroy (directory_t **self_p);

//  The entry of an archive number; made if missing. Valid until directory_destroy.
presence_t *directory_use (directory_t *self, uint32_t number);
//  NULL if it never came.
presence_t *directory_find (const directory_t *self, uint32_t number);
size_t directory_online (const directory_t *self);

void directory_up (directory_t *self, presence_t *presence, const char *connector, int64_t session,
                   const char *peer, int64_t wall_ms);
//  True if that session was the one it was online with.
bool directory_down (directory_t *self, presence_t *presence, const char *connector,
                     int64_t session, const char *reason, int64_t wall_ms);

#endif
