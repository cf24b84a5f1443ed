//  Reads where a terminal is dialled.
#include "actors/dial.h"
#include "actors/transport.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static fep_err_t s_why (fep_err_t error, char *why, size_t size, const char *text)
{
    snprintf (why, size, "%s", text);
    return error;
}

//  Digits and nothing else, up to `high`. 0: they are none.
static uint32_t s_number (const char *text, size_t size, uint32_t high)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || size > 9) {
            return 0;
        }
        number = number * 10 + (uint64_t) (text[i] - '0');
    }
    return number <= high ? (uint32_t) number : 0;
}

static bool s_host (dial_place_t *place, const char *text, size_t size)
{
    if (size == 0 || size > DIAL_HOST_MAX) {
        return false;
    }
    memcpy (place->host, text, size);
    place->host[size] = 0;
    return true;
}

//  "/dev/ttyS0:9600:8E1"
static fep_err_t s_serial (const char *text, size_t size, dial_place_t *place)
{
    const char *speed = memchr (text, ':', size);
    const char *frame = speed ? memchr (speed + 1, ':', size - (size_t) (speed + 1 - text)) : NULL;
    if (!frame || (size_t) (text + size - frame) != strlen (":8E1") ||
        !s_host (place, text, (size_t) (speed - text))) {
        return FEP_SYNTAX;
    }
    place->baud = s_number (speed + 1, (size_t) (frame - speed - 1), 115200);
    place->data = (uint8_t) (frame[1] - '0');
    place->parity = frame[2];
    place->stop = (uint8_t) (frame[3] - '0');
    bool good = transport_is_baud (place->baud) && (place->data == 7 || place->data == 8) &&
                (place->parity == 'N' || place->parity == 'E' || place->parity == 'O') &&
                (place->stop == 1 || place->stop == 2);
    return good ? FEP_OK : FEP_RANGE;
}

static bool s_is_numeric (const char *host, bool six)
{
    uint8_t address[sizeof (struct in6_addr)];
    return inet_pton (six ? AF_INET6 : AF_INET, host, address) == 1;
}

static fep_err_t s_place (const char *text, size_t size, dial_place_t *place)
{
    memset (place, 0, sizeof *place);
    if (size && text[0] == '/') {
        return s_serial (text, size, place);
    }
    const char *colon = memrchr (text, ':', size);
    bool six = size && text[0] == '[';
    if (!colon || (six && (colon == text || colon[-1] != ']'))) {
        return FEP_SYNTAX;
    }
    size_t host = (size_t) (colon - text) - (six ? 2 : 0);
    if (!s_host (place, text + six, host) || !s_is_numeric (place->host, six)) {
        return FEP_SYNTAX;
    }
    place->port = (uint16_t) s_number (colon + 1, (size_t) (text + size - colon - 1), 65535);
    return place->port ? FEP_OK : FEP_RANGE;
}

fep_err_t dial_parse (const char *text, dial_t *dial, char *why, size_t why_size)
{
    char name[32];
    const char *at = strchr (text, '@');
    memset (dial, 0, sizeof *dial);
    if (!at || at == text || (size_t) (at - text) >= sizeof name) {
        return s_why (FEP_SYNTAX, why, why_size, "CODEC@ADDRESS:PORT; there is no codec");
    }
    memcpy (name, text, (size_t) (at - text));
    name[at - text] = 0;
    dial->codec = codec_find (name);
    if (!dial->codec) {
        return s_why (FEP_NOT_FOUND, why, why_size, "a codec that fepd has, before the @");
    }
    for (const char *place = at + 1; place; dial->count++) {
        const char *bar = strchr (place, '|');
        if (dial->count == DIAL_PLACES_MAX) {
            return s_why (FEP_RANGE, why, why_size, "at most two places, joined by |");
        }
        fep_err_t error = s_place (place, bar ? (size_t) (bar - place) : strlen (place),
                                   &dial->places[dial->count]);
        if (error) {
            return s_why (error, why, why_size,
                          "ADDRESS:PORT with a numeric address, or /dev/DEVICE:BAUD:8E1");
        }
        place = bar ? bar + 1 : NULL;
    }
    return FEP_OK;
}
