//  What acquisition is counted by: rows of RATE, filters of RATE, GAPS and REREAD, options of fepctl. One table for all
//  of them; X is a macro of (name, text for people).
#ifndef FEP_DIMENSION_H
#define FEP_DIMENSION_H

//  Words of the archive: columns of terminals and measuring points.
#define DIMENSION_WORDS(X)                                                                         \
    X (line, "this line (feeder)")                                                                 \
    X (vendor, "this vendor")                                                                      \
    X (protocol, "this protocol")                                                                  \
    X (channel, "this channel, such as 4g")                                                        \
    X (segment, "this network segment or APN")                                                     \
    X (user_type, "this kind of user")

#define DIMENSIONS(X)                                                                              \
    X (task, "this acquisition task")                                                              \
    X (day, "this day")                                                                            \
    X (area, "this area")                                                                          \
    X (group, "terminals of this group")                                                           \
    X (terminal, "this terminal")                                                                  \
    DIMENSION_WORDS (X)

#define DIMENSION_ROW(name, text) DIMENSION_##name,
typedef enum { DIMENSIONS (DIMENSION_ROW) DIMENSION_COUNT } dimension_t;
#undef DIMENSION_ROW
#define DIMENSION_WORD_FIRST DIMENSION_line  //  Words are the last of them
#define DIMENSION_WORD_COUNT (DIMENSION_COUNT - DIMENSION_WORD_FIRST)

//  For door.def: " task day ..." and "line?, vendor?, ".
#define DIMENSION_NAME(name, text) " " #name
#define DIMENSION_FILTER(name, text) #name "?, "
#define DIMENSION_NAMES DIMENSIONS (DIMENSION_NAME)
#define DIMENSION_FILTERS                                                                          \
    "task?, days?, day_from?, day_to?, terminal?, area?, group?, " DIMENSION_WORDS (               \
        DIMENSION_FILTER)

#endif
