//  A process under measurement.
#include "bench/child.h"
#include "fep/clock.h"
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void s_pin (int cpu)
{
    cpu_set_t set;
    CPU_ZERO (&set);
    CPU_SET ((size_t) cpu, &set);
    (void) sched_setaffinity (0, sizeof set, &set);
}

pid_t child_start (char *const argv[], const char *log, int cpu)
{
    pid_t pid = fork ();
    if (pid != 0) {
        return pid;
    }
    int fd = open (log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    (void) prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (cpu >= 0) {
        s_pin (cpu);
    }
    if (fd >= 0) {
        (void) dup2 (fd, STDOUT_FILENO);
        (void) dup2 (fd, STDERR_FILENO);
    }
    execv (argv[0], argv);
    fprintf (stderr, "%s: cannot be started\n", argv[0]);
    _exit (127);
}

bool child_alive (pid_t pid)
{
    siginfo_t info = {0};
    return waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int child_stop (pid_t pid, int64_t timeout_ms)
{
    int status = 0;
    int64_t end = clock_mono_ms () + timeout_ms;
    (void) kill (pid, SIGTERM);
    while (child_alive (pid) && clock_mono_ms () < end) {
        (void) usleep (10000);
    }
    if (child_alive (pid)) {
        (void) kill (pid, SIGKILL);
    }
    return waitpid (pid, &status, 0) == pid && WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

uint64_t child_cpu_ns (pid_t pid)
{
    char path[64];
    char file[384];
    uint64_t sum = 0;
    snprintf (path, sizeof path, "/proc/%d/task", (int) pid);
    DIR *directory = opendir (path);
    if (!directory) {
        return 0;
    }
    for (struct dirent *entry = readdir (directory); entry; entry = readdir (directory)) {
        uint64_t ns = 0;
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf (file, sizeof file, "%s/%s/schedstat", path, entry->d_name);
        FILE *stat = fopen (file, "r");
        if (!stat) {
            continue;
        }
        if (fscanf (stat, "%" SCNu64, &ns) == 1) {
            sum += ns;
        }
        fclose (stat);
    }
    closedir (directory);
    return sum;
}

static child_thread_t *s_thread (child_thread_t threads[CHILD_THREADS_MAX], size_t *count,
                                 const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp (threads[i].name, name) == 0) {
            return &threads[i];
        }
    }
    if (*count == CHILD_THREADS_MAX) {
        return NULL;
    }
    threads[*count] = (child_thread_t){.user_s = 0};
    snprintf (threads[*count].name, sizeof threads->name, "%s", name);
    return &threads[(*count)++];
}

//  "1 (name) S ..." with user and kernel ticks as fields 14 and 15.
static void s_read_thread (const char *path, child_thread_t threads[CHILD_THREADS_MAX],
                           size_t *count)
{
    char line[512];
    unsigned long user, kernel;
    FILE *stat = fopen (path, "r");
    char *text = stat ? fgets (line, sizeof line, stat) : NULL;
    char *name = text ? strchr (text, '(') : NULL;
    char *end = text ? strrchr (text, ')') : NULL;
    if (name && end &&
        sscanf (end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) ==
            2) {
        *end = 0;
        child_thread_t *thread = s_thread (threads, count, name + 1);
        if (thread) {
            thread->user_s += (double) user / (double) sysconf (_SC_CLK_TCK);
            thread->kernel_s += (double) kernel / (double) sysconf (_SC_CLK_TCK);
        }
    }
    if (stat) {
        fclose (stat);
    }
}

size_t child_threads (pid_t pid, child_thread_t threads[CHILD_THREADS_MAX])
{
    char path[64];
    char file[384];
    size_t count = 0;
    snprintf (path, sizeof path, "/proc/%d/task", (int) pid);
    DIR *directory = opendir (path);
    for (struct dirent *entry = directory ? readdir (directory) : NULL; entry;
         entry = readdir (directory)) {
        if (entry->d_name[0] != '.') {
            snprintf (file, sizeof file, "%s/%s/stat", path, entry->d_name);
            s_read_thread (file, threads, &count);
        }
    }
    if (directory) {
        closedir (directory);
    }
    return count;
}

uint64_t child_rss (pid_t pid)
{
    char path[64];
    char line[256];
    uint64_t kib = 0;
    snprintf (path, sizeof path, "/proc/%d/status", (int) pid);
    FILE *status = fopen (path, "r");
    if (!status) {
        return 0;
    }
    while (fgets (line, sizeof line, status)) {
        if (sscanf (line, "VmRSS: %" SCNu64, &kib) == 1) {
            break;
        }
    }
    fclose (status);
    return kib * 1024;
}
