"""The public door and feed of fepd, for the Python programs of this folder. Written from the public schema."""
import time

import msgpack
import zmq

CONTEXT = zmq.Context.instance()


class DoorError(Exception):
    """The door answered ERROR, or nothing."""


class Door:
    """One DEALER; one request at a time. An answer that does not come in time is asked for again."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.token = 0
        self.socket = None
        self._open()

    def _open(self):
        if self.socket is not None:
            self.socket.close(linger=0)
        self.socket = CONTEXT.socket(zmq.DEALER)
        self.socket.connect(self.endpoint)

    def ask(self, word, body=None, timeout_s=5.0, attempts=1):
        """The answer as (word, map). DoorError if it is ERROR or does not come."""
        for _ in range(attempts):
            self.token += 1
            request = dict(body or {}, token=self.token)
            self.socket.send_multipart([word.encode(), msgpack.packb(request)])
            deadline = time.monotonic() + timeout_s
            while (left := deadline - time.monotonic()) > 0:
                if not self.socket.poll(int(left * 1000) + 1):
                    break
                answer, packed = self.socket.recv_multipart()[:2]
                fields = msgpack.unpackb(packed, strict_map_key=False)
                if fields.get("token") != self.token:
                    continue
                answer = answer.decode()
                if answer == "ERROR":
                    raise DoorError(f"{word}: {fields.get('error')}: {fields.get('text')}")
                return answer, fields
            self._open()
        raise DoorError(f"{word}: no answer from {self.endpoint} in {timeout_s:g} s")

    def status(self, timeout_s=5.0, attempts=1):
        return self.ask("STATUS", timeout_s=timeout_s, attempts=attempts)[1]

    def close(self):
        self.socket.close(linger=0)


def subscribe(endpoint, topics):
    """A SUB without a bound on its queue: what it misses is the publisher's doing."""
    socket = CONTEXT.socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.RECONNECT_IVL, 50)
    for topic in topics:
        socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
    socket.connect(endpoint)
    return socket
