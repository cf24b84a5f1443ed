#!/usr/bin/python3
"""Modbus TCP slaves on pymodbus that answer in another order: modbus_tcp_slave.py HOLD. Holds so many answers back, then
sends them the last first, in one piece. Prints its port; takes one connection; ends when that or its stdin does.
Units 1 to 8: holding register N is 100 x unit + N up to 50, input register N twice that, coil N is N odd. Unit 9: none.
"""
import os
import select
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from modbus_gateway import ANY_UNIT, ModbusServerContext, ModbusSocketFramer, ServerDecoder, slave  # noqa: E402


def unit(number):
    registers = {at: 100 * number + at for at in range(50)}
    return slave(holding=registers, inputs={at: 2 * value for at, value in registers.items()},
                 coils={at: at % 2 for at in range(50)})


def main():
    hold = int(sys.argv[1])
    context = ModbusServerContext(slaves={number: unit(number) for number in range(1, 9)} | {9: slave()}, single=False)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    peer, _ = listener.accept()
    framer = ModbusSocketFramer(ServerDecoder(), client=None)
    held = []

    def answer(request):
        response = request.execute(context[request.unit_id])
        response.unit_id, response.transaction_id = request.unit_id, request.transaction_id
        held.append(framer.buildPacket(response))

    while True:
        ready, _, _ = select.select([peer, sys.stdin], [], [])
        data = peer.recv(4096) if peer in ready else b""
        if sys.stdin in ready or not data:
            return
        framer.processIncomingPacket(data, answer, ANY_UNIT)
        while len(held) >= hold:
            peer.sendall(b"".join(reversed(held[:hold])))
            del held[:hold]


main()
