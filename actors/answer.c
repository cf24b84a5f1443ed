//  The envelope of answers to the door's clients, and the body of an error.
#include "actors/answer.h"

fep_err_t answer_put (writer_t *out, bytes_t client, const char *word, const writer_t *body)
{
    wire_put_map (out, 3);
    wire_put_text (out, "client");
    wire_put_bin (out, client);
    wire_pair_text (out, "word", word);
    wire_put_text (out, "body");
    wire_put_bin (out, writer_bytes (body));
    return out->failed || body->failed ? FEP_LIMIT : FEP_OK;
}

void answer_put_error (writer_t *body, int64_t token, fep_err_t error, const char *text)
{
    wire_put_map (body, 3);
    wire_pair_int (body, "token", token);
    wire_pair_text (body, "error", fep_err_name (error));
    wire_pair_text (body, "text", text && *text ? text : fep_err_text (error));
}
