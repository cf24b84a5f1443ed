//  Takes a JSON object apart at its outermost commas.
#include "codecs/own.h"
#include "fep/point.h"

//  A text, or as many as it takes.
static void s_put_field (batch_t *batch, bytes_t name, bytes_t value)
{
    char text[VALUE_TEXT_MAX + 1];
    size_t size = 0;
    for (size_t i = 0; i < name.size + 1 + value.size; i++) {
        if (size == VALUE_TEXT_MAX) {
            text[size] = 0;
            batch_text (batch, POINT_OWN_FIELD, text);
            text[0] = ' ';
            size = 1;
        }
        text[size++] = i < name.size    ? (char) name.data[i]
                       : i == name.size ? ' '
                                        : (char) value.data[i - name.size - 1];
    }
    text[size] = 0;
    batch_text (batch, POINT_OWN_FIELD, text);
}

//  Bytes up to the comma or brace that ends the value at the head.
static size_t s_value_size (bytes_t json)
{
    bool quoted = false;
    int depth = 0;
    for (size_t i = 0; i < json.size; i++) {
        uint8_t c = json.data[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (depth == 0 && (c == ',' || c == '}')) {
            return i;
        } else {
            quoted = c == '"';
            depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
        }
    }
    return json.size;
}

static bytes_t s_unquoted (bytes_t value)
{
    bool quoted = value.size >= 2 && value.data[0] == '"';
    return quoted ? bytes_of (value.data + 1, value.size - 2) : value;
}

static bytes_t s_trimmed (bytes_t value)
{
    while (value.size && value.data[0] == ' ') {
        value = bytes_of (value.data + 1, value.size - 1);
    }
    return value;
}

void own_put (batch_t *batch, const char *object, uint32_t number, bytes_t fields)
{
    batch_text (batch, POINT_OWN_OBJECT, object);
    batch_item (batch, POINT_OWN_NUMBER, value_decimal (number, 0, 0));
    size_t at = 1;
    while (at < fields.size && fields.data[at] != '}') {
        bytes_t rest = s_trimmed (bytes_of (fields.data + at, fields.size - at));
        const uint8_t *colon = memchr (rest.data, ':', rest.size);
        size_t name = colon ? (size_t) (colon - rest.data) : rest.size;
        size_t from = name < rest.size ? name + 1 : name;
        size_t size = s_value_size (bytes_of (rest.data + from, rest.size - from));
        s_put_field (batch, s_unquoted (bytes_of (rest.data, name)),
                     s_unquoted (s_trimmed (bytes_of (rest.data + from, size))));
        at = (size_t) (rest.data - fields.data) + from + size + 1;
    }
}
