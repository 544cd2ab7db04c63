"""While a process loads it hardly looks for garbage; what is loaded is never gone through again, nor at the end."""

import subprocess
import sys

LOADING = """
import gc
from heliograph.garbage import collect_rarely, spare_what_is_loaded
usual = gc.get_threshold()
collect_rarely()
loading = gc.get_threshold()
class Loaded:
    def __init__(self): self.itself = self
    def __del__(self): print("gone through")
loaded = Loaded()
del loaded
{then}
print(loading > usual, gc.get_threshold() == usual, gc.get_freeze_count() > 0)
gc.collect()
"""


def said(then: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADING.format(then=then)], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.splitlines()


def test_what_is_loaded_is_spared_and_garbage_is_looked_for_as_usual():
    assert said("spare_what_is_loaded()") == ["True True True"]


def test_before_that_it_is_looked_for_rarely():
    assert said("") == ["True False False", "gone through"]
