#!/usr/bin/python3
"""Prints readings as they are published: subscribe.py [--feed tcp://127.0.0.1:7601] (or FEP_FEED)."""
import argparse, decimal, os, msgpack, zmq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--feed", default=os.environ.get("FEP_FEED", "tcp://127.0.0.1:7601"))
parser.add_argument("--topic", default="reading/", help="a prefix of kind/area")
args = parser.parse_args()
feed = zmq.Context().socket(zmq.SUB)
feed.subscribe(args.topic)
feed.connect(args.feed)
while True:
    topic, head, body = feed.recv_multipart()
    version, what, epoch, sequence, prev, time_ms = msgpack.unpackb(head)[:6]
    for index, message in msgpack.unpackb(body) if what == "DATA" else []:
        address, mp, instant, step, items = message[2], message[4], *message[9:12]
        for number, (point, mantissa, exponent, quality, *_) in enumerate(items):
            obis = [point >> shift & mask for shift, mask in ((28, 15), (24, 15), (16, 255), (8, 255), (0, 255))]
            exact = isinstance(mantissa, int) and exponent is not None
            value = decimal.Decimal(mantissa).scaleb(exponent) if exact else mantissa
            print(topic.decode(), sequence, index, address, mp, ".".join(map(str, obis)), value,
                  instant + number * step, quality, flush=True)
