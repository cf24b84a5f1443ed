//  Any bytes as an option file: a fault with its place, or a configuration that its own sample
//  rules accept.
#include "fep/config.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static uint8_t wire[2u << 20];
    char fault[256];
    config_t *config = NULL;
    fep_err_t error = config_parse (bytes_of (data, size), "f", &config, fault, sizeof fault);
    if (error) {
        FEP_ASSERT (!config);
        FEP_ASSERT (strncmp (fault, "f:", 2) == 0 && strlen (fault) > 8);
        return 0;
    }
    FEP_ASSERT (config && config->listener_count >= 1);
    FEP_ASSERT (config->listener_count <= CONFIG_LISTENERS_MAX && fault[0] == 0);
    FEP_ASSERT (config->feed.port >= 1 && config->feed.port <= 65535);
    writer_t out = writer_of (wire, sizeof wire);
    config_wire (config, &out);
    reader_t in = reader_of (writer_bytes (&out));
    wire_skip (&in);
    FEP_ASSERT (!out.failed && !in.failed && reader_left (&in) == 0);
    config_destroy (&config);
    return 0;
}
