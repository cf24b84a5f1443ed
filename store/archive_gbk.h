//  GBK, the encoding of many spreadsheets in China, from and to UTF-8. The only file that knows iconv.
#ifndef STORE_ARCHIVE_GBK_H
#define STORE_ARCHIVE_GBK_H

#include "store/archive.h"

//  Gives the text as UTF-8, with one more byte of room. SYNTAX with *fault (the line) if it is no GBK;
//  SYSTEM if the machine has no such conversion.
FEP_MUST_CHECK
fep_err_t archive_gbk_decode (bytes_t text, uint8_t **utf8, size_t *size, archive_fault_t *fault);

//  Appends UTF-8 as GBK. RANGE if a character is not in GBK, FULL if there is no room: nothing was
//  appended; SYSTEM as above.
FEP_MUST_CHECK
fep_err_t archive_gbk_encode (bytes_t utf8, writer_t *out);

#endif
