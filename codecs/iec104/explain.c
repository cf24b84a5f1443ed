//  The fields of a frame by the standard's names.
#include "codecs/iec104/parts.h"

static void s_quality (json_t *out, uint8_t quality)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } bits[] = {{QDS_OV, "OV"}, {QDS_BL, "BL"}, {QDS_SB, "SB"}, {QDS_NT, "NT"}, {QDS_IV, "IV"}};
    json_key (out, "quality");
    json_array (out);
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        if (quality & bits[i].bit) {
            json_text (out, bits[i].name);
        }
    }
    json_array_end (out);
}

//  To six places; what is too large for them as it is.
static void s_real (json_t *out, const char *key, double real)
{
    const double most = 1e9;
    if (real > -most && real < most) {
        real = (double) (int64_t) (real * 1e6 + (real < 0 ? -0.5 : 0.5)) / 1e6;
    }
    json_key (out, key);
    json_float (out, real);
}

static void s_normalised (json_t *out, int64_t raw)
{
    json_pair_int (out, "raw", raw);
    s_real (out, "value", (double) raw / 32768);
}

//  Monitored values, without their quality.
static void s_monitored (json_t *out, const iec_element_t *element)
{
    switch ((iec_kind_t) element->kind) {
    case ELEMENT_NVA:
    case ELEMENT_NVA_BARE:
    case ELEMENT_PM_NVA:
    case ELEMENT_SE_NVA:
        s_normalised (out, element->number);
        return;
    case ELEMENT_R32:
    case ELEMENT_PM_R32:
    case ELEMENT_SE_R32:
        s_real (out, "value", (double) element->real);
        return;
    case ELEMENT_SCD:
        json_pair_int (out, "status", element->number);
        json_pair_int (out, "change", element->extra);
        return;
    default:
        json_pair_int (out, "value", element->number);
        return;
    }
}

static void s_counter (json_t *out, const iec_element_t *element)
{
    json_pair_int (out, "value", element->number);
    json_pair_int (out, "seq", element->quality & 0x1F);
    json_pair_bool (out, "carry", element->quality & BCR_CY);
    json_pair_bool (out, "adjusted", element->quality & BCR_CA);
    json_pair_bool (out, "invalid", element->quality & QDS_IV);
}

//  Elements of one octet without value: the key of it, and of its upper part.
static bool s_octet (json_t *out, const iec_element_t *element)
{
    static const struct {
        uint8_t kind, shift, mask;  //  Of a field
        const char *key;
        bool truth;  //  A bit, said as one
    } fields[] = {
        {ELEMENT_SCO, 0, 1, "scs", false},      {ELEMENT_SCO, 2, 31, "qu", false},
        {ELEMENT_SCO, 7, 1, "select", true},    {ELEMENT_DCO, 0, 3, "dcs", false},
        {ELEMENT_DCO, 2, 31, "qu", false},      {ELEMENT_DCO, 7, 1, "select", true},
        {ELEMENT_RCO, 0, 3, "rcs", false},      {ELEMENT_RCO, 2, 31, "qu", false},
        {ELEMENT_RCO, 7, 1, "select", true},    {ELEMENT_QOI, 0, 255, "qoi", false},
        {ELEMENT_QCC, 0, 63, "rqt", false},     {ELEMENT_QCC, 6, 3, "frz", false},
        {ELEMENT_QRP, 0, 255, "qrp", false},    {ELEMENT_QPA, 0, 255, "qpa", false},
        {ELEMENT_COI, 0, 127, "coi", false},    {ELEMENT_COI, 7, 1, "parameters_changed", true},
        {ELEMENT_SE_NVA, 0, 127, "ql", false},  {ELEMENT_SE_NVA, 7, 1, "select", true},
        {ELEMENT_SE_SVA, 0, 127, "ql", false},  {ELEMENT_SE_SVA, 7, 1, "select", true},
        {ELEMENT_SE_R32, 0, 127, "ql", false},  {ELEMENT_SE_R32, 7, 1, "select", true},
        {ELEMENT_PM_NVA, 0, 255, "qpm", false}, {ELEMENT_PM_SVA, 0, 255, "qpm", false},
        {ELEMENT_PM_R32, 0, 255, "qpm", false}};
    bool any = false;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (fields[i].kind != element->kind) {
            continue;
        }
        unsigned field = (unsigned) element->flags >> fields[i].shift & fields[i].mask;
        any = true;
        if (fields[i].truth) {
            json_pair_bool (out, fields[i].key, field);
        } else {
            json_pair_int (out, fields[i].key, field);
        }
    }
    return any;
}

static void s_element (json_t *out, const iec_element_t *element)
{
    switch ((iec_kind_t) element->kind) {
    case ELEMENT_NONE:
        return;
    case ELEMENT_BCR:
        s_counter (out, element);
        return;
    case ELEMENT_NVA_BARE:
    case ELEMENT_BSO:
        s_monitored (out, element);
        return;
    case ELEMENT_FBP:
        json_pair_int (out, "fbp", element->number);
        return;
    case ELEMENT_TSC:
        json_pair_int (out, "tsc", element->number);
        return;
    case ELEMENT_CP16:
        json_pair_int (out, "delay_ms", element->number);
        return;
    case ELEMENT_SE_NVA:
    case ELEMENT_SE_SVA:
    case ELEMENT_SE_R32:
    case ELEMENT_PM_NVA:
    case ELEMENT_PM_SVA:
    case ELEMENT_PM_R32:
        s_monitored (out, element);
        (void) s_octet (out, element);
        return;
    default:
        if (s_octet (out, element)) {
            return;
        }
    }
    s_monitored (out, element);
    if (element->kind == ELEMENT_VTI) {
        json_pair_int (out, "transient", element->flags);
    }
    if (element->kind == ELEMENT_SEP || element->kind == ELEMENT_SPE ||
        element->kind == ELEMENT_OCI) {
        json_pair_int (out, "elapsed_ms", element->extra);
    }
    s_quality (out, element->quality);
}

static void s_digits (char *text, int number, size_t size)
{
    for (size_t i = size; i-- > 0; number /= 10) {
        text[i] = (char) ('0' + number % 10);
    }
}

//  IMPLAUSIBLE if the tag is no time and does not say that it is invalid.
static fep_err_t s_time (json_t *out, bytes_t tag)
{
    iec_time_t time = iec_time (tag);
    bool whole = tag.size == TIME_CP56;
    char text[] = "0000-00-00T00:00:00.000";
    if (!time.possible && !time.invalid) {
        return FEP_IMPLAUSIBLE;
    }
    s_digits (text, time.civil.year, 4);
    s_digits (text + 5, time.civil.month, 2);
    s_digits (text + 8, time.civil.day, 2);
    s_digits (text + 11, time.civil.hour, 2);
    s_digits (text + 14, time.civil.minute, 2);
    s_digits (text + 17, time.civil.second, 2);
    s_digits (text + 20, time.ms, 3);
    json_key (out, "time");
    if (time.possible) {
        json_text (out, whole ? text : text + 14);
    } else {
        json_null (out);
    }
    if (time.invalid) {
        json_pair_bool (out, "time_invalid", true);
    }
    if (time.summer) {
        json_pair_bool (out, "summer_time", true);
    }
    if (time.weekday) {
        json_pair_int (out, "day_of_week", time.weekday);
    }
    return FEP_OK;
}

static fep_err_t s_objects (json_t *out, const iec_asdu_t *asdu)
{
    fep_err_t error = FEP_OK;
    json_key (out, "objects");
    json_array (out);
    for (unsigned i = 0; i < asdu->count && !error; i++) {
        iec_object_t object = iec_object (asdu, i);
        iec_element_t element = iec_element (asdu->type, object.element);
        json_object (out);
        json_pair_int (out, "ioa", object.ioa);
        s_element (out, &element);
        error = object.time.size ? s_time (out, object.time) : FEP_OK;
        json_object_end (out);
    }
    json_array_end (out);
    return error;
}

static fep_err_t s_asdu (json_t *out, bytes_t bytes)
{
    const iec_sizes_t sizes = iec_sizes (NULL);
    iec_asdu_t asdu;
    fep_err_t error = iec_asdu_read (bytes, &sizes, &asdu);
    if (error) {
        return error;
    }
    const char *cause = iec_cause_name (asdu.cause);
    json_pair_int (out, "type", asdu.id);
    json_pair_text (out, "name", asdu.type->name);
    json_pair_int (out, "sq", asdu.sequence);
    json_pair_int (out, "count", asdu.count);
    json_pair_int (out, "cot", asdu.cause);
    json_pair_text (out, "cause", cause ? cause : "reserved");
    json_pair_bool (out, "negative", asdu.negative);
    json_pair_bool (out, "test", asdu.test);
    json_pair_int (out, "originator", asdu.originator);
    json_pair_int (out, "ca", asdu.ca);
    return s_objects (out, &asdu);
}

static const char *s_function (uint8_t function)
{
    switch (function) {
    case STARTDT_ACT:
        return "STARTDT_ACT";
    case STARTDT_CON:
        return "STARTDT_CON";
    case STOPDT_ACT:
        return "STOPDT_ACT";
    case STOPDT_CON:
        return "STOPDT_CON";
    case TESTFR_ACT:
        return "TESTFR_ACT";
    default:
        return "TESTFR_CON";
    }
}

fep_err_t iec_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out)
{
    static const char *const formats[] = {"I", "S", "U"};
    iec_apci_t apci;
    (void) up;
    (void) options;
    fep_err_t error = iec_apci_read (frame, &apci);
    if (error) {
        return error;
    }
    json_object (out);
    json_pair_text (out, "format", formats[apci.format]);
    if (apci.format == FORMAT_U) {
        json_pair_text (out, "function", s_function (apci.function));
    }
    if (apci.format == FORMAT_I) {
        json_pair_int (out, "ns", apci.ns);
    }
    if (apci.format != FORMAT_U) {
        json_pair_int (out, "nr", apci.nr);
    }
    if (apci.format == FORMAT_I) {
        error = s_asdu (out, apci.asdu);
    }
    json_object_end (out);
    return error ? error : out->out->failed ? FEP_LIMIT : FEP_OK;
}
