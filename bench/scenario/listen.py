#!/usr/bin/python3
"""A further subscriber at the feed: counts what it gets, or with --stalled connects and never reads. Until a signal."""

import signal
import sys
import time

import zmq


def main():
    stop = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(1))
    socket = zmq.Context.instance().socket(zmq.SUB)
    stalled = "--stalled" in sys.argv
    socket.setsockopt(zmq.RCVHWM, 1 if stalled else 0)
    socket.setsockopt(zmq.SUBSCRIBE, b"")
    socket.connect(sys.argv[1])
    count = 0
    while not stop:
        if stalled:
            time.sleep(0.2)
        elif socket.poll(200):
            socket.recv_multipart()
            count += 1
    print(count)


if __name__ == "__main__":
    main()
