"""The queue behind a forwarded port: bounded, and fair from client to client."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.forwarding.fair import FairQueue


def taken(queue):
    items = []
    while (item := queue.take()) is not None:
        items.append(item)
    return items


def test_clients_take_turns_whatever_each_asks():
    queue = FairQueue(4, 10)
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        assert queue.put(item[0], item)
    assert taken(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_comes_anew_waits_for_no_more_than_one_of_each():
    queue = FairQueue(4, 10)
    for item in ("a1", "a2", "a3", "b1"):
        queue.put(item[0], item)
    assert queue.take() == "a1"
    queue.put("c", "c1")
    assert taken(queue) == ["b1", "a2", "c1", "a3"]


def test_full_for_one_is_not_full_for_all():
    queue = FairQueue(2, 3)
    assert [queue.put("a", n) for n in range(3)] == [True, True, False]
    assert [queue.put("b", n) for n in range(2)] == [True, False]
    assert len(queue) == 3


def test_what_is_forgotten_makes_room():
    queue = FairQueue(2, 2)
    queue.put("a", 1)
    queue.put("b", 2)
    assert not queue.put("c", 3)
    assert queue.remove("a", 1)
    assert not queue.remove("a", 1)
    assert queue.put("c", 3)
    assert queue.forget("b") == [2]
    assert queue.forget("b") == []
    assert taken(queue) == [3]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["put", "take", "remove", "forget"]))))
def test_whatever_happens_the_bounds_hold_and_nothing_is_lost_or_doubled(steps):
    queue, waiting = FairQueue(3, 6), {}
    for number, (client, step) in enumerate(steps):
        mine = waiting.setdefault(client, [])
        if step == "put":
            has_room = len(mine) < 3 and sum(map(len, waiting.values())) < 6
            assert queue.put(client, number) is has_room
            mine += [number] * has_room
        elif step == "take":
            item = queue.take()
            assert (item is None) == (not any(waiting.values()))
            assert item is None or any(items and items[0] == item for items in waiting.values())
            for items in waiting.values():
                items[:] = [other for other in items if other != item]
        elif step == "remove" and mine:
            assert queue.remove(client, mine.pop())
        else:
            assert queue.forget(client) == mine
            mine.clear()
        assert len(queue) == sum(map(len, waiting.values()))
