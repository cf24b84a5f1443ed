//  The diagram as code: endpoints, marks, command words, and what every actor is given at start.
//    connector.N --BATCH--> validator --BATCH--> alarm --BATCH--> storage  (PUSH/PULL, bounded)
//    storage --COMMITTED--> publisher, history, account                    (PUSH/PULL, lossy hints)
//    storage --DURABLE--> connector.N, alarm                               (PUSH/PULL, highest only)
//    any --NOTE--> publisher                                               (PUSH/PULL, lossy)
//    connector.N, validator, alarm, query, history --DEALER-- control (ROUTER)   (LINK, ADMIT, REQUEST, ANSWER ...)
//    schedule, account, demand --DEALER-- control                          (PLAN, POLL, RESULT, RATE ...)
//    seal --DEALER-- control --connector.N                                 (SEAL, SEALED)
//    supervisor --PAIR pipe-- every host thread                            (STATUS, SET, STOP)
//  A message is two frames: a word in capitals, and a body. Only bytes cross between threads.
#ifndef ACTORS_WIRING_H
#define ACTORS_WIRING_H

#include "fep/config.h"
#include "store/archive.h"
#include "store/store.h"

#define MARK_CHAIN 32    //  Messages on each side of a hop of the chain
#define MARK_HINT 8      //  COMMITTED and NOTE, lossy
#define MARK_MAIL 20000  //  LINK and ADMIT: a storm of logins must fit
#define MARK_DOOR 1000   //  Answers waiting for one client

#define AT_VALIDATOR "inproc://validator"
#define AT_ALARM "inproc://alarm"
#define AT_ALARM_MAIL "inproc://alarm.mail"  //  DURABLE
#define AT_STORAGE "inproc://storage"
#define AT_PUBLISHER "inproc://publisher"
#define AT_PUBLISHER_NOTES "inproc://publisher.notes"
#define AT_HISTORY "inproc://history"
#define AT_ACCOUNT "inproc://account"
#define AT_CONTROL "inproc://control"
#define AT_CONNECTOR "inproc://connector.%u"  //  Number from 0

//  Names of actors; they are also the identities of their DEALERs.
#define NAME_CONNECTOR "connector.%u"
#define NAME_VALIDATOR "validator"
#define NAME_STORAGE "storage"
#define NAME_PUBLISHER "publisher"
#define NAME_HISTORY "history"
#define NAME_ACCOUNT "account"
#define NAME_QUERY "query"
#define NAME_CONTROL "control"
#define NAME_SCHEDULE "schedule"
#define NAME_DEMAND "demand"
#define NAME_ALARM "alarm"
#define NAME_SEAL "seal"

//  Origins of batches: control 0, connectors from 1, and those of our own stages.
#define ORIGIN_ALARM 30
#define ORIGIN_VALIDATOR 31

//  Tokens of a POLL with one of these bits are account's and demand's, others schedule's.
#define TOKEN_ACCOUNT (1ull << 62)
#define TOKEN_DEMAND (1ull << 61)

//  Words of the mailbox.
#define WORD_BATCH "BATCH"  //  down the chain: one packed batch
#define WORD_DURABLE                                                                               \
    "DURABLE"  //  storage -> connector: u64 big-endian, highest batch number on disk
#define WORD_COMMITTED                                                                             \
    "COMMITTED"             //  storage -> followers: committed_t header, then the record's batches
#define WORD_NOTE "NOTE"    //  any -> publisher: array [topic, map]
#define WORD_LINK "LINK"    //  connector -> control: map, a terminal came or went
#define WORD_ADMIT "ADMIT"  //  control -> connector: map
#define WORD_HOLD "HOLD"    //  control -> connector: map; unknown terminal, close it after a while
#define WORD_CLOSE "CLOSE"  //  control -> connector: map {session, reason}
#define WORD_UPDATE "UPDATE"    //  control -> connector: map as ADMIT; what changed in the archive
#define WORD_SHOW "SHOW"        //  control -> connector: append a session's facts to an answer
#define WORD_PROBE "PROBE"      //  control -> connector: map {session, number}; is it silent?
#define WORD_PROBED "PROBED"    //  connector -> control: map {session, number, silent}
#define WORD_TRACE "TRACE"      //  control -> connector: map {address, until_ms}
#define WORD_FETCH "FETCH"      //  control -> query: map with client
#define WORD_LATEST "LATEST"    //  control -> history: map with client
#define WORD_ACK "ACK"          //  control -> alarm: map with client, number of the terminal
#define WORD_ALARMS "ALARMS"    //  control -> alarm: map with client, number of the terminal or 0
#define WORD_REQUEST "REQUEST"  //  control -> connector: map {session, client, token, kind, ...}
#define WORD_DIAL "DIAL"  //  control -> connector: map {number, address, dial}; dial empty: no more
#define WORD_PROFILE "PROFILE"  //  control -> connector: map {number, text}; text empty: gone
#define WORD_PLAN                                                                                  \
    "PLAN"  //  control -> schedule: map; what of a terminal is to be polled from now on
#define WORD_POLL                                                                                  \
    "POLL"  //  schedule, account -> control: map {terminal, mp, token, tries, ...}; see control_poll.c
#define WORD_SEAL                                                                                  \
    "SEAL"  //  connector -> control -> seal: map {connector, session, token, bytes, ...}
#define WORD_SEALED                                                                                \
    "SEALED"  //  seal -> control -> connector: map {connector, session, token, error, bytes}
#define WORD_RESULT                                                                                \
    "RESULT"  //  control -> schedule, account: map {token, error, code, journalled: bits, values}
#define WORD_READ_START                                                                            \
    "READ_START"  //  control -> demand: map with client; a batch of reads, its points listed
#define WORD_READ_JOBS "READ_JOBS"      //  control -> demand: map with client; all batches
#define WORD_READ_RESULT "READ_RESULT"  //  control -> demand: map with client; one of them
#define WORD_READ_CANCEL "READ_CANCEL"  //  control -> demand: map with client
#define WORD_RATE "RATE"  //  control -> account: map with client; how good acquisition is
#define WORD_GAPS "GAPS"  //  control -> account: map with client; what is missing
#define WORD_REREAD                                                                                \
    "REREAD"  //  control -> account: map with client; what is missing is asked again
#define WORD_FAILURES                                                                              \
    "FAILURES"                //  control -> account: map with client; who failed again and again
#define WORD_ANSWER "ANSWER"  //  query, history, connector -> control: map {client, word, body}
#define WORD_HELD "HELD"      //  control -> validator: map with client; what is held
#define WORD_ACCEPT "ACCEPT"  //  control -> validator: map with client; a new base
#define WORD_ARCHIVE                                                                               \
    "ARCHIVE"  //  control -> validator, alarm, account: map {numbers: [...]} or {all: true}; account also {tasks: true}
#define WORD_HELLO "HELLO"  //  DEALER -> control: makes its identity known

//  Fixed head of a COMMITTED body, in the machine's own byte order; it never leaves the process.
typedef struct {
    uint64_t sequence;
    int64_t wall_ms;
} committed_t;

//  Given to every actor. Borrowed for the daemon's life.
typedef struct {
    const config_t *config;  //  As at start; an actor's own copy follows reloads
    store_t *store;
    archive_t *archive;  //  Control's alone once the actors run
    uint64_t boot;       //  Drawn at start
    uint64_t epoch;      //  Of the feed
    int64_t started_ms;  //  Wall clock at start
} context_t;

#endif
