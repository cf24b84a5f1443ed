//  Inside of control, shared by its two files: control.c (admission, directory, mail) and control_door.c (the
//  verbs of the door). Nobody else includes this.
#ifndef ACTORS_CONTROL_H
#define ACTORS_CONTROL_H

#include "actors/actor.h"
#include "actors/directory.h"
#include "actors/mailq.h"

typedef struct {
    actor_t *actor;          //  Frame
    int inside;              //  ROUTER of the other actors
    int door;                //  ROUTER of the clients
    zsock_t *door_socket;    //  Its socket
    directory_t *directory;  //  Who is connected
    mailq_t mail;            //  To connectors, waits for room
    uint8_t *page;           //  Answers are built here
    size_t page_size;        //  Of it
} control_t;

//  control_door.c
fep_err_t control_door_start (control_t *self);
void control_door_stop (control_t *self);
void control_door_take (control_t *self, void *socket);
void control_door_send (control_t *self, bytes_t client, const char *word, bytes_t body);

#endif
