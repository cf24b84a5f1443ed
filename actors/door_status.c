//  Door: STATUS, how the daemon is.
#include "actors/control.h"
#include "actors/session.h"
#include "fep/clock.h"
#include "fep/metrics.h"

static void s_hop (writer_t *out, const char *name, int64_t depth, int64_t stalls)
{
    wire_put_map (out, 3);
    wire_pair_text (out, "name", name);
    wire_pair_int (out, "depth", depth);
    wire_pair_int (out, "stalls", stalls);
}

static void s_hops (writer_t *out)
{
    wire_put_text (out, "hops");
    wire_put_array (out, 7);
    s_hop (out, "connector-validator",
           metric_get (METRIC_batches_sent) - metric_get (METRIC_batches_validated),
           metric_get (METRIC_connector_stalls));
    s_hop (out, "validator-alarm",
           metric_get (METRIC_batches_forwarded) - metric_get (METRIC_alarm_batches_taken),
           metric_get (METRIC_validator_stalls));
    s_hop (out, "alarm-storage",
           metric_get (METRIC_alarm_batches_taken) + metric_get (METRIC_alarm_batches) -
               metric_get (METRIC_batches_taken),
           metric_get (METRIC_alarm_stalls));
    s_hop (out, "storage-journal", metric_get (METRIC_storage_queue),
           metric_get (METRIC_storage_stalls));
    s_hop (out, "journal-publisher", metric_get (METRIC_publisher_behind),
           metric_get (METRIC_hints_dropped));
    s_hop (out, "journal-history", metric_get (METRIC_history_behind),
           metric_get (METRIC_hints_dropped));
    s_hop (out, "journal-account", metric_get (METRIC_account_behind),
           metric_get (METRIC_hints_dropped));
}

static void s_closed (writer_t *out)
{
    uint32_t reasons = 0;
    wire_put_text (out, "closed");
    size_t mark = wire_open_map (out);
    for (int i = 0; i < CLOSE_COUNT; i++) {
        if (close_count ((close_reason_t) i)) {
            wire_pair_int (out, close_name ((close_reason_t) i), close_count ((close_reason_t) i));
            reasons++;
        }
    }
    wire_close_map (out, mark, reasons);
}

static void s_sessions (writer_t *out)
{
    wire_put_text (out, "sessions");
    wire_put_map (out, 5);
    wire_pair_int (out, "fresh", metric_get (METRIC_sessions_fresh));
    wire_pair_int (out, "online", metric_get (METRIC_sessions_online));
    wire_pair_int (out, "waiting", metric_get (METRIC_sessions_waiting));
    wire_pair_int (out, "paused", metric_get (METRIC_sessions_paused));
    wire_pair_int (out, "closing", metric_get (METRIC_sessions_closing));
}

static void s_store (writer_t *out, const store_stats_t *stats)
{
    wire_put_text (out, "store");
    wire_put_map (out, 6);
    wire_pair_uint (out, "head", stats->head);
    wire_pair_uint (out, "first", stats->first);
    wire_pair_uint (out, "free_bytes", stats->free_bytes);
    wire_pair_uint (out, "reserve_bytes", stats->reserve_bytes);
    wire_pair_uint (out, "journal_bytes", stats->journal_bytes);
    wire_put_text (out, "followers");
    wire_put_array (out, (uint32_t) stats->follower_count);
    for (size_t i = 0; i < stats->follower_count; i++) {
        wire_put_map (out, 3);
        wire_pair_text (out, "name", stats->followers[i].name);
        wire_pair_uint (out, "position", stats->followers[i].position);
        uint64_t position = stats->followers[i].position;
        wire_pair_uint (out, "behind", stats->head > position ? stats->head - position : 0);
    }
}

fep_err_t door_STATUS (control_t *self, door_ask_t *ask)
{
    const context_t *context = actor_context (self->actor);
    writer_t *out = &ask->out;
    store_stats_t stats;
    store_stats (context->store, &stats);
    wire_put_map (out, 19);
    wire_pair_int (out, "token", ask->token);
    wire_pair_text (out, "node", actor_config (self->actor)->node.name);
    wire_pair_text (out, "version", FEP_RELEASE);
    wire_pair_int (out, "uptime_ms", clock_wall_ms () - context->started_ms);
    wire_pair_uint (out, "boot", context->boot);
    wire_pair_uint (out, "epoch", context->epoch);
    wire_pair_uint (out, "head", stats.head);
    wire_pair_uint (out, "first", stats.first);
    wire_pair_uint (out, "terminals", archive_count (context->archive));
    wire_pair_uint (out, "terminals_online", directory_online (self->directory));
    wire_pair_int (out, "commits", metric_get (METRIC_commits));
    wire_put_text (out, "feed");
    wire_put_map (out, 3);
    wire_pair_uint (out, "epoch", context->epoch);
    wire_pair_uint (out, "sequence", stats.head - (uint64_t) metric_get (METRIC_publisher_behind));
    wire_pair_int (out, "publications", metric_get (METRIC_publications));
    wire_put_text (out, "commit_us");
    wire_put_map (out, 2);
    wire_pair_int (out, "p50", metric_commit_quantile_us (0.5));
    wire_pair_int (out, "p99", metric_commit_quantile_us (0.99));
    s_sessions (out);
    s_hops (out);
    s_store (out, &stats);
    s_closed (out);
    wire_put_text (out, "refused");
    metrics_refused_wire (out);
    wire_put_text (out, "metrics");
    metrics_wire (out);
    return FEP_OK;
}
