//  Conversion by iconv, whole texts at a time.
#include "store/archive_gbk.h"
#include "store/archive_field.h"
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#define NO_ICONV ((iconv_t) -1)
#define GROWTH 2  //  Bytes of UTF-8 that one byte of GBK may become: 3 of 2, at most

static uint32_t s_line (bytes_t text, size_t end)
{
    uint32_t line = 1;
    for (size_t i = 0; i < end; i++) {
        line += text.data[i] == '\n' ? 1 : 0;
    }
    return line;
}

fep_err_t archive_gbk_decode (bytes_t text, uint8_t **utf8, size_t *size, archive_fault_t *fault)
{
    iconv_t conversion = iconv_open ("UTF-8", "GBK");
    *utf8 = NULL;
    if (conversion == NO_ICONV) {
        return archive_line_fault (fault, FEP_SYSTEM, 0, "this machine cannot convert GBK");
    }
    size_t room = text.size * GROWTH + 1;
    uint8_t *memory = malloc (room);
    FEP_ASSERT (memory);
    char *in = (char *) text.data;
    char *out = (char *) memory;
    size_t in_left = text.size;
    size_t out_left = room - 1;
    size_t done = in ? iconv (conversion, &in, &in_left, &out, &out_left) : 0;
    iconv_close (conversion);
    if (done != 0) {
        size_t at = text.size - in_left;
        free (memory);
        return archive_line_fault (fault, FEP_SYNTAX, s_line (text, at), "not GBK at 0x%02X",
                                   text.data[at]);
    }
    *utf8 = memory;
    *size = room - 1 - out_left;
    return FEP_OK;
}

fep_err_t archive_gbk_encode (bytes_t utf8, writer_t *out)
{
    iconv_t conversion = iconv_open ("GBK", "UTF-8");
    if (conversion == NO_ICONV) {
        return FEP_SYSTEM;
    }
    char *in = (char *) utf8.data;
    char *to = (char *) out->data + out->size;
    size_t in_left = utf8.size;
    size_t out_left = out->capacity - out->size;
    size_t done = in ? iconv (conversion, &in, &in_left, &to, &out_left) : 0;
    fep_err_t error = done == 0 ? FEP_OK : errno == E2BIG ? FEP_FULL : FEP_RANGE;
    iconv_close (conversion);
    if (!error) {
        out->size = out->capacity - out_left;
    }
    return error;
}
