//  Connections per address: limits, and the table against a plain array.
#include "tests/test.h"
#include "actors/peers.h"
#include <stdbool.h>
#include <string.h>

#define ADDRESSES 200
#define LIMIT 150

static uint64_t s_seed;

static uint32_t s_random (uint32_t below)
{
    s_seed = s_seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (s_seed >> 33) % below;
}

static void s_ip (uint8_t ip[16], uint32_t i)
{
    memset (ip, 0, 16);
    ip[10] = ip[11] = 0xFF;
    ip[12] = 10;
    ip[14] = (uint8_t) (i >> 8);
    ip[15] = (uint8_t) i;
}

static void test_limits (void **state)
{
    (void) state;
    peers_t *peers = peers_new (10);
    uint8_t ip[16];
    s_ip (ip, 1);
    CHECK_OK (peers_join (peers, ip, 4, 2));
    CHECK_OK (peers_join (peers, ip, 4, 2));
    CHECK_ERR (peers_join (peers, ip, 4, 2), FEP_LIMIT);
    peers_identified (peers, ip);
    CHECK_OK (peers_join (peers, ip, 4, 2));
    peers_identified (peers, ip);
    peers_identified (peers, ip);
    CHECK_OK (peers_join (peers, ip, 4, 2));
    CHECK_ERR (peers_join (peers, ip, 4, 2), FEP_FULL);
    assert_int_equal (peers_count (peers), 1);
    peers_leave (peers, ip, false);
    CHECK_OK (peers_join (peers, ip, 4, 2));
    peers_leave (peers, ip, true);
    peers_leave (peers, ip, true);
    peers_leave (peers, ip, false);
    peers_leave (peers, ip, false);
    assert_int_equal (peers_count (peers), 0);
    CHECK_OK (peers_join (peers, ip, 1, 1));
    CHECK_ERR (peers_join (peers, ip, 1, 1), FEP_FULL);
    peers_destroy (&peers);
    peers_destroy (&peers);
}

//  A table full of addresses refuses another one, and lets those it knows have more.
static void test_table_full (void **state)
{
    (void) state;
    peers_t *peers = peers_new (20);
    uint8_t ip[16];
    for (uint32_t i = 0; i < 20; i++) {
        s_ip (ip, i);
        CHECK_OK (peers_join (peers, ip, 9, 9));
    }
    s_ip (ip, 20);
    CHECK_ERR (peers_join (peers, ip, 9, 9), FEP_FULL);
    s_ip (ip, 3);
    CHECK_OK (peers_join (peers, ip, 9, 9));
    peers_leave (peers, ip, true);
    peers_leave (peers, ip, true);
    s_ip (ip, 20);
    CHECK_OK (peers_join (peers, ip, 9, 9));
    assert_int_equal (peers_count (peers), 20);
    peers_destroy (&peers);
}

typedef struct {
    uint32_t total;  //  Connections
    uint32_t fresh;  //  Of which nobody has identified
} model_t;

static void s_step (peers_t *peers, model_t *models, size_t *used)
{
    uint8_t ip[16];
    uint32_t i = s_random (ADDRESSES);
    model_t *model = &models[i];
    s_ip (ip, i);
    uint32_t what = s_random (5);
    if (what < 2) {
        bool many = model->total >= 5 || (!model->total && *used == LIMIT);
        bool full = many || (model->total && model->fresh >= 3);
        CHECK_ERR (peers_join (peers, ip, 5, 3), many ? FEP_FULL : full ? FEP_LIMIT : FEP_OK);
        *used += !full && !model->total ? 1 : 0;
        model->total += full ? 0 : 1;
        model->fresh += full ? 0 : 1;
    } else if (what == 2 && model->fresh) {
        peers_identified (peers, ip);
        model->fresh--;
    } else if (what > 2 && model->total) {
        bool fresh = model->fresh && (model->fresh == model->total || s_random (2));
        peers_leave (peers, ip, fresh);
        model->total--;
        model->fresh -= fresh ? 1 : 0;
        *used -= model->total ? 0 : 1;
    }
    assert_int_equal (peers_count (peers), *used);
}

static void test_against_an_array (void **state)
{
    (void) state;
    static model_t models[ADDRESSES];
    peers_t *peers = peers_new (LIMIT);
    size_t used = 0;
    s_seed = 11;
    for (int round = 0; round < 100000; round++) {
        s_step (peers, models, &used);
    }
    assert_true (used > 50);
    peers_destroy (&peers);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_limits),
        cmocka_unit_test (test_table_full),
        cmocka_unit_test (test_against_an_array),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
