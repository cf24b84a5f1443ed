//  Counters and gauges of the whole process; metrics.def is the list. Any thread; relaxed atomics.
#ifndef FEP_METRICS_H
#define FEP_METRICS_H

#include "fep/error.h"
#include "fep/wire.h"

typedef enum {
#define METRIC(name, kind, meaning) METRIC_##name,
#include "fep/metrics.def"
#undef METRIC
    METRIC_COUNT
} metric_t;

void metric_add (metric_t metric, int64_t delta);
void metric_set (metric_t metric, int64_t value);
int64_t metric_get (metric_t metric);
const char *metric_name (metric_t metric);
const char *metric_meaning (metric_t metric);

//  Counts a refused frame: its reason, and frames_refused.
void metric_refused (fep_err_t reason);
int64_t metric_refused_get (fep_err_t reason);

//  Latency of a commit in microseconds, kept as a histogram of powers of two over the process' life.
void metric_commit_us (int64_t us);
//  Upper bound of the bucket that holds the quantile (0..1); 0 if nothing was counted.
int64_t metric_commit_quantile_us (double quantile);

//  Appends {"name": value, ...} of every metric.
void metrics_wire (writer_t *out);
//  Appends {"CHECKSUM": n, ...} of every reason counted at least once.
void metrics_refused_wire (writer_t *out);

#endif
