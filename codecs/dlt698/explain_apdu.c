//  Application layer as JSON: one function for each APDU, found by its first byte.
#include "codecs/dlt698/apdu.h"
#include "codecs/dlt698/explain.h"

enum { SECURITY_DEPTH = 2 };

typedef void (show_t) (json_t *out, reader_t *in);

static void s_objects (json_t *out, reader_t *in, show_t *parts)
{
    json_array (out);
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        json_object (out);
        parts (out, in);
        json_object_end (out);
    }
    json_array_end (out);
}

static void s_pair_object (json_t *out, const char *key, reader_t *in, show_t *parts)
{
    json_key (out, key);
    json_object (out);
    parts (out, in);
    json_object_end (out);
}

static void s_oad (json_t *out, reader_t *in)
{
    d698_pair_next_upper (out, "oad", in, 4);
}

static void s_oads (json_t *out, reader_t *in)
{
    json_array (out);
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        d698_json_upper (out, reader_bytes (in, 4));
    }
    json_array_end (out);
}

static void s_pair_data (json_t *out, const char *key, reader_t *in)
{
    json_key (out, key);
    d698_json_data (out, in);
}

static void s_tsa (json_t *out, reader_t *in)
{
    json_key (out, "tsa");
    d698_json_tsa (out, in);
}

//  ---- Tails ----

static void s_time_tag (json_t *out, reader_t *in)
{
    json_key (out, "time_tag");
    if (reader_left (in) == 0 || reader_u8 (in) == 0) {
        json_null (out);
        return;
    }
    json_object (out);
    json_key (out, "time");
    d698_json_date_time (out, reader_take (in, D698_DATE_TIME_S), D698_DATE_TIME_S);
    d698_json_ti (out, in);
    json_object_end (out);
}

static void s_result_normal (json_t *out, reader_t *in)
{
    s_oad (out, in);
    if (reader_u8 (in) == 0) {
        json_pair_int (out, "dar", reader_u8 (in));
    } else {
        s_pair_data (out, "data", in);
    }
}

static void s_rows (json_t *out, reader_t *in, size_t columns)
{
    json_key (out, "rows");
    json_array (out);
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        json_array (out);
        for (size_t i = 0; i < columns && !in->failed; i++) {
            d698_json_data (out, in);
        }
        json_array_end (out);
    }
    json_array_end (out);
}

static void s_result_record (json_t *out, reader_t *in)
{
    s_oad (out, in);
    json_key (out, "rcsd");
    reader_t peek = *in;
    bytes_t rcsd = d698_take_rcsd (&peek);
    d698_json_rcsd (out, in);
    if (reader_u8 (in) == 0) {
        json_pair_int (out, "dar", reader_u8 (in));
    } else if (!peek.failed) {
        s_rows (out, in, d698_columns (rcsd));
    }
}

//  By choice 1 or 2: results or records.
static void s_results (json_t *out, reader_t *in, uint8_t choice)
{
    if (choice != 1 && choice != 2) {
        in->failed = true;
        return;
    }
    json_key (out, choice == 1 ? "results" : "records");
    s_objects (out, in, choice == 1 ? s_result_normal : s_result_record);
}

static void s_answer_tail (json_t *out, reader_t *in)
{
    json_key (out, "follow_report");
    if (reader_left (in) == 0 || reader_u8 (in) == 0) {
        json_null (out);
    } else {
        uint8_t choice = reader_u8 (in);
        json_object (out);
        json_pair_int (out, "choice", choice);
        s_results (out, in, choice);
        json_object_end (out);
    }
    s_time_tag (out, in);
}

static void s_piid (json_t *out, reader_t *in)
{
    d698_pair_next_upper (out, "piid", in, 1);
}

static uint8_t s_choice (json_t *out, reader_t *in)
{
    uint8_t choice = reader_u8 (in);
    json_pair_int (out, "choice", choice);
    s_piid (out, in);
    return choice;
}

//  ---- Link and connection ----

static void s_pair_date_time (json_t *out, const char *key, reader_t *in, size_t size)
{
    json_key (out, key);
    d698_json_date_time (out, reader_take (in, size), size);
}

static void s_link_request (json_t *out, reader_t *in)
{
    static const char *const types[] = {"login", "heartbeat", "logout"};
    d698_pair_next_upper (out, "piid_acd", in, 1);
    uint8_t type = reader_u8 (in);
    if (type > LINK_LOGOUT) {
        json_pair_int (out, "type", type);
    } else {
        json_pair_text (out, "type", types[type]);
    }
    json_pair_int (out, "heartbeat_s", reader_u16be (in));
    s_pair_date_time (out, "time", in, D698_DATE_TIME);
}

static void s_link_response (json_t *out, reader_t *in)
{
    s_piid (out, in);
    d698_pair_next_upper (out, "result", in, 1);
    s_pair_date_time (out, "req_time", in, D698_DATE_TIME);
    s_pair_date_time (out, "recv_time", in, D698_DATE_TIME);
    s_pair_date_time (out, "resp_time", in, D698_DATE_TIME);
}

static void s_limits (json_t *out, reader_t *in)
{
    json_pair_int (out, "tx", reader_u16be (in));
    json_pair_int (out, "rx", reader_u16be (in));
    json_pair_int (out, "win", reader_u8 (in));
    json_pair_int (out, "apdu_max", reader_u16be (in));
    json_pair_int (out, "timeout", reader_u32be (in));
}

static void s_versions (json_t *out, reader_t *in)
{
    json_pair_int (out, "ver", reader_u16be (in));
    d698_pair_next_hex (out, "proto", in, 8);
    d698_pair_next_hex (out, "func", in, 16);
    s_limits (out, in);
}

static void s_connect (json_t *out, reader_t *in)
{
    s_piid (out, in);
    s_versions (out, in);
    uint8_t mechanism = reader_u8 (in);
    json_pair_int (out, "mech", mechanism);
    if (mechanism == 1) {
        json_key (out, "password");
        json_string (out, reader_bytes (in, d698_length (in)));
    } else if (mechanism > 1) {
        d698_pair_next_hex (out, "cipher", in, d698_length (in));
        d698_pair_next_hex (out, "sign", in, d698_length (in));
    }
    s_time_tag (out, in);
}

static void s_factory (json_t *out, reader_t *in)
{
    static const struct {
        const char *key;
        size_t size;
    } parts[] = {{"vendor", 4}, {"sw_ver", 4},  {"sw_date", 6},
                 {"hw_ver", 4}, {"hw_date", 6}, {"extension", 8}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_key (out, parts[i].key);
        json_string (out, reader_bytes (in, parts[i].size));
    }
}

static void s_connect_response (json_t *out, reader_t *in)
{
    s_piid (out, in);
    s_pair_object (out, "factory", in, s_factory);
    s_versions (out, in);
    json_pair_int (out, "result", reader_u8 (in));
    if (reader_u8 (in)) {
        d698_pair_next_hex (out, "rn", in, d698_length (in));
        d698_pair_next_hex (out, "sign", in, d698_length (in));
    }
    s_answer_tail (out, in);
}

static void s_release (json_t *out, reader_t *in)
{
    s_piid (out, in);
    s_time_tag (out, in);
}

static void s_release_response (json_t *out, reader_t *in)
{
    s_piid (out, in);
    json_pair_int (out, "result", reader_u8 (in));
    s_answer_tail (out, in);
}

static void s_release_note (json_t *out, reader_t *in)
{
    s_piid (out, in);
    s_pair_date_time (out, "since", in, D698_DATE_TIME_S);
    s_pair_date_time (out, "now", in, D698_DATE_TIME_S);
    s_answer_tail (out, in);
}

static void s_error (json_t *out, reader_t *in)
{
    s_piid (out, in);
    json_pair_int (out, "type", reader_u8 (in));
    s_time_tag (out, in);
}

static void s_error_response (json_t *out, reader_t *in)
{
    s_piid (out, in);
    json_pair_int (out, "type", reader_u8 (in));
    s_answer_tail (out, in);
}

//  ---- Reading ----

static void s_record (json_t *out, reader_t *in)
{
    s_oad (out, in);
    json_key (out, "rsd");
    d698_json_rsd (out, in);
    json_key (out, "rcsd");
    d698_json_rcsd (out, in);
}

static void s_get (json_t *out, reader_t *in)
{
    switch (s_choice (out, in)) {
    case GET_ONE:
        s_oad (out, in);
        break;
    case GET_LIST:
        json_key (out, "oads");
        s_oads (out, in);
        break;
    case GET_RECORD:
        s_pair_object (out, "record", in, s_record);
        break;
    case GET_RECORDS:
        json_key (out, "records");
        s_objects (out, in, s_record);
        break;
    case GET_NEXT:
        json_pair_int (out, "block", reader_u16be (in));
        break;
    default:
        in->failed = true;
    }
    s_time_tag (out, in);
}

static void s_block (json_t *out, reader_t *in)
{
    json_pair_bool (out, "last", reader_u8 (in) != 0);
    json_pair_int (out, "block", reader_u16be (in));
    uint8_t choice = reader_u8 (in);
    if (choice == 0) {
        json_pair_int (out, "dar", reader_u8 (in));
    } else {
        s_results (out, in, choice);
    }
}

static void s_get_response (json_t *out, reader_t *in)
{
    switch (s_choice (out, in)) {
    case GET_ONE:
        s_pair_object (out, "result", in, s_result_normal);
        break;
    case GET_LIST:
        s_results (out, in, 1);
        break;
    case GET_RECORD:
        s_pair_object (out, "record", in, s_result_record);
        break;
    case GET_RECORDS:
        s_results (out, in, 2);
        break;
    case GET_NEXT:
        s_block (out, in);
        break;
    default:
        in->failed = true;
    }
    s_answer_tail (out, in);
}

static void s_report (json_t *out, reader_t *in)
{
    uint8_t choice = s_choice (out, in);
    if (choice == REPORT_TRANSPARENT) {
        d698_pair_next_upper (out, "port", in, 4);
        json_key (out, "frames");
        json_array (out);
        for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
            json_hex (out, reader_bytes (in, d698_length (in)));
        }
        json_array_end (out);
    } else {
        s_results (out, in, choice);
    }
    s_answer_tail (out, in);
}

static void s_report_response (json_t *out, reader_t *in)
{
    if (s_choice (out, in) != REPORT_TRANSPARENT) {
        json_key (out, "oads");
        s_oads (out, in);
    }
    s_time_tag (out, in);
}

//  ---- Writing and acting ----

static void s_then_get (json_t *out, reader_t *in)
{
    d698_pair_next_upper (out, "get", in, 4);
    json_pair_int (out, "delay", reader_u8 (in));
}

static void s_set_item (json_t *out, reader_t *in)
{
    s_oad (out, in);
    s_pair_data (out, "data", in);
}

static void s_set_get_item (json_t *out, reader_t *in)
{
    s_set_item (out, in);
    s_then_get (out, in);
}

static void s_action_item (json_t *out, reader_t *in)
{
    d698_pair_next_upper (out, "omd", in, 4);
    s_pair_data (out, "param", in);
}

static void s_action_get_item (json_t *out, reader_t *in)
{
    s_action_item (out, in);
    s_then_get (out, in);
}

static void s_set_result (json_t *out, reader_t *in)
{
    s_oad (out, in);
    json_pair_int (out, "dar", reader_u8 (in));
}

static void s_set_get_result (json_t *out, reader_t *in)
{
    s_set_result (out, in);
    s_pair_object (out, "get", in, s_result_normal);
}

static void s_action_result (json_t *out, reader_t *in)
{
    d698_pair_next_upper (out, "omd", in, 4);
    json_pair_int (out, "dar", reader_u8 (in));
    if (reader_u8 (in)) {
        s_pair_data (out, "data", in);
    }
}

static void s_action_get_result (json_t *out, reader_t *in)
{
    s_action_result (out, in);
    s_pair_object (out, "get", in, s_result_normal);
}

//  Choices 1 (one), 2 and 3 (lists).
typedef struct {
    const char *one;  //  Keys
    const char *list;
    const char *then;
    show_t *item;       //  Of choices 1 and 2
    show_t *then_item;  //  Of choice 3
} writes_t;

static void s_writes (json_t *out, reader_t *in, const writes_t *writes)
{
    uint8_t choice = s_choice (out, in);
    if (choice == 1) {
        s_pair_object (out, writes->one, in, writes->item);
    } else if (choice == 2 || choice == 3) {
        json_key (out, choice == 2 ? writes->list : writes->then);
        s_objects (out, in, choice == 2 ? writes->item : writes->then_item);
    } else {
        in->failed = true;
    }
}

static void s_set (json_t *out, reader_t *in)
{
    static const writes_t writes = {"set", "sets", "setget", s_set_item, s_set_get_item};
    s_writes (out, in, &writes);
    s_time_tag (out, in);
}

static void s_set_response (json_t *out, reader_t *in)
{
    static const writes_t writes = {"result", "results", "results", s_set_result, s_set_get_result};
    s_writes (out, in, &writes);
    s_answer_tail (out, in);
}

static void s_action (json_t *out, reader_t *in)
{
    static const writes_t writes = {"action", "actions", "actget", s_action_item,
                                    s_action_get_item};
    s_writes (out, in, &writes);
    s_time_tag (out, in);
}

static void s_action_response (json_t *out, reader_t *in)
{
    static const writes_t writes = {"result", "results", "results", s_action_result,
                                    s_action_get_result};
    s_writes (out, in, &writes);
    s_answer_tail (out, in);
}

//  ---- Proxy ----

//  What a proxy does for each meter; by choice.
typedef struct {
    const char *key;
    show_t *item;  //  NULL: a list of OAD
} proxied_t;

static void s_targets (json_t *out, reader_t *in, const proxied_t *proxied, bool request)
{
    json_key (out, "targets");
    json_array (out);
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        json_object (out);
        s_tsa (out, in);
        if (request) {
            json_pair_int (out, "timeout", reader_u16be (in));
        }
        json_key (out, proxied->key);
        if (proxied->item) {
            s_objects (out, in, proxied->item);
        } else {
            s_oads (out, in);
        }
        json_object_end (out);
    }
    json_array_end (out);
}

static void s_transparent (json_t *out, reader_t *in)
{
    d698_pair_next_upper (out, "port", in, 4);
    json_key (out, "comdcb");
    json_array (out);
    for (int i = 0; i < D698_COMDCB; i++) {
        json_int (out, reader_u8 (in));
    }
    json_array_end (out);
    json_pair_int (out, "frame_timeout_s", reader_u16be (in));
    json_pair_int (out, "byte_timeout_ms", reader_u16be (in));
    d698_pair_next_hex (out, "cmd", in, d698_length (in));
}

static void s_proxy (json_t *out, reader_t *in)
{
    static const proxied_t proxied[] = {[PROXY_GET_LIST] = {"oads", NULL},
                                        [PROXY_SET_LIST] = {"sets", s_set_item},
                                        [PROXY_SET_THEN_GET] = {"setget", s_set_get_item},
                                        [PROXY_ACTION_LIST] = {"actions", s_action_item},
                                        [PROXY_ACTION_THEN_GET] = {"actget", s_action_get_item}};
    uint8_t choice = s_choice (out, in);
    if (choice == PROXY_TRANSPARENT) {
        s_transparent (out, in);
    } else if (choice == 0 || choice > PROXY_TRANSPARENT) {
        in->failed = true;
    } else {
        json_pair_int (out, "timeout", reader_u16be (in));
        if (choice == PROXY_GET_RECORD) {
            s_tsa (out, in);
            s_pair_object (out, "record", in, s_record);
        } else {
            s_targets (out, in, &proxied[choice], true);
        }
    }
    s_time_tag (out, in);
}

static void s_proxy_response (json_t *out, reader_t *in)
{
    static const proxied_t proxied[] = {[PROXY_GET_LIST] = {"results", s_result_normal},
                                        [PROXY_SET_LIST] = {"results", s_set_result},
                                        [PROXY_SET_THEN_GET] = {"results", s_set_get_result},
                                        [PROXY_ACTION_LIST] = {"results", s_action_result},
                                        [PROXY_ACTION_THEN_GET] = {"results", s_action_get_result}};
    uint8_t choice = s_choice (out, in);
    if (choice == PROXY_TRANSPARENT) {
        d698_pair_next_upper (out, "port", in, 4);
        if (reader_u8 (in) == 0) {
            json_pair_int (out, "dar", reader_u8 (in));
        } else {
            d698_pair_next_hex (out, "data", in, d698_length (in));
        }
    } else if (choice == PROXY_GET_RECORD) {
        s_tsa (out, in);
        s_pair_object (out, "record", in, s_result_record);
    } else if (choice == 0 || choice > PROXY_TRANSPARENT) {
        in->failed = true;
    } else {
        s_targets (out, in, &proxied[choice], false);
    }
    s_answer_tail (out, in);
}

//  ---- Security ----

static void s_sid (json_t *out, reader_t *in)
{
    d698_pair_next_upper (out, "sid", in, 4);
    d698_pair_next_hex (out, "add", in, d698_length (in));
}

static void s_sid_mac (json_t *out, reader_t *in)
{
    s_sid (out, in);
    d698_pair_next_hex (out, "mac", in, d698_length (in));
}

static void s_rn_mac (json_t *out, reader_t *in)
{
    d698_pair_next_hex (out, "rn", in, d698_length (in));
    d698_pair_next_hex (out, "mac", in, d698_length (in));
}

//  The protected unit. False: a DAR stands in its place.
static void s_unit (json_t *out, reader_t *in, unsigned depth)
{
    uint8_t kind = reader_u8 (in);
    if (kind == 2) {
        json_pair_text (out, "unit", "dar");
        json_pair_int (out, "dar", reader_u8 (in));
        return;
    }
    bytes_t inner = reader_bytes (in, d698_length (in));
    json_pair_text (out, "unit", kind ? "cipher" : "plain");
    if (kind) {
        in->failed = in->failed || kind != 1;
        json_pair_int (out, "inner_len", (int64_t) inner.size);
        return;
    }
    json_key (out, "inner");
    json_object (out);
    if (!d698_json_apdu (out, inner, depth)) {
        json_pair_hex (out, "raw", inner);
    }
    json_object_end (out);
}

static void s_verification (json_t *out, reader_t *in)
{
    switch (reader_u8 (in)) {
    case 0:
        s_pair_object (out, "sid_mac", in, s_sid_mac);
        return;
    case 1:
        d698_pair_next_hex (out, "rn", in, d698_length (in));
        return;
    case 2:
        s_pair_object (out, "rn_mac", in, s_rn_mac);
        return;
    case 3:
        s_pair_object (out, "sid", in, s_sid);
        return;
    default:
        in->failed = true;
    }
}

static void s_security (json_t *out, reader_t *in, unsigned depth, bool answer)
{
    s_unit (out, in, depth);
    if (!answer) {
        s_verification (out, in);
    } else if (reader_u8 (in)) {
        in->failed = in->failed || reader_u8 (in) != 0;
        d698_pair_next_hex (out, "mac", in, d698_length (in));
    }
}

//  ---- All of them ----

static const struct {
    uint8_t tag;
    const char *name;
    show_t *show;  //  NULL: security
} s_apdus[] = {{APDU_LINK_REQUEST, "LINK-Request", s_link_request},
               {APDU_LINK_RESPONSE, "LINK-Response", s_link_response},
               {APDU_CONNECT, "CONNECT-Request", s_connect},
               {APDU_CONNECT_RESPONSE, "CONNECT-Response", s_connect_response},
               {APDU_RELEASE, "RELEASE-Request", s_release},
               {APDU_RELEASE_RESPONSE, "RELEASE-Response", s_release_response},
               {APDU_RELEASE_NOTE, "RELEASE-Notification", s_release_note},
               {APDU_GET, "GET-Request", s_get},
               {APDU_GET_RESPONSE, "GET-Response", s_get_response},
               {APDU_SET, "SET-Request", s_set},
               {APDU_SET_RESPONSE, "SET-Response", s_set_response},
               {APDU_ACTION, "ACTION-Request", s_action},
               {APDU_ACTION_RESPONSE, "ACTION-Response", s_action_response},
               {APDU_REPORT, "REPORT-Notification", s_report},
               {APDU_REPORT_RESPONSE, "REPORT-Response", s_report_response},
               {APDU_PROXY, "PROXY-Request", s_proxy},
               {APDU_PROXY_RESPONSE, "PROXY-Response", s_proxy_response},
               {APDU_SECURITY, "SECURITY-Request", NULL},
               {APDU_SECURITY_RESPONSE, "SECURITY-Response", NULL},
               {APDU_ERROR, "ERROR-Request", s_error},
               {APDU_ERROR_RESPONSE, "ERROR-Response", s_error_response}};

bool d698_json_apdu (json_t *out, bytes_t apdu, unsigned depth)
{
    json_t before = *out;
    size_t size = out->out->size;
    reader_t in = reader_of (apdu);
    uint8_t tag = reader_u8 (&in);
    size_t i = 0;
    while (i < sizeof s_apdus / sizeof *s_apdus && s_apdus[i].tag != tag) {
        i++;
    }
    if (in.failed || i == sizeof s_apdus / sizeof *s_apdus || depth >= SECURITY_DEPTH) {
        return false;
    }
    json_pair_text (out, "apdu", s_apdus[i].name);
    if (s_apdus[i].show) {
        s_apdus[i].show (out, &in);
    } else {
        s_security (out, &in, depth + 1, tag == APDU_SECURITY_RESPONSE);
    }
    if (!in.failed && reader_left (&in)) {
        json_pair_hex (out, "rest", reader_bytes (&in, reader_left (&in)));
    }
    if (in.failed && !out->out->failed) {
        *out = before;
        out->out->size = size;
    }
    return !in.failed;
}
