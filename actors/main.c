//  fepd: read options, run the supervisor, return its verdict.
#include "actors/supervisor.h"
#include "fep/log.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_BYTES 65536
#define KEEP_BYTES (32 * 1024 * 1024)
#define HEAP_BYTES (64 * 1024 * 1024)

static int s_usage (FILE *out, int verdict)
{
    fprintf (out, "usage: fepd -c FILE     run with that configuration\n"
                  "       fepd -t -c FILE  only check it\n"
                  "       fepd -s          print a sample configuration with all defaults\n"
                  "       fepd -V          print the version\n");
    return verdict;
}

static int s_sample (void)
{
    static char memory[SAMPLE_BYTES];
    writer_t out = writer_of (memory, sizeof memory);
    if (config_sample (&out) != FEP_OK) {
        return 1;
    }
    fwrite (out.data, 1, out.size, stdout);
    return 0;
}

int main (int argc, char **argv)
{
    const char *path = NULL;
    int only_check = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp (argv[i], "-c") == 0 && i + 1 < argc) {
            path = argv[++i];
        } else if (strcmp (argv[i], "-t") == 0) {
            only_check = 1;
        } else if (strcmp (argv[i], "-s") == 0) {
            return s_sample ();
        } else if (strcmp (argv[i], "-V") == 0) {
            printf ("fepd %s\n", FEP_RELEASE);
            return 0;
        } else {
            return s_usage (stderr, 2);
        }
    }
    if (!path) {
        return s_usage (stderr, 2);
    }
    char fault[512];
    config_t *config = NULL;
    if (config_load (path, &config, fault, sizeof fault) != FEP_OK) {
        fprintf (stderr, "%s\n", fault);
        return 1;
    }
    //  Commit buffers and messages come and go by the thousand: keep their memory instead of giving it back.
    mallopt (M_MMAP_THRESHOLD, KEEP_BYTES);
    mallopt (M_TRIM_THRESHOLD, KEEP_BYTES);
    //  A heap of a thread is made writable at once, not by a call for each page; what is not used takes no memory.
    mallopt (M_TOP_PAD, HEAP_BYTES);
    log_level_t level;
    if (log_level_parse (config->log.level, &level)) {
        log_set_level (level);
    }
    if (only_check) {
        config_destroy (&config);
        return 0;
    }
    return supervisor_run (&config, path);
}
