//  Fuzzing of one codec, FUZZ_CODEC: alone, and with a session that speaks it. See harness.h.
#include "tests/fuzz/codec/harness.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    const codec_t *codec = codec_find (FUZZ_CODEC);
    FEP_ASSERT (codec);
    if (size == 0) {
        return 0;
    }
    bytes_t rest = bytes_of (data + 1, size - 1);
    if (data[0] & 1) {
        fuzz_session (codec, rest);
    } else {
        fuzz_talk (codec, rest);
    }
    return 0;
}
