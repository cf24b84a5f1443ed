//  Walks over the slots a request of the door is about. A number and the list behind it are made by the same walk over
//  the same rows, behind a checkpoint, so they agree.
#ifndef ACTORS_ACCOUNT_WALK_H
#define ACTORS_ACCOUNT_WALK_H

#include "actors/account.h"

#define ACCOUNT_DAY_MS 86400000
#define ACCOUNT_DAYS_MAX 400  //  Of one request
#define ACCOUNT_PLACE_SIZE                                                                         \
    (SLOTS_KEY_SIZE + 2)  //  Of a point in a walk: the row's key, the point's index
#define ACCOUNT_TEXT 192  //  Bytes of what is said of a wrong request

//  Which slots a request is about.
typedef struct {
    account_t *self;                       //  Whose
    uint32_t task;                         //  0: all
    uint32_t terminal;                     //  0: all
    int area;                              //  -1: all
    int reason;                            //  -1: all
    int day_from, day_to;                  //  Local days, counted from 1970
    uint64_t group;                        //  Bits of groups; 0: all
    uint32_t has_words;                    //  Bits of the dimensions that say a word
    uint16_t words[DIMENSION_WORD_COUNT];  //  That word; UINT16_MAX fits nobody
    bool items;                            //  Also points that lack other items than the key item
    const uint8_t *place;                  //  Where to go on; NULL: at the beginning
} account_filter_t;

typedef struct account_walk account_walk_t;
struct account_walk {
    account_filter_t filter;  //  What is wanted
    fep_err_t (*point) (account_walk_t *walk, const slot_block_t *head, const slot_point_t *point,
                        const task_t *task, int day);  //  Each of it; an error ends the walk
    bytes_t key;                                       //  Of the row
    uint16_t at;                                       //  Of the point in it
};

//  What a request says; `days` if it does not say which. NOT_FOUND, RANGE with words.
FEP_MUST_CHECK
fep_err_t account_filter (account_t *self, bytes_t body, int64_t days, account_filter_t *filter,
                          char text[ACCOUNT_TEXT]);

//  In the order of keys: closed slots before open ones, by task, slot and terminal.
FEP_MUST_CHECK
fep_err_t account_walk (account_walk_t *walk);

//  Is the point a gap that the filter asks for?
bool account_is_gap (const account_filter_t *filter, const slot_point_t *point);

//  Answers of the door.
FEP_MUST_CHECK
fep_err_t account_answer (account_t *self, bytes_t body, const char *word, const writer_t *inner);
FEP_MUST_CHECK
fep_err_t account_refuse (account_t *self, bytes_t body, fep_err_t error, const char *text);

#endif
