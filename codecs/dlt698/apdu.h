//  Numbers of the application layer of DL/T 698.45.
#ifndef CODECS_DLT698_APDU_H
#define CODECS_DLT698_APDU_H

//  First byte of an APDU. An answer's is its request's with bit 7.
enum {
    APDU_LINK_REQUEST = 0x01,
    APDU_CONNECT = 0x02,
    APDU_RELEASE = 0x03,
    APDU_GET = 0x05,
    APDU_SET = 0x06,
    APDU_ACTION = 0x07,
    APDU_REPORT_RESPONSE = 0x08,
    APDU_PROXY = 0x09,
    APDU_SECURITY = 0x10,
    APDU_ERROR = 0x6E,
    APDU_LINK_RESPONSE = 0x81,
    APDU_CONNECT_RESPONSE = 0x82,
    APDU_RELEASE_RESPONSE = 0x83,
    APDU_RELEASE_NOTE = 0x84,
    APDU_GET_RESPONSE = 0x85,
    APDU_SET_RESPONSE = 0x86,
    APDU_ACTION_RESPONSE = 0x87,
    APDU_REPORT = 0x88,
    APDU_PROXY_RESPONSE = 0x89,
    APDU_SECURITY_RESPONSE = 0x90,
    APDU_ERROR_RESPONSE = 0xEE,
    APDU_ANSWER = 0x80  //  The bit
};

//  Choices, the byte behind it.
enum { GET_ONE = 1, GET_LIST, GET_RECORD, GET_RECORDS, GET_NEXT };
enum { SET_ONE = 1, SET_LIST, SET_THEN_GET };
enum { ACTION_ONE = 1, ACTION_LIST, ACTION_THEN_GET };
enum { REPORT_LIST = 1, REPORT_RECORDS, REPORT_TRANSPARENT };
enum {
    PROXY_GET_LIST = 1,
    PROXY_GET_RECORD,
    PROXY_SET_LIST,
    PROXY_SET_THEN_GET,
    PROXY_ACTION_LIST,
    PROXY_ACTION_THEN_GET,
    PROXY_TRANSPARENT
};

//  Types of a LINK-Request.
enum { LINK_LOGIN, LINK_HEARTBEAT, LINK_LOGOUT };

//  PIID and PIID-ACD.
enum { PIID_NUMBER = 0x3F, PIID_ACD = 0x40, PIID_PRIORITY = 0x80 };

//  DARs: no such object in this class or at all; what was to be asked did not answer.
enum { DAR_UNDEFINED = 4, DAR_NOT_THERE = 6, DAR_TIMEOUT = 33 };

//  Refusals that are no DAR, as answer codes: what an ERROR says, and the result of a CONNECT.
enum { D698_CONNECT_CODES = 0xD0, D698_ERROR_CODES = 0xE0 };

//  Objects with a meaning of their own to the codec: OAD, OMD.
#define OAD_EVENT_START 0x201E0200u
#define OAD_EVENT_END 0x20200200u
#define OAD_FREEZE_TIME 0x20210200u
#define OAD_EVENT_NUMBER 0x20220200u
#define OAD_FREEZE_NUMBER 0x20230200u
#define OAD_EVENT_SOURCE 0x20240200u
#define OAD_SERVER_ADDRESS 0x202A0200u
#define OAD_NEW_EVENTS 0x33200200u
#define OAD_CLOCK 0x40000200u
#define OAD_OWN_ADDRESS 0x40010200u
#define OAD_STORE 0x60120300u
#define OAD_TASK_START 0x60400200u
#define OAD_TASK_SUCCESS 0x60410200u
#define OAD_TASK_STORED 0x60420200u
#define OAD_RELAY 0xF2050201u
#define OAD_PORT_CARRIER 0xF2090201u
#define OAD_PORT_RS485 0xF2010200u  //  Low byte: number of the port
#define OMD_FORWARD 0xF2097F00u

#endif
