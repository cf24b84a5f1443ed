//  Counters of metrics.def as relaxed atomics: each is exact, a set of them is not one instant.
#include "fep/metrics.h"
#include <stdatomic.h>

//  Bucket b counts what took at most 2^b us (and more than the bucket before); the last takes the
//  rest.
#define BUCKETS 48

static const struct {
    const char *name;     //  As in STATUS
    const char *meaning;  //  One sentence
} s_metrics[] = {
#define METRIC(name, kind, meaning) {#name, meaning},
#include "fep/metrics.def"
#undef METRIC
};

//  Each in a cache line of its own: threads count different things at the same time.
static struct {
    _Alignas(64) _Atomic int64_t value;  //  Now
} s_values[METRIC_COUNT];
static _Atomic int64_t s_refused[FEP_ERR_COUNT];
static _Atomic int64_t s_commits[BUCKETS];

void metric_add (metric_t metric, int64_t delta)
{
    FEP_ASSERT ((unsigned) metric < METRIC_COUNT);
    atomic_fetch_add_explicit (&s_values[metric].value, delta, memory_order_relaxed);
}

void metric_set (metric_t metric, int64_t value)
{
    FEP_ASSERT ((unsigned) metric < METRIC_COUNT);
    atomic_store_explicit (&s_values[metric].value, value, memory_order_relaxed);
}

int64_t metric_get (metric_t metric)
{
    FEP_ASSERT ((unsigned) metric < METRIC_COUNT);
    return atomic_load_explicit (&s_values[metric].value, memory_order_relaxed);
}

const char *metric_name (metric_t metric)
{
    FEP_ASSERT ((unsigned) metric < METRIC_COUNT);
    return s_metrics[metric].name;
}

const char *metric_meaning (metric_t metric)
{
    FEP_ASSERT ((unsigned) metric < METRIC_COUNT);
    return s_metrics[metric].meaning;
}

void metric_refused (fep_err_t reason)
{
    FEP_ASSERT ((unsigned) reason < FEP_ERR_COUNT);
    atomic_fetch_add_explicit (&s_refused[reason], 1, memory_order_relaxed);
    metric_add (METRIC_frames_refused, 1);
}

int64_t metric_refused_get (fep_err_t reason)
{
    FEP_ASSERT ((unsigned) reason < FEP_ERR_COUNT);
    return atomic_load_explicit (&s_refused[reason], memory_order_relaxed);
}

void metric_commit_us (int64_t us)
{
    unsigned bucket = us > 1 ? 64 - (unsigned) __builtin_clzll ((uint64_t) us - 1) : 0;
    if (bucket >= BUCKETS) {
        bucket = BUCKETS - 1;
    }
    atomic_fetch_add_explicit (&s_commits[bucket], 1, memory_order_relaxed);
}

int64_t metric_commit_quantile_us (double quantile)
{
    int64_t counts[BUCKETS];
    int64_t total = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        counts[i] = atomic_load_explicit (&s_commits[i], memory_order_relaxed);
        total += counts[i];
    }
    if (total == 0) {
        return 0;
    }
    int64_t seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += counts[i];
        if (seen > 0 && (double) seen >= quantile * (double) total) {
            return (int64_t) 1 << i;
        }
    }
    return (int64_t) 1 << (BUCKETS - 1);
}

void metrics_wire (writer_t *out)
{
    wire_put_map (out, METRIC_COUNT);
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        wire_pair_int (out, s_metrics[i].name, metric_get ((metric_t) i));
    }
}

void metrics_refused_wire (writer_t *out)
{
    size_t mark = wire_open_map (out);
    uint32_t count = 0;
    for (unsigned i = 0; i < FEP_ERR_COUNT; i++) {
        int64_t refused = metric_refused_get ((fep_err_t) i);
        if (refused) {
            wire_pair_int (out, fep_err_name ((fep_err_t) i), refused);
            count++;
        }
    }
    wire_close_map (out, mark, count);
}
