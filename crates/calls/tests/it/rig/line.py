"""A line between two network namespaces that loses, delays and narrows: not every kernel is built with netem.

Runs in a namespace of its own and carries frames of Ethernet between pairs of its interfaces, named as arguments: a0 b0 a1 b1 ...
Each line of JSON on standard input sets how a pair carries, both ways: pair (its number), loss (0 to 1), delay and jitter (ms, even in
delay +- jitter, so that packets overtake each other), rate (bit/s, 0: any), cut. It is acknowledged by a line on standard output.
"""

import heapq
import json
import random
import select
import socket
import sys
import time

QUEUE_S = 0.25
ETH_P_ALL = 3


def opened(name):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.bind((name, 0))
    end.setblocking(False)
    # What leaves by this interface is heard as well, unless it is said that it is not wanted (PACKET_IGNORE_OUTGOING).
    end.setsockopt(socket.SOL_PACKET if hasattr(socket, "SOL_PACKET") else 263, 23, 1)
    return end


def summed(frame):
    """Checksums are left to the hardware on a veth, which has none: none at all is allowed for UDP over IPv4."""
    if frame[12:14] == b"\x08\x00" and frame[23] == 17:
        at = 14 + (frame[14] & 15) * 4 + 6
        return frame[:at] + b"\0\0" + frame[at + 2 :]
    return frame


class Pair:
    def __init__(self, a, b):
        self.ends = (a, b)
        self.loss, self.delay, self.jitter, self.rate, self.cut = 0.0, 0.0, 0.0, 0.0, False
        self.free_at = [0.0, 0.0]

    def leaves_at(self, way, size, now):
        """When a frame comes out; None where it is lost."""
        if self.cut or random.random() < self.loss:
            return None
        at = now
        if self.rate:
            begins = max(now, self.free_at[way])
            if begins - now > QUEUE_S:
                return None
            at = self.free_at[way] = begins + size * 8 / self.rate
        return at + max(0.0, self.delay + random.uniform(-self.jitter, self.jitter)) / 1000


def main():
    names = sys.argv[1:]
    ends = [opened(name) for name in names]
    pairs = [Pair(ends[i], ends[i + 1]) for i in range(0, len(ends), 2)]
    poll = select.poll()
    to = {}
    for pair in pairs:
        for way, end in enumerate(pair.ends):
            poll.register(end, select.POLLIN)
            to[end.fileno()] = (pair, way, end, pair.ends[1 - way])
    poll.register(sys.stdin, select.POLLIN)
    waiting, number = [], 0
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, end, frame = heapq.heappop(waiting)
            try:
                end.send(frame)
            except OSError:
                pass
        wait = max(0.0, waiting[0][0] - now) * 1000 if waiting else None
        for fd, _ in poll.poll(wait):
            if fd == sys.stdin.fileno():
                text = sys.stdin.readline()
                if not text:
                    return
                told = json.loads(text)
                pair = pairs[told.pop("pair")]
                for key, value in told.items():
                    setattr(pair, key, value)
                print("set", flush=True)
                continue
            pair, way, end, other = to[fd]
            now = time.monotonic()
            try:
                for _ in range(64):
                    frame = end.recv(65536)
                    at = pair.leaves_at(way, len(frame), now)
                    if at is not None:
                        heapq.heappush(waiting, (at, number, other, summed(frame)))
                        number += 1
            except OSError:
                pass


main()
