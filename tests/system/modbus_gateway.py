"""A gateway with Modbus slaves behind it, on pymodbus: it decodes the requests and makes the answers, so that what
is tested meets somebody else's Modbus. A transparent one dials a port, or is dialled; registration and heartbeats
as such devices send them. One line behind it: requests are answered in their order, each after its slave's delay.
"""
import collections
import ctypes
import heapq
import logging
import os
import select
import signal
import socket
import subprocess
import threading
import time

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.exceptions import ModbusException
from pymodbus.factory import ServerDecoder
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # exceptions are what is tested
ANY_UNIT = [0]           # pymodbus hands all on; which unit there is, is ours to say
Request = collections.namedtuple("Request", "unit function address count")


class Block(ModbusSparseDataBlock):
    """Registers that exist and no others, not even after somebody wrote."""

    def __init__(self, values):
        super().__init__({address: value for address, value in (values or {}).items()})


def slave(holding=None, inputs=None, coils=None, discrete=None):
    """Registers and bits of one unit: {address: value}; what is not named is exception 2."""
    return ModbusSlaveContext(di=Block(discrete), co=Block(coils), hr=Block(holding), ir=Block(inputs), zero_mode=True)


class Gateway(threading.Thread):
    """units: {unit: slave (...)}. port: dial it; None: listen, and `port` says where.
    registration: sent first. prefix: in front of each answer, as some send their registration again and again.
    heartbeat: each heartbeat_s seconds without traffic. dead: units that never answer. delay_s: before each
    answer; late: {unit: seconds} instead of it, and the line goes on meanwhile. All but the first two may be
    changed while it runs. requests counts by unit; log has each Request; fault is what went wrong in here."""

    def __init__(self, units, port=None, registration=b"", prefix=b"", heartbeat=b"", heartbeat_s=1.0, dead=(),
                 delay_s=0.0, late=None, tcp=False):
        super().__init__(daemon=True)
        self.context = ModbusServerContext(slaves=dict(units), single=False)
        self.registration, self.prefix, self.heartbeat, self.heartbeat_s = registration, prefix, heartbeat, heartbeat_s
        self.dead, self.delay_s, self.late, self.tcp = set(dead), delay_s, dict(late or {}), tcp
        self.requests, self.log, self.fault = collections.Counter(), [], None
        self.heartbeats, self.connections = 0, 0
        self.connected, self.ended = threading.Event(), threading.Event()
        self.socket, self.due, self.busy_until = None, [], 0.0
        self.wake, self.woken = socket.socketpair()
        self.listener = None
        if port is None:
            self.listener = socket.create_server(("127.0.0.1", 0))
            port = self.listener.getsockname()[1]
        self.port = port
        self.start()

    def close(self):
        """May be called again."""
        if self.ended.is_set():
            return
        self.ended.set()
        self.wake.send(b"x")
        self.join()
        for one in (self.listener, self.socket, self.wake, self.woken):
            if one:
                one.close()

    def run(self):
        try:
            while not self.ended.is_set() and self.connect():
                self.serve()
                self.connected.clear()
                if not self.listener:
                    break
        except Exception as fault:                 # a thread's fault is for the test to see
            self.fault = fault

    def connect(self):
        if self.listener:
            ready, _, _ = select.select([self.listener, self.woken], [], [])
            if self.woken in ready:
                return False
            self.socket, _ = self.listener.accept()
        else:
            self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.framer = (ModbusSocketFramer if self.tcp else ModbusRtuFramer)(ServerDecoder(), client=None)
        self.due, self.busy_until = [], 0.0
        self.connections += 1
        if self.registration:
            self.socket.sendall(self.registration)
        self.connected.set()
        return True

    def serve(self):
        """One connection to its end."""
        quiet_since = time.monotonic()
        while not self.ended.is_set():
            now = time.monotonic()
            ends = [self.due[0][0]] if self.due else []
            if self.heartbeat:
                ends.append(quiet_since + self.heartbeat_s)
            ready, _, _ = select.select([self.socket, self.woken], [], [],
                                        max(0.0, min(ends) - now) if ends else None)
            try:
                if self.socket in ready:
                    data = self.socket.recv(4096)
                    if not data:
                        return
                    quiet_since = time.monotonic()
                    self.framer.processIncomingPacket(data, self.answer, ANY_UNIT)
                now = time.monotonic()
                while self.due and self.due[0][0] <= now:
                    self.socket.sendall(self.prefix + heapq.heappop(self.due)[2])
                    quiet_since = now
                if self.heartbeat and now >= quiet_since + self.heartbeat_s:
                    self.socket.sendall(self.heartbeat)
                    self.heartbeats += 1
                    quiet_since = now
            except OSError:
                return

    def answer(self, request):
        unit = request.unit_id
        self.requests[unit] += 1
        self.log.append(Request(unit, request.function_code, getattr(request, "address", None),
                                getattr(request, "count", None)))
        if unit in self.dead or unit not in self.context.slaves():
            return
        try:
            response = request.execute(self.context[unit])
        except ModbusException as fault:
            self.fault = fault
            return
        response.unit_id, response.transaction_id = unit, request.transaction_id
        now = time.monotonic()
        if unit in self.late:
            at = now + self.late[unit]
        else:
            at = self.busy_until = max(now, self.busy_until) + self.delay_s
        heapq.heappush(self.due, (at, len(self.log), self.framer.buildPacket(response)))

    def values(self, unit, function, address, count=1):
        """What the unit holds now."""
        return self.context[unit].getValues(function, address, count)


class Slaves:
    """The same on libmodbus: tests/peers/modbus_slaves as a process. arguments as its own; lines says what it did."""

    def __init__(self, programs, *arguments):
        path = os.path.join(os.path.dirname(programs), "tests", "modbus_slaves")
        self.process = subprocess.Popen([path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))
        self.lines = []
        self.first = self.process.stdout.readline().split()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    @property
    def requests(self):
        """How many requests each unit got."""
        return collections.Counter(int(line.split()[1]) for line in list(self.lines) if line.startswith("REQUEST"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
