//  Profiles in memory: by number and by name. Numbers are dense from 1 and never given to another
//  name; a profile that was removed keeps its number.
#ifndef STORE_ARCHIVE_PROFILES_H
#define STORE_ARCHIVE_PROFILES_H

#include "store/archive_table.h"

#define PROFILES_SLOTS 4096  //  A power of two, four times ARCHIVE_PROFILES_MAX

struct archive_profiles {
    archive_profile_t *items[ARCHIVE_PROFILES_MAX];  //  Number n at n - 1; texts are theirs
    size_t count;                                    //  Numbers given so far
    uint16_t slots[PROFILES_SLOTS];                  //  Hash by name, open: a number, or 0
};

archive_profiles_t *archive_profiles_new (void);
void archive_profiles_destroy (archive_profiles_t **self_p);

//  Puts a profile under its number, which must be known or the next one; copies name and text. An
//  empty text: it is removed. LIMIT, EXISTS (the name has another number).
FEP_MUST_CHECK
fep_err_t archive_profiles_put (archive_profiles_t *self, const archive_profile_t *profile);

//  Of those that were not removed; NULL if there is none. Valid until it is put again.
const archive_profile_t *archive_profiles_find (const archive_profiles_t *self, bytes_t name);
const archive_profile_t *archive_profiles_at (const archive_profiles_t *self, uint32_t number);

//  The number of a name, removed or not; 0 = never given.
uint32_t archive_profiles_number (const archive_profiles_t *self, bytes_t name);

#endif
