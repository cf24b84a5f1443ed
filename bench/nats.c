//  The NATS client protocol.
#include "bench/nats.h"
#include <stdio.h>

enum { LINE_END = 2, DIGITS_MAX = 7, KEY_MAX = 32, HEAD_MAX = 128 };

static const struct {
    const char *text;
    nats_word_t word;
} s_words[] = {{"MSG ", NATS_MSG},
               {"PING\r", NATS_PING},
               {"PONG\r", NATS_PONG},
               {"INFO ", NATS_INFO},
               {"-ERR", NATS_ERROR}};

static nats_word_t s_word (const uint8_t *line, size_t size)
{
    for (size_t i = 0; i < sizeof s_words / sizeof *s_words; i++) {
        size_t length = strlen (s_words[i].text);
        if (size >= length && memcmp (line, s_words[i].text, length) == 0) {
            return s_words[i].word;
        }
    }
    return NATS_OTHER;
}

//  The number at the end of a text. False if there is none, or one of too many digits.
static bool s_last_number (const uint8_t *text, size_t size, size_t *number)
{
    size_t at = size;
    while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') {
        at--;
    }
    *number = 0;
    for (size_t i = at; i < size && size - at <= DIGITS_MAX; i++) {
        *number = *number * 10 + (size_t) (text[i] - '0');
    }
    return at < size && size - at <= DIGITS_MAX;
}

//  MSG subject sid [reply] size CR LF payload CR LF. The line has its end already.
static nats_input_t s_message (bytes_t window, size_t line)
{
    size_t size;
    if (!s_last_number (window.data, line - LINE_END, &size)) {
        return (nats_input_t){.word = NATS_OTHER, .size = line};
    }
    size_t whole = line + size + LINE_END;
    if (window.size < whole) {
        return (nats_input_t){.word = NATS_MORE};
    }
    if (memcmp (window.data + line + size, "\r\n", LINE_END) != 0) {
        return (nats_input_t){.word = NATS_OTHER, .size = line};
    }
    return (nats_input_t){NATS_MSG, whole, bytes_of (window.data + line, size)};
}

nats_input_t nats_input (bytes_t window)
{
    const uint8_t *end = window.size > 0 ? memchr (window.data, '\n', window.size) : NULL;
    if (!end) {
        return (nats_input_t){.word = NATS_MORE};
    }
    size_t line = (size_t) (end - window.data) + 1;
    nats_word_t word = s_word (window.data, line);
    return word == NATS_MSG ? s_message (window, line) : (nats_input_t){.word = word, .size = line};
}

bool nats_has_key (bytes_t object, const char *key)
{
    char text[KEY_MAX];
    int size = snprintf (text, sizeof text, "\"%s\":", key);
    return object.size > 0 && memmem (object.data, object.size, text, (size_t) size) != NULL;
}

void nats_put_pub (writer_t *out, const char *subject, const char *reply, bytes_t payload)
{
    char head[HEAD_MAX];
    int size = snprintf (head, sizeof head, "PUB %s %s %zu\r\n", subject, reply, payload.size);
    writer_put (out, head, (size_t) size);
    writer_put (out, payload.data, payload.size);
    writer_put (out, "\r\n", LINE_END);
}
