//  Bodies of FETCH and ROWS.
#include "client/fetch.h"
#include "fep/wire.h"
#include <stdio.h>

//  "00".."63"; -1 if it is not.
static int s_area (const char *text)
{
    bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9' && !text[2];
    int area = digits ? (text[0] - '0') * 10 + text[1] - '0' : -1;
    return area < AREA_COUNT ? area : -1;
}

fep_err_t fetch_filter_of (const char *topic, fetch_filter_t *filter)
{
    memset (filter, 0, sizeof *filter);
    filter->area = -1;
    const char *slash = strchr (topic, '/');
    size_t size = slash ? (size_t) (slash - topic) : 0;
    if (!size || !slash[1] || size >= sizeof filter->kind) {
        return FEP_SYNTAX;
    }
    if (size == 8 && memcmp (topic, "terminal", size) == 0) {
        snprintf (filter->terminal, sizeof filter->terminal, "%s", slash + 1);
        return strlen (slash + 1) <= ADDRESS_MAX ? FEP_OK : FEP_SYNTAX;
    }
    memcpy (filter->kind, topic, size);
    filter->area = s_area (slash + 1);
    return filter->area >= 0 ? FEP_OK : FEP_SYNTAX;
}

static uint64_t s_uint (bytes_t map, const char *key)
{
    reader_t value;
    return wire_find (map, key, &value) ? wire_get_uint (&value) : 0;
}

static fep_err_t s_read_page (const answer_t *answer, fetch_page_t *page)
{
    memset (page, 0, sizeof *page);
    page->trimmed = strcmp (answer->word, "TRIMMED") == 0;
    page->epoch = s_uint (answer->body, "epoch");
    page->first = s_uint (answer->body, "first");
    page->next = s_uint (answer->body, "next");
    page->head = s_uint (answer->body, "head");
    if (page->trimmed) {
        return FEP_OK;
    }
    if (strcmp (answer->word, "ROWS") != 0 ||
        !wire_find (answer->body, "commits", &page->commits)) {
        return FEP_CORRUPT;
    }
    page->left = wire_get_array (&page->commits);
    return page->commits.failed ? FEP_CORRUPT : FEP_OK;
}

fep_err_t fetch_page (client_t *client, const fetch_filter_t *filter, uint64_t from, uint64_t limit,
                      int timeout_ms, answer_t *answer, fetch_page_t *page)
{
    uint8_t bytes[256];
    writer_t out = writer_of (bytes, sizeof bytes);
    uint32_t pairs = 1u + (filter->kind[0] != 0) + (filter->area >= 0) +
                     (filter->terminal[0] != 0) + (limit != 0);
    wire_put_map (&out, pairs);
    wire_pair_uint (&out, "from", from);
    if (filter->kind[0]) {
        wire_pair_text (&out, "kind", filter->kind);
    }
    if (filter->area >= 0) {
        wire_pair_int (&out, "area", filter->area);
    }
    if (filter->terminal[0]) {
        wire_pair_text (&out, "terminal", filter->terminal);
    }
    if (limit) {
        wire_pair_uint (&out, "limit", limit);
    }
    FEP_ASSERT (!out.failed);
    fep_err_t error = client_request (client, "FETCH", writer_bytes (&out), timeout_ms, answer);
    if (error || answer->failed) {
        memset (page, 0, sizeof *page);
        return error;
    }
    return s_read_page (answer, page);
}

fep_err_t fetch_commit (fetch_page_t *page, uint64_t *sequence, bytes_t *messages)
{
    if (page->left == 0) {
        return FEP_NOT_FOUND;
    }
    page->left--;
    reader_t *in = &page->commits;
    uint32_t fields = wire_get_array (in);
    *sequence = wire_get_uint (in);
    size_t start = in->pos;
    wire_skip (in);
    if (in->failed || fields < 2) {
        page->left = 0;
        return FEP_CORRUPT;
    }
    *messages = bytes_of (in->data + start, in->pos - start);
    for (uint32_t i = 2; i < fields; i++) {
        wire_skip (in);
    }
    return FEP_OK;
}

fetch_messages_t fetch_messages (bytes_t body)
{
    fetch_messages_t self = {.in = reader_of (body)};
    self.left = body.size ? wire_get_array (&self.in) : 0;
    return self;
}

fep_err_t fetch_message (fetch_messages_t *self, uint32_t *index, bytes_t *message)
{
    if (self->left == 0) {
        return self->in.failed ? FEP_CORRUPT : FEP_NOT_FOUND;
    }
    self->left--;
    uint32_t fields = wire_get_array (&self->in);
    *index = (uint32_t) wire_get_uint (&self->in);
    size_t start = self->in.pos;
    wire_skip (&self->in);
    if (self->in.failed || fields < 2) {
        self->left = 0;
        return FEP_CORRUPT;
    }
    *message = bytes_of (self->in.data + start, self->in.pos - start);
    for (uint32_t i = 2; i < fields; i++) {
        wire_skip (&self->in);
    }
    return FEP_OK;
}
