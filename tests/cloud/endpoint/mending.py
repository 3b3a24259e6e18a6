"""How moto's classes are mended, the one clock that everything slow runs on, and how long each thing takes."""
import functools
import sys
import threading
import time
import traceback

LOCK = threading.RLock()    # groups and load balancers change under it
TICKS = []                  # functions called ten times a second

# Seconds; a test may say otherwise.
DELAYS = {
    "boot": 0.3,            # an instance is pending
    "shutdown": 0.3,        # an instance is shutting down
    "image": 0.5,           # an image is pending
    "leave": 0.3,           # a member is terminating
    "healthy": 0.0,         # a server is registered and not yet in service
    "drain": 0.0,           # a server is no longer registered and still ends its requests
}
LATER = []                  # (when, function), called once
HOSTS = []                  # at most one: who gives instances real hosts


def mend(cls):
    """Decorator: the function takes the place of the method of its name; its first argument is the old method."""
    def decorate(new):
        old = getattr(cls, new.__name__)

        @functools.wraps(old)
        def method(self, *args, **kwargs):
            return new(functools.partial(old, self), self, *args, **kwargs)
        setattr(cls, new.__name__, method)
        return new
    return decorate


def later(delay, function):
    """Calls the function when the delay of this name is over."""
    LATER.append((time.monotonic() + DELAYS[delay], function))


def due():
    """Calls what was to be called by now."""
    now = time.monotonic()
    for item in [i for i in LATER if i[0] <= now]:
        LATER.remove(item)
        item[1]()


TICKS.append(due)


def clock():
    while True:
        time.sleep(0.1)
        for tick in TICKS:
            try:
                tick()
            except Exception:  # one broken tick must not end the others
                traceback.print_exc(file=sys.stderr)
