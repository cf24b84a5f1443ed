#!/usr/bin/python3
"""Reads hex from stdin, unpacks it with the msgpack library, prints its values as JSON, one per line."""
import json
import sys

import msgpack


def plain(value):
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value


unpacker = msgpack.Unpacker(raw=False)
unpacker.feed(bytes.fromhex(sys.stdin.read()))
for packed in unpacker:
    print(json.dumps(plain(packed), separators=(",", ":")))
