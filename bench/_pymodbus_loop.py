"""The baseline: a bare pymodbus loop that reads the same registers and throws them away.

`python -m bench._pymodbus_loop SECONDS PAUSE PORT…` prints what it read and the processor time that it took.
"""

import asyncio
import json
import sys
import time

from pymodbus.client import AsyncModbusTcpClient

from bench._plants import CLUSTER_SIZE, VARIABLES, addresses


async def _poll(port: int, pause: float, until: float, counts: list[int]) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    while (began := time.monotonic()) < until:
        for address in addresses():
            await client.read_holding_registers(address, count=CLUSTER_SIZE, device_id=1)
        counts[0] += VARIABLES
        if pause:
            await asyncio.sleep(max(0.0, began + pause - time.monotonic()))
    client.close()


async def _run(seconds: float, pause: float, ports: list[int]) -> None:
    counts = [0]
    began, used = time.monotonic(), time.process_time()
    await asyncio.gather(*(_poll(port, pause, began + seconds, counts) for port in ports))
    seconds = time.monotonic() - began
    print(json.dumps({"values": counts[0], "seconds": seconds, "cpu": time.process_time() - used}))


if __name__ == "__main__":
    asyncio.run(_run(float(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
