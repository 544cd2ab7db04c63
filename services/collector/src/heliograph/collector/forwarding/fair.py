"""A bounded queue that serves its clients in turn, however much each of them asks. Pure."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class FairQueue(Generic[K, T]):
    """Items by client: first come, first served within a client; from one client to the next after each item."""

    def __init__(self, most_per_client: int, most: int) -> None:
        self._most_per_client = most_per_client
        self._most = most
        self._clients: OrderedDict[K, deque[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, client: K, item: T) -> bool:
        """Take an item; tell whether there was room for it."""
        items = self._clients.get(client, ())
        if self._count >= self._most or len(items) >= self._most_per_client:
            return False
        self._clients.setdefault(client, deque()).append(item)
        self._count += 1
        return True

    def take(self) -> T | None:
        """Return the next item of the client whose turn it is, or None."""
        if not self._clients:
            return None
        client, items = self._clients.popitem(last=False)
        if len(items) > 1:
            self._clients[client] = items  # behind everybody else
        self._count -= 1
        return items.popleft()

    def remove(self, client: K, item: T) -> bool:
        """Take an item away before its turn; tell whether it was still there."""
        items = self._clients.get(client)
        if items is None or item not in items:
            return False
        items.remove(item)
        if not items:
            del self._clients[client]
        self._count -= 1
        return True

    def forget(self, client: K) -> list[T]:
        """Take away and return all that a client still waits for."""
        items = list(self._clients.pop(client, ()))
        self._count -= len(items)
        return items
