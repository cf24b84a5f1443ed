//  fepctl: what operators ask a running fepd, through its public door and feed only.
#include "tools/fepctl.h"
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/fepctl_account.h"
#include "tools/fepctl_archive.h"
#include "tools/fepctl_modbus.h"
#include <argp.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TIMEOUT_DEFAULT_MS 5000
#define TIMEOUT_OFFSET_MS 1000  //  For a door that a command can do without

//  The options a command may have besides --door, --feed, --json and --timeout.
enum {
    MAY_STATE = 1 << 0,
    MAY_MP = 1 << 1,
    MAY_FROM = 1 << 2,
    MAY_KIND = 1 << 3,
    MAY_AREA = 1 << 4,
    MAY_TERMINAL = 1 << 5,
    MAY_LIMIT = 1 << 6,
    MAY_TOPIC = 1 << 7,
    MAY_FOR = 1 << 8,
    MAY_POINT = 1 << 9,
    MAY_ALARM = 1 << 10,
    MAY_LEVEL = 1 << 11,
    MAY_WHO = 1 << 12,
    MAY_NAME = 1 << 13,
    MAY_HEARTBEAT = 1 << 14,
    MAY_DAYS = 1 << 15,
    MAY_REMOVE = 1 << 16,
    MAY_ACCOUNT = 1 << 28,  //  Those of rate and gap
    MAY_ARCHIVE = 1 << 29,  //  Those of the archive commands
    MAY_LINE = 1 << 30      //  Those of the modbus commands, which talk to a line and to no daemon
};

#define WORDS_MAX 160  //  Of a command line

//  What each verb of the door is for.
static const struct {
    const char *word;     //  "STATUS"
    const char *meaning;  //  One sentence
} s_verbs[] = {
#define VERB(word, arguments, answer, right, meaning) {#word, meaning},
#include "fep/door.def"
#undef VERB
};

typedef struct {
    const char *word;     //  "terminal"
    const char *second;   //  "list", or NULL
    const char *usage;    //  What follows
    int words;            //  So many follow: one is an ADDRESS; below 0: at least so many
    unsigned may;         //  MAY_ bits
    unsigned must;        //  Of them, those that cannot be left out
    bool with_door;       //  Nothing goes without the door
    ctl_run_t *run;       //  Does it
    const char *verb;     //  Its meaning is the verb's,
    const char *meaning;  //  or this
} command_t;

#define FETCH_OPTIONS (MAY_FROM | MAY_KIND | MAY_AREA | MAY_TERMINAL | MAY_LIMIT)

#define ACCOUNT_OPTIONS (MAY_ACCOUNT | MAY_DAYS | MAY_AREA | MAY_TERMINAL)

static const command_t s_commands[] = {
    {"status", NULL, "", false, 0, 0, true, ctl_status, "STATUS", NULL},
    {"terminal", "list", "[--state online|offline]", false, MAY_STATE, 0, true, ctl_terminal_list,
     "TERMINALS", NULL},
    {"terminal", "show", "ADDRESS", true, 0, 0, true, ctl_terminal_show, "TERMINAL", NULL},
    {"unknown", "list", "", 0, 0, 0, true, ctl_unknown_list, "UNKNOWN", NULL},
    {"unknown", "create", "ADDRESS --name NAME --area N [--heartbeat S] [--who W]", 1,
     MAY_NAME | MAY_AREA | MAY_HEARTBEAT | MAY_WHO, MAY_NAME | MAY_AREA, true, ctl_unknown_create,
     "CREATE", NULL},
    {"duplicates", NULL, "", 0, 0, 0, true, ctl_duplicates, "DUPLICATES", NULL},
    {"online", NULL, "ADDRESS [--days N]", 1, MAY_DAYS, 0, true, ctl_online, NULL,
     "when a terminal was online, in slots of 5 minutes"},
    {"latest", NULL, "ADDRESS [--mp N]", true, MAY_MP, 0, true, ctl_latest, "LATEST", NULL},
    {"fetch", NULL, "[--from N] [--kind K] [--area A] [--terminal T] [--limit N]", false,
     FETCH_OPTIONS, 0, true, ctl_fetch, NULL, "committed messages from a sequence on"},
    {"feed", "tail", "[--topic PREFIX]... [--limit N] [--for TIME]", false,
     MAY_TOPIC | MAY_LIMIT | MAY_FOR, 0, false, ctl_feed_tail, NULL,
     "publications as they come, until Ctrl-C"},
    {"read", "batch",
     "[--group G] [--area A] [--terminal T] [--mp N] --point NAME... [--kind "
     "current|day|month|curve] "
     "[--day D]",
     0, MAY_ACCOUNT | MAY_AREA | MAY_TERMINAL | MAY_MP | MAY_POINT | MAY_KIND | MAY_WHO, MAY_POINT,
     true, ctl_read_batch, NULL,
     "asks many measuring points, shows how far it is; Ctrl-C cancels it"},
    {"read", "jobs", "", 0, 0, 0, true, ctl_read_jobs, "READ_JOBS", NULL},
    {"read", "result", "NUMBER", -1, 0, 0, true, ctl_read_result, "READ_RESULT", NULL},
    {"read", "cancel", "NUMBER [--who NAME]", -1, MAY_WHO, 0, true, ctl_read_cancel, "READ_CANCEL",
     NULL},
    {"read", NULL, "ADDRESS [--mp N] --point NAME...", true, MAY_MP | MAY_POINT, MAY_POINT, true,
     ctl_read, NULL, "asks a terminal for current values now and shows them"},
    {"held", NULL, "[--terminal T]", false, MAY_TERMINAL, 0, true, ctl_held, "HELD", NULL},
    {"accept", NULL, "ADDRESS --mp N [--point P] [--who NAME]", true, MAY_MP | MAY_POINT | MAY_WHO,
     MAY_MP, true, ctl_accept, "ACCEPT", NULL},
    {"alarm", "list", "[--state raised|acknowledged] [--level L] [--terminal T]", false,
     MAY_STATE | MAY_LEVEL | MAY_TERMINAL, 0, true, ctl_alarm_list, "ALARMS", NULL},
    {"alarm", "ack", "ADDRESS --alarm NAME [--mp N] [--who NAME] [--comment TEXT]", true,
     MAY_ALARM | MAY_MP | MAY_WHO, MAY_ALARM, true, ctl_alarm_ack, "ACK", NULL},
    {"rate", NULL,
     "[--task T] [--day D|--days N] [--by WHAT] [--area A] [--group G] [--terminal T] [--line L] "
     "...",
     0, ACCOUNT_OPTIONS, 0, true, ctl_rate, "RATE", NULL},
    {"gap", "list", "[as rate] [--reason R] [--items] [--limit N]", 0, ACCOUNT_OPTIONS | MAY_LIMIT,
     0, true, ctl_gap_list, "GAPS", NULL},
    {"gap", "failures", "--task T [as rate] [--in-a-row N]", 0, ACCOUNT_OPTIONS, 0, true,
     ctl_gap_failures, "FAILURES", NULL},
    {"gap", "reread", "[as rate] [--reason R] [--items] [--who NAME]", 0, ACCOUNT_OPTIONS | MAY_WHO,
     0, true, ctl_gap_reread, "REREAD", NULL},
    {"trace", NULL, "ADDRESS --for TIME", true, MAY_FOR, MAY_FOR, true, ctl_trace, NULL,
     "frames of a terminal as they come and go; off again at the end or at Ctrl-C"},
    {"config", NULL, "", false, 0, 0, true, ctl_config, "CONFIG", NULL},
    {"event", "list", "", false, 0, 0, true, ctl_event_list, "EVENTS", NULL},
    {"verbs", NULL, "", false, 0, 0, true, ctl_verbs, NULL, "what can be asked of the door"},
    {"archive", "import", "FILE|- [--format F] [--encoding gbk] [--merge] [--dry] [--who NAME]", -1,
     MAY_ARCHIVE | MAY_WHO, 0, true, ctl_archive_import, "IMPORT", NULL},
    {"archive", "export", "FILE|- [--format F] [--encoding gbk]", -1, MAY_ARCHIVE, 0, true,
     ctl_archive_export, NULL, "the archive as a file"},
    {"archive", "undo", "[--dry] [--who NAME]", 0, MAY_ARCHIVE | MAY_WHO, 0, true, ctl_archive_undo,
     "UNDO", NULL},
    {"archive", "log", "[--terminal T] [--from N] [--limit N]", 0,
     MAY_TERMINAL | MAY_FROM | MAY_LIMIT, 0, true, ctl_archive_log, "CHANGES", NULL},
    {"archive", "groups", "", 0, 0, 0, true, ctl_archive_groups, "GROUPS", NULL},
    {"archive", "profile", "list | show NAME | put FILE | remove NAME [--dry] [--who NAME]", -1,
     MAY_ARCHIVE | MAY_WHO, 0, true, ctl_archive_profile, "PROFILES", NULL},
    {"task", "list", "", 0, 0, 0, true, ctl_task_list, "TASKS", NULL},
    {"task", "show", "NAME", -1, 0, 0, true, ctl_task_show, "TASK", NULL},
    {"task", "put", "FILE|- [--dry] [--who NAME]", -1, MAY_ARCHIVE | MAY_WHO, 0, true, ctl_task_put,
     NULL, "puts the task of a file"},
    {"task", "pause", "NAME [--dry] [--who NAME]", -1, MAY_ARCHIVE | MAY_WHO, 0, true,
     ctl_task_pause, NULL, "a task makes no requests until it is resumed"},
    {"task", "resume", "NAME [--dry] [--who NAME]", -1, MAY_ARCHIVE | MAY_WHO, 0, true,
     ctl_task_resume, NULL, "a paused task goes on"},
    {"task", "remove", "NAME [--dry] [--who NAME]", -1, MAY_ARCHIVE | MAY_WHO, 0, true,
     ctl_task_remove, NULL, "removes a task"},
    {"task", "diff", "ADDRESS", 1, 0, 0, true, ctl_task_diff, NULL,
     "a terminal's own tasks: as ours want them (+) and as it has them (-); ends 1 if they differ"},
    {"task", "sync", "ADDRESS [--remove] [--who NAME]", 1, MAY_REMOVE | MAY_WHO, 0, true,
     ctl_task_sync, NULL, "writes what differs, then reads it back"},
    {"modbus", "scan", "LINE [--units N-N] [--register N] [--function 3|4] [--probe FROM-TO]", 0,
     MAY_LINE, MAY_LINE, false, ctl_modbus_scan, NULL,
     "which units of a line answer; LINE is one of --serial, --tcp, --rtu-tcp, --rtu-listen"},
    {"modbus", "read", "LINE UNIT FUNCTION ADDRESS[-END] [--type T] [--order O] [--scale X]", -1,
     MAY_LINE, MAY_LINE, false, ctl_modbus_read, NULL,
     "registers or bits of a unit; with UNIT and --try FILE all of a profile"},
    {"modbus", "write", "LINE UNIT 5|6|15|16 ADDRESS VALUE... [--type T] [--yes]", -4, MAY_LINE,
     MAY_LINE, false, ctl_modbus_write, NULL,
     "asks first, writes, reads back; values below 0 go behind --"},
    {"modbus", "sunspec", "LINE UNIT [--profile NAME]", 1, MAY_LINE, MAY_LINE, false,
     ctl_modbus_sunspec, NULL, "the SunSpec models of a unit; with --profile a profile of them"},
};

#define COMMAND_COUNT (sizeof s_commands / sizeof s_commands[0])

static const char *s_meaning (const command_t *command)
{
    for (size_t i = 0; command->verb && i < sizeof s_verbs / sizeof s_verbs[0]; i++) {
        if (strcmp (s_verbs[i].word, command->verb) == 0) {
            return s_verbs[i].meaning;
        }
    }
    return command->meaning;
}

const char *ctl_who (const ctl_t *ctl)
{
    const struct passwd *user = getpwuid (getuid ());
    const char *name = getlogin ();
    if (ctl->who) {
        return ctl->who;
    }
    return name && *name ? name : user ? user->pw_name : "?";
}

//  --- Arguments

enum {
    KEY_DOOR = 'd',
    KEY_FEED = 'f',
    KEY_JSON = 'j',
    KEY_TIMEOUT = 't',
    KEY_STATE = 256,
    KEY_MP,
    KEY_FROM,
    KEY_KIND,
    KEY_AREA,
    KEY_TERMINAL,
    KEY_LIMIT,
    KEY_TOPIC,
    KEY_FOR,
    KEY_POINT,
    KEY_ALARM,
    KEY_LEVEL,
    KEY_WHO,
    KEY_COMMENT,
    KEY_NAME,
    KEY_HEARTBEAT,
    KEY_DAYS,
    KEY_REMOVE
};

static const struct argp_option s_options[] = {
    {"door", KEY_DOOR, "ENDPOINT", 0, "the door; default $FEP_DOOR or " CLIENT_DOOR_DEFAULT, 1},
    {"feed", KEY_FEED, "ENDPOINT", 0, "the feed; default $FEP_FEED or " CLIENT_FEED_DEFAULT, 1},
    {"json", KEY_JSON, NULL, 0, "one JSON document, or one line for each message", 1},
    {"timeout", KEY_TIMEOUT, "MS", 0,
     "how long to wait for an answer; default 5000, on a line 1000, of a scan 300", 1},
    {"state", KEY_STATE, "STATE", 0, "terminals: online or offline; alarms: raised or acknowledged",
     2},
    {"mp", KEY_MP, "N", 0, "only this measuring point", 2},
    {"from", KEY_FROM, "N", 0, "from this sequence on; default the journal's first", 2},
    {"kind", KEY_KIND, "KIND", 0, "reading, held, event, alarm, result, link, login or heartbeat",
     2},
    {"area", KEY_AREA, "N", 0, "only this area, 0 to 63; of a new terminal: its area", 2},
    {"name", KEY_NAME, "NAME", 0, "of a new terminal", 2},
    {"heartbeat", KEY_HEARTBEAT, "S", 0, "heartbeat period of a new terminal in seconds", 2},
    {"days", KEY_DAYS, "N", 0, "so many days, today the last; default 1", 2},
    {"terminal", KEY_TERMINAL, "ADDRESS", 0, "only this terminal", 2},
    {"limit", KEY_LIMIT, "N", 0, "end after so many messages", 2},
    {"topic", KEY_TOPIC, "PREFIX", 0, "topics that begin so; may be said again; default all", 2},
    {"point", KEY_POINT, "NAME", 0, "a point, by name or as OBIS; may be said again", 2},
    {"alarm", KEY_ALARM, "NAME", 0, "the rule that raised it", 2},
    {"level", KEY_LEVEL, "LEVEL", 0, "important or general", 2},
    {"remove", KEY_REMOVE, NULL, 0, "also what only the terminal has is taken away", 2},
    {"who", KEY_WHO, "NAME", 0, "who does it, for the log; default the login name", 2},
    {"comment", KEY_COMMENT, "TEXT", 0, "with which words", 2},
    {"for", KEY_FOR, "TIME", 0, "how long: 30s, 10m, 1h", 2},
    {0}};

typedef struct {
    ctl_t *ctl;                    //  Being filled
    unsigned said;                 //  MAY_ bits met
    const char *words[WORDS_MAX];  //  Command and what follows
    int word_count;                //  Of them
    const command_t *command;      //  Once found
    modbus_args_t modbus;          //  Options of the modbus commands
    archive_args_t archive;        //  Options of the archive commands
    account_args_t account;        //  Options of rate and gap
} parsing_t;

//  A whole number from low to high, or usage.
static int64_t s_number (struct argp_state *state, const char *name, const char *text, int64_t low,
                         int64_t high)
{
    char *end = NULL;
    errno = 0;
    int64_t number = strtoll (text, &end, 10);
    if (errno || end == text || *end || number < low || number > high) {
        argp_error (state, "--%s: '%s' is no whole number from %lld to %lld", name, text,
                    (long long) low, (long long) high);
    }
    return number;
}

//  "30s", "10m", "1h", "2d"; a bare number is seconds.
static int64_t s_time (struct argp_state *state, const char *text)
{
    static const struct {
        const char *unit;  //  Behind the number
        int64_t seconds;   //  What it means
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end = NULL;
    errno = 0;
    int64_t number = strtoll (text, &end, 10);
    for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++) {
        if (!errno && strcmp (end, units[i].unit) == 0 && number > 0 && number <= 1000000) {
            return number * units[i].seconds;
        }
    }
    argp_error (state, "--for: '%s' is no time such as 30s, 10m or 1h", text);
    return 0;
}

//  --topic of one command, --point of another: what is said again and again.
static void s_add_name (struct argp_state *state, ctl_t *ctl, const char *name)
{
    if (ctl->name_count == CTL_NAMES_MAX) {
        argp_error (state, "'%s': at most %d of them", name, CTL_NAMES_MAX);
    }
    ctl->names[ctl->name_count++] = name;
}

//  The options that belong to some commands only. False: it is none of them.
static bool s_parse_own (int key, char *text, struct argp_state *state)
{
    parsing_t *self = state->input;
    ctl_t *ctl = self->ctl;
    switch (key) {
    case KEY_STATE:
        self->said |= MAY_STATE;
        ctl->state = text;
        return true;
    case KEY_MP:
        self->said |= MAY_MP;
        ctl->mp = s_number (state, "mp", text, 0, 65535);
        return true;
    case KEY_FROM:
        self->said |= MAY_FROM;
        ctl->from = s_number (state, "from", text, 0, INT64_MAX);
        return true;
    case KEY_KIND:
        self->said |= MAY_KIND;
        ctl->kind = text;
        if (!*text || strlen (text) >= sizeof ((fetch_filter_t *) 0)->kind) {
            argp_error (state, "--kind: '%s' is no kind", text);
        }
        return true;
    case KEY_AREA:
        self->said |= MAY_AREA;
        ctl->area = s_number (state, "area", text, 0, AREA_COUNT - 1);
        return true;
    case KEY_TERMINAL:
        self->said |= MAY_TERMINAL;
        ctl->terminal = text;
        return true;
    case KEY_LIMIT:
        self->said |= MAY_LIMIT;
        ctl->limit = s_number (state, "limit", text, 1, INT64_MAX);
        return true;
    case KEY_TOPIC:
        self->said |= MAY_TOPIC;
        s_add_name (state, ctl, text);
        return true;
    case KEY_POINT:
        self->said |= MAY_POINT;
        s_add_name (state, ctl, text);
        return true;
    case KEY_FOR:
        self->said |= MAY_FOR;
        ctl->seconds = s_time (state, text);
        return true;
    case KEY_NAME:
        self->said |= MAY_NAME;
        ctl->name = text;
        return true;
    case KEY_HEARTBEAT:
        self->said |= MAY_HEARTBEAT;
        ctl->heartbeat = s_number (state, "heartbeat", text, 0, 86400);
        return true;
    case KEY_DAYS:
        self->said |= MAY_DAYS;
        ctl->days = s_number (state, "days", text, 1, 400);
        return true;
    case KEY_REMOVE:
        self->said |= MAY_REMOVE;
        ctl->remove = true;
        return true;
    default:
        return false;
    }
}

//  The options of alarms. False: it is none of them.
static bool s_parse_alarm (int key, const char *text, parsing_t *self)
{
    switch (key) {
    case KEY_ALARM:
        self->said |= MAY_ALARM;
        self->ctl->alarm = text;
        return true;
    case KEY_LEVEL:
        self->said |= MAY_LEVEL;
        self->ctl->level = text;
        return true;
    case KEY_WHO:
        self->said |= MAY_WHO;
        self->ctl->who = text;
        return true;
    case KEY_COMMENT:
        self->said |= MAY_ALARM;
        self->ctl->comment = text;
        return true;
    default:
        return false;
    }
}

//  What --state may be, by the verb that is asked.
static void s_check_state (struct argp_state *state, const char *verb, const char *word)
{
    static const struct {
        const char *verb;  //  Of the command
        const char *word;  //  Allowed
    } rows[] = {{"TERMINALS", "online"},
                {"TERMINALS", "offline"},
                {"ALARMS", "raised"},
                {"ALARMS", "acknowledged"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp (rows[i].verb, verb) == 0 && strcmp (rows[i].word, word) == 0) {
            return;
        }
    }
    argp_error (state, "--state: '%s' is none of its states; see --help", word);
}

//  All arguments are there: which command is it, and is it whole?
static void s_find_command (struct argp_state *state, parsing_t *self)
{
    if (self->word_count == 0) {
        argp_error (state, "which command?");
    }
    for (size_t i = 0; i < COMMAND_COUNT && !self->command; i++) {
        const command_t *command = &s_commands[i];
        int words = command->second ? 2 : 1;
        if (self->word_count >= words && strcmp (self->words[0], command->word) == 0 &&
            (!command->second || strcmp (self->words[1], command->second) == 0)) {
            self->command = command;
            int more = self->word_count - words;
            if (command->words < 0 ? more < -command->words : more != command->words) {
                argp_error (state, "usage: fepctl %s%s%s %s", command->word,
                            command->second ? " " : "", command->second ? command->second : "",
                            command->usage);
            }
            self->ctl->words = self->words + words;
            self->ctl->word_count = (size_t) more;
            self->ctl->terminal = command->words == 1 ? self->words[words] : self->ctl->terminal;
        }
    }
    if (!self->command) {
        argp_error (state, "there is no command '%s%s%s'", self->words[0],
                    self->word_count > 1 ? " " : "", self->word_count > 1 ? self->words[1] : "");
        return;
    }
    self->said |= self->modbus.said ? MAY_LINE : 0;
    self->said |= self->archive.said ? MAY_ARCHIVE : 0;
    self->said |= self->account.said ? MAY_ACCOUNT : 0;
    if ((self->said & ~self->command->may) || (self->command->must & ~self->said)) {
        argp_error (state, "usage: fepctl %s%s%s %s", self->command->word,
                    self->command->second ? " " : "",
                    self->command->second ? self->command->second : "", self->command->usage);
    }
    if (self->ctl->state && self->command->verb) {
        s_check_state (state, self->command->verb, self->ctl->state);
    }
    if (self->ctl->terminal && strlen (self->ctl->terminal) > ADDRESS_MAX) {
        argp_error (state, "a terminal's address has at most %d characters", ADDRESS_MAX);
    }
}

static error_t s_parse (int key, char *text, struct argp_state *state)
{
    parsing_t *self = state->input;
    if (s_parse_own (key, text, state) || s_parse_alarm (key, text, self)) {
        return 0;
    }
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &self->modbus;
        state->child_inputs[1] = &self->archive;
        state->child_inputs[2] = &self->account;
        return 0;
    case KEY_DOOR:
        self->ctl->door = text;
        return 0;
    case KEY_FEED:
        self->ctl->feed = text;
        return 0;
    case KEY_JSON:
        self->ctl->json = true;
        return 0;
    case KEY_TIMEOUT:
        self->ctl->timeout_ms = (int) s_number (state, "timeout", text, 1, 3600000);
        self->ctl->timeout_said = true;
        return 0;
    case ARGP_KEY_ARG:
        if (self->word_count == WORDS_MAX) {
            argp_error (state, "'%s' is too much", text);
        }
        self->words[self->word_count++] = text;
        return 0;
    case ARGP_KEY_END:
        s_find_command (state, self);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

//  The list of commands behind the options.
static char *s_help (int key, const char *text, void *input)
{
    (void) input;
    if (key != ARGP_KEY_HELP_POST_DOC) {
        return (char *) text;
    }
    char *help = NULL;
    size_t size = 0;
    FILE *file = open_memstream (&help, &size);
    FEP_ASSERT (file);
    fprintf (file, "Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const command_t *command = &s_commands[i];
        fprintf (file, "  %s%s%s %s\n      %s\n", command->word, command->second ? " " : "",
                 command->second ? command->second : "", command->usage, s_meaning (command));
    }
    fprintf (file, "\nExit status: 0 done, 1 the door or a device answered an error, 2 no answer "
                   "or wrong use.\n");
    fclose (file);
    return help;
}

static const struct argp_child s_children[] = {{&ctl_modbus_argp, 0, "Modbus lines:", 4},
                                               {&ctl_archive_argp, 0, "Archive:", 3},
                                               {&ctl_account_argp, 0, "Acquisition:", 3},
                                               {0}};

static const struct argp s_argp = {.options = s_options,
                                   .parser = s_parse,
                                   .args_doc = "COMMAND",
                                   .doc = "Asks a running fepd.\v ",
                                   .children = s_children,
                                   .help_filter = s_help};

//  --- Asking

static volatile sig_atomic_t s_interrupted = 0;

static void s_on_signal (int number)
{
    (void) number;
    s_interrupted = 1;
}

bool ctl_interrupted (void)
{
    return s_interrupted != 0 || ferror (stdout);
}

int ctl_no_answer (const ctl_t *ctl, fep_err_t error)
{
    if (error == FEP_TIMEOUT) {
        fprintf (stderr, "fepctl: no answer from %s within %d ms\n", ctl->door, ctl->timeout_ms);
    } else if (error != FEP_STOPPING) {
        fprintf (stderr, "fepctl: %s: %s\n", fep_err_name (error), fep_err_text (error));
    }
    return 2;
}

int ctl_refused (const answer_t *answer)
{
    fprintf (stderr, "fepctl: %s: %s\n", answer->error, answer->text);
    return 1;
}

int ctl_ask (ctl_t *ctl, const char *word, bytes_t body, answer_t *answer)
{
    fep_err_t error = client_request (ctl->client, word, body, ctl->timeout_ms, answer);
    if (error) {
        return ctl_no_answer (ctl, error);
    }
    return answer->failed ? ctl_refused (answer) : 0;
}

//  Local time is the daemon's, not this machine's. False: there is no door.
static bool s_learn_offset (ctl_t *ctl, int timeout_ms)
{
    answer_t answer;
    fep_err_t error =
        client_request (ctl->client, "CONFIG", bytes_of (NULL, 0), timeout_ms, &answer);
    reader_t options;
    if (error || !wire_find (answer.body, "options", &options)) {
        return !error;
    }
    uint32_t rows = wire_get_array (&options);
    while (rows-- > 0 && !options.failed) {
        size_t start = options.pos;
        wire_skip (&options);
        bytes_t row = bytes_of (options.data + start, options.pos - start);
        char key[32];
        if (!options.failed && wire_find_text (row, "key", key, sizeof key) &&
            strcmp (key, "utc_offset_min") == 0) {
            clock_set_offset_min ((int) wire_find_int (row, "value", CLOCK_OFFSET_DEFAULT_MIN));
        }
    }
    return true;
}

static const char *s_or (const char *text, const char *fallback)
{
    return text && *text ? text : fallback;
}

//  What nobody could read was not done.
static int s_verdict (int code)
{
    return fflush (stdout) == 0 && !ferror (stdout) ? code : 2;
}

const char *argp_program_version = "fepctl " FEP_RELEASE;

int main (int argc, char **argv)
{
    ctl_t ctl = {.door = s_or (getenv ("FEP_DOOR"), CLIENT_DOOR_DEFAULT),
                 .feed = s_or (getenv ("FEP_FEED"), CLIENT_FEED_DEFAULT),
                 .timeout_ms = TIMEOUT_DEFAULT_MS,
                 .mp = -1,
                 .from = -1,
                 .area = -1,
                 .limit = -1,
                 .heartbeat = -1,
                 .days = -1,
                 .seconds = -1};
    parsing_t parsing = {.ctl = &ctl, .modbus = MODBUS_ARGS_DEFAULT};
    ctl.modbus = &parsing.modbus;
    ctl.archive = &parsing.archive;
    ctl.account = &parsing.account;
    argp_err_exit_status = 2;
    argp_parse (&s_argp, argc, argv, 0, NULL, &parsing);
    struct sigaction action = {.sa_handler = s_on_signal};
    sigaction (SIGINT, &action, NULL);
    sigaction (SIGTERM, &action, NULL);
    signal (SIGPIPE, SIG_IGN);
    if (parsing.command->may & MAY_LINE) {
        return s_verdict (parsing.command->run (&ctl));
    }
    if (client_open (ctl.door, ctl.feed, &ctl.client) != FEP_OK) {
        fprintf (stderr,
                 "fepctl: cannot connect to '%s' and '%s': needed are endpoints such as %s\n",
                 ctl.door, ctl.feed, CLIENT_DOOR_DEFAULT);
        return 2;
    }
    bool with_door = parsing.command->with_door;
    int code = 0;
    if (!s_learn_offset (&ctl, with_door ? ctl.timeout_ms : TIMEOUT_OFFSET_MS) && with_door) {
        code = ctl_no_answer (&ctl, FEP_TIMEOUT);
    } else {
        code = parsing.command->run (&ctl);
    }
    client_close (&ctl.client);
    return s_verdict (code);
}
