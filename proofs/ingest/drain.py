"""`python -m proofs.ingest.drain PORT MESSAGES`: subscribes and acknowledges, nothing else."""

from __future__ import annotations

import json
import sys
import time

from proofs.ingest import wire


def run(port: int, messages: int) -> dict[str, float]:
    """Say `ready`, then take so many messages; when the last one was acknowledged."""
    connection = wire.connected(port, "bare-drain", clean=False)
    wire.subscribe(connection, "greenoffice/v1/#")
    print("ready", flush=True)
    cutter, taken, began_cpu = wire.Cutter(), 0, time.process_time()
    while taken < messages:
        received = connection.recv(1 << 18)
        if not received:
            raise ConnectionError("the broker let go")
        found = [wire.packet_id_of(*one) for one in cutter.packets(received)]
        numbers = [number for number in found if number]
        connection.sendall(wire.acknowledgements(numbers))
        taken += len(numbers)
    ended = time.monotonic()  # of the machine: other processes count from it too
    connection.sendall(b"\xe0\x00")
    return {"messages": taken, "ended": ended, "cpu_s": time.process_time() - began_cpu}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))), flush=True)
