//  What the commands of fepctl share. Exit codes: 0 done, 1 the door or a device answered an error,
//  2 no answer or usage.
#ifndef TOOLS_FEPCTL_H
#define TOOLS_FEPCTL_H

#include "client/client.h"
#include "client/fetch.h"
#include "fep/json.h"
#include "tools/table.h"

#define CTL_NAMES_MAX 32

typedef struct modbus_args modbus_args_t;
typedef struct archive_args archive_args_t;
typedef struct account_args account_args_t;

typedef struct {
    const char *door;                  //  Endpoint
    const char *feed;                  //  Endpoint
    bool json;                         //  JSON instead of tables
    int timeout_ms;                    //  Of one request
    bool timeout_said;                 //  --timeout; without it a command may have its own default
    const char *state;                 //  --state, or NULL
    const char *kind;                  //  --kind, or NULL
    const char *terminal;              //  --terminal or ADDRESS, or NULL
    int64_t mp;                        //  --mp; -1 = not said
    int64_t from;                      //  --from; -1 = not said
    int64_t area;                      //  --area; -1 = not said
    int64_t limit;                     //  --limit; -1 = not said
    int64_t seconds;                   //  --for; -1 = not said
    const char *name;                  //  --name, or NULL
    int64_t heartbeat;                 //  --heartbeat; -1 = not said
    int64_t days;                      //  --days; -1 = not said
    const char *names[CTL_NAMES_MAX];  //  --topic or --point
    size_t name_count;                 //  Of them
    const char *const *words;          //  What follows the command
    size_t word_count;                 //  Of them
    const modbus_args_t *modbus;       //  Options of the modbus commands
    const archive_args_t *archive;     //  Options of the archive commands
    const account_args_t *account;     //  Options of rate and gap
    const char *alarm;                 //  --alarm, or NULL
    const char *level;                 //  --level, or NULL
    const char *who;                   //  --who, or NULL
    const char *comment;               //  --comment, or NULL
    bool remove;                       //  --remove
    client_t *client;                  //  Connected; NULL for the modbus commands
} ctl_t;

typedef int (ctl_run_t) (ctl_t *ctl);

//  Asks the door; says on stderr what went wrong. 0, 1 or 2 as above.
int ctl_ask (ctl_t *ctl, const char *word, bytes_t body, answer_t *answer);

//  How an attempt that gave error ended, said on stderr. Never 0.
int ctl_no_answer (const ctl_t *ctl, fep_err_t error);

//  The error of an answer, said on stderr. 1.
int ctl_refused (const answer_t *answer);

//  Who does it: --who, or the login name. Never NULL.
const char *ctl_who (const ctl_t *ctl);

//  What explains frames (tools/explain.h), from the daemon's listeners. Asks the door: what an earlier answer
//  borrowed is gone.
struct explain *ctl_explain (ctl_t *ctl);

//  True once SIGINT or SIGTERM came, or nobody reads what is printed.
bool ctl_interrupted (void);

//  One command over pages. The rows of each page are given to row; JSON goes into one document.
typedef struct {
    ctl_t *ctl;        //  The command
    const char *word;  //  The verb
    const char *key;   //  Of the rows in the answer
    void (*ask) (const ctl_t *ctl, writer_t *body, uint64_t from);
    void (*row) (const ctl_t *ctl, bytes_t row, table_t *table, json_t *json);
    const char *const *heads;  //  Of the table
    size_t columns;            //  Of them
    int code;                  //  How it ended
} paged_t;

//  Asks for page after page and prints them. JSON is printed only if every page came: half a document
//  is none. 0, 1 or 2 as above.
int ctl_paged (paged_t *self);

ctl_run_t ctl_status, ctl_terminal_list, ctl_terminal_show, ctl_latest, ctl_config, ctl_verbs,
    ctl_event_list;
ctl_run_t ctl_fetch, ctl_feed_tail, ctl_trace, ctl_read, ctl_held, ctl_accept;
ctl_run_t ctl_archive_import, ctl_archive_export, ctl_archive_undo, ctl_archive_log;
ctl_run_t ctl_archive_groups, ctl_archive_profile;
ctl_run_t ctl_task_list, ctl_task_show, ctl_task_put, ctl_task_pause, ctl_task_resume;
ctl_run_t ctl_task_remove, ctl_task_diff, ctl_task_sync;
ctl_run_t ctl_unknown_list, ctl_unknown_create, ctl_duplicates, ctl_online;
ctl_run_t ctl_modbus_scan, ctl_modbus_read, ctl_modbus_write, ctl_modbus_sunspec;
ctl_run_t ctl_alarm_list, ctl_alarm_ack;
ctl_run_t ctl_read_batch, ctl_read_jobs, ctl_read_result, ctl_read_cancel;
ctl_run_t ctl_rate, ctl_gap_list, ctl_gap_reread, ctl_gap_failures;

#endif
