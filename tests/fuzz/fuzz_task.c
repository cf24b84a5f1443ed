//  Any bytes as a task: a fault in words, or a task within its limits that its own text brings back, and slots that
//  go on and come back.
#include "fep/check.h"
#include "fep/task.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define NOW_MS 1793000000000

static void s_check_slots (const task_t *task)
{
    int64_t slot = task_slot (task, NULL, NOW_MS);
    FEP_ASSERT (slot >= NOW_MS);
    if (slot == INT64_MAX) {
        return;
    }
    FEP_ASSERT (task_is_slot (task, NULL, slot));
    int64_t next = task_slot (task, NULL, slot + 1);
    FEP_ASSERT (next > slot);
    FEP_ASSERT (next == INT64_MAX || task_slot_before (task, NULL, next) == slot);
    FEP_ASSERT (task_slot_before (task, NULL, slot) < NOW_MS);
}

static void s_check_text (const task_t *task)
{
    uint8_t room[2][TASK_TEXT_MAX];
    task_t again;
    task_fault_t fault;
    writer_t first = writer_of (room[0], TASK_TEXT_MAX);
    writer_t second = writer_of (room[1], TASK_TEXT_MAX);
    task_format (task, &first);
    FEP_ASSERT (!first.failed && task_parse (writer_bytes (&first), &again, &fault) == FEP_OK);
    task_format (&again, &second);
    FEP_ASSERT (bytes_equal (writer_bytes (&first), writer_bytes (&second)));
}

static void s_check_paused (bytes_t text, const task_t *task)
{
    uint8_t room[TASK_TEXT_MAX + TASK_PAUSED_ROOM];
    task_t other;
    task_fault_t fault;
    writer_t out = writer_of (room, sizeof room);
    task_put_paused (text, !task->paused, &out);
    FEP_ASSERT (!out.failed);
    if (out.size <= TASK_TEXT_MAX) {
        FEP_ASSERT (task_parse (writer_bytes (&out), &other, &fault) == FEP_OK);
        FEP_ASSERT (other.paused != task->paused);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    task_t task;
    task_fault_t fault;
    bytes_t text = bytes_of (data, size);
    if (task_parse (text, &task, &fault)) {
        FEP_ASSERT (strlen (fault.text) > 8);
        return 0;
    }
    FEP_ASSERT (task.name[0] && task.type < TASK_TYPE_COUNT && task.area < AREA_COUNT);
    FEP_ASSERT (task.point_count <= TASK_POINTS_MAX &&
                (task.point_count == 0) == (task.type == TASK_EVENT));
    FEP_ASSERT (task.period_ms == 0 || 86400000 % task.period_ms == 0);
    FEP_ASSERT (task.window_ms > task.offset_ms && task.from_day <= task.to_day);
    FEP_ASSERT (task.share >= 1 && task.share <= 100 && task.priority <= 9);
    s_check_slots (&task);
    s_check_text (&task);
    s_check_paused (text, &task);
    return 0;
}
