//  The fields of a frame, either direction.
#include "codecs/cjt188/parts.h"
#include "fep/text.h"
#include "codecs/cjt188/value.h"

//  Bytes in hex, the last one first.
static void s_reversed (text_t *self, const uint8_t *p, size_t size)
{
    while (size > 0) {
        text_byte (self, "", p[--size]);
    }
}

static void s_pair_byte (json_t *out, const char *key, uint8_t byte)
{
    text_t text = {"", 0};
    text_byte (&text, "", byte);
    json_pair_text (out, key, text.text);
}

static void s_raw (json_t *out, const uint8_t *p, size_t size)
{
    text_t text = {"", 0};
    text_put (&text, "raw:");
    text_hex (&text, p, size, true);
    json_text (out, text.text);
}

//  Zeros behind the second decimal are not shown.
static void s_trim (char *text)
{
    char *point = strchr (text, '.');
    size_t size = strlen (text);
    while (point && text + size > point + 3 && text[size - 1] == '0') {
        text[--size] = 0;
    }
}

static void s_number (json_t *out, const cjt_field_t *field, const uint8_t *p)
{
    char text[160];
    text_t shown = {"", 0};
    value_t value = cjt_number (field, p);
    if (value.kind != VALUE_DECIMAL) {
        s_raw (out, p, field->size);
        return;
    }
    value_text (&value, text, sizeof text);
    s_trim (text);
    text_put (&shown, text);
    if (field->kind == CJT_QUANTITY) {
        const cjt_unit_t *unit = cjt_unit (p[field->size - 1]);
        text_char (&shown, ' ');
        if (unit) {
            text_put (&shown, unit->text);
        } else {
            text_byte (&shown, "unit ", p[field->size - 1]);
        }
    }
    json_text (out, shown.text);
}

static void s_field (json_t *out, const cjt_field_t *field, const cjt_frame_t *frame,
                     const uint8_t *p)
{
    text_t text = {"", 0};
    json_key (out, field->name);
    switch ((cjt_kind_t) field->kind) {
    case CJT_QUANTITY:
    case CJT_NUMBER:
        s_number (out, field, p);
        return;
    case CJT_TIME:
    case CJT_STAMP:
        s_reversed (&text, p, field->size);
        json_text (out, text.text);
        return;
    case CJT_STATUS:
        json_hex (out, bytes_of (p, field->size));
        return;
    case CJT_ADDRESS:
        s_reversed (&text, frame->address, CJT_ADDRESS_SIZE);
        json_text (out, text.text);
        return;
    }
}

static void s_data (json_t *out, const cjt_frame_t *frame, const cjt_head_t *head)
{
    uint8_t class = cjt_class (frame->type);
    const cjt_row_t *row = cjt_find (frame->control & CJT_FUNCTION, head->di,
                                     class ? class : CJT_ANY, head->body.size);
    const uint8_t *p = head->body.data;
    if (!row || row->count == 0 || !(frame->control & CJT_UP) ||
        (!class && row->classes != CJT_ANY)) {
        return;
    }
    json_key (out, "data");
    json_object (out);
    for (size_t i = 0; i < row->count; i++) {
        const cjt_field_t *field = &cjt_fields[row->first + i];
        s_field (out, field, frame, p);
        p += field->size;
    }
    json_object_end (out);
}

//  SER and ST.
static void s_abnormal (json_t *out, bytes_t data)
{
    if (data.size) {
        s_pair_byte (out, "SER", data.data[0]);
    }
    if (data.size > 1) {
        json_pair_hex (out, "ST", bytes_of (data.data + 1, data.size - 1));
    }
}

static void s_head (json_t *out, const cjt_frame_t *frame)
{
    cjt_head_t head = cjt_head (frame->data, false, false);
    bool abnormal = frame->control & CJT_ABNORMAL;
    if (abnormal && frame->data.size <= CJT_DATA_HEAD) {
        s_abnormal (out, frame->data);
        return;
    }
    if (!head.there) {
        if (frame->data.size) {
            json_pair_hex (out, "data_raw", frame->data);
        }
        return;
    }
    text_t di = {"", 0};
    text_byte (&di, "", (uint8_t) (head.di >> 8));
    text_byte (&di, "", (uint8_t) head.di);
    json_pair_hex (out, "DI_wire", bytes_of (head.wire, sizeof head.wire));
    json_pair_text (out, "DI_order", head.big ? "big (as 2004 text)" : "little");
    json_pair_text (out, "DI", di.text);
    s_pair_byte (out, "SER", head.ser);
    if (head.body.size) {
        json_pair_hex (out, "data_raw", head.body);
    }
    if (!abnormal) {
        s_data (out, frame, &head);
    }
}

fep_err_t cjt_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out)
{
    cjt_frame_t self;
    char address[ADDRESS_MAX + 1];
    (void) up;
    (void) options;
    fep_err_t error = cjt_read (frame, &self);
    if (error) {
        return error;
    }
    cjt_address_text (self.address, false, address);
    json_object (out);
    json_pair_int (out, "fe_preamble", self.preamble);
    s_pair_byte (out, "T", self.type);
    json_pair_text (out, "address_A6_A0", address);
    json_pair_hex (out, "address_wire", bytes_of (self.address, CJT_ADDRESS_SIZE));
    s_pair_byte (out, "C", self.control);
    json_pair_int (out, "from_meter", self.control & CJT_UP ? 1 : 0);
    json_pair_int (out, "error", self.control & CJT_ABNORMAL ? 1 : 0);
    s_pair_byte (out, "func", self.control & (CJT_FUNCTION | CJT_FOLLOWS));
    json_pair_int (out, "L", (int64_t) self.data.size);
    s_head (out, &self);
    json_object_end (out);
    return out->out->failed ? FEP_LIMIT : FEP_OK;
}
