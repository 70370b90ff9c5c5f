"""An event loop over virtual time, processes that can be killed, and threads that take turns.

Nothing here waits for real: when nothing is left to do now, time is that of the next timer. Each
simulated thread is a greenlet that gives its turn away where the product would wait: at a lock, an
event, a store, a disk. So one seed is one order of things.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")
Call = Callable[..., object]


class Killed(BaseException):
    """The process of this thread is gone; not to be caught."""


class WouldHang(AssertionError):
    """Something waits for what will never happen."""


class Process:
    """What is killed together. `dead` processes run nothing, and what they write goes nowhere."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.threads: dict[SimulatedThread, None] = {}
        self.at_death: list[Callable[[], None]] = []
        """What the system does for one that is gone: it closes files and sockets."""


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)


def is_dead() -> bool:
    """Whether whoever asks runs in a process that is gone."""
    process = PROCESS.get()
    return process is not None and not process.alive


def within(process: Process) -> Context:
    """A context of a process, for what it begins."""
    context = copy_context()
    context.run(PROCESS.set, process)
    return context


class _NoSockets:
    """In the place of a selector: nothing is waited for but time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Time goes on to the next timer."""
        if timeout is None:
            raise WouldHang("nothing is left that could happen")
        self._loop.now_s += timeout
        return []

    def close(self) -> None:
        """There is nothing to close."""


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop over virtual time. Callbacks of processes that are gone never run."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.now_s = 1000.0
        """[s], never jumps."""
        self.random = random
        self.failures: list[str] = []
        """Errors that nobody took, of processes that live."""
        self.hub = getcurrent()
        self._selector = _NoSockets(self)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual time [s]."""
        return self.now_s

    def call_soon(  # type: ignore[override]
        self, callback: Call, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's, for processes that live."""
        context = copy_context() if context is None else context
        process = context.get(PROCESS, None)
        return super().call_soon(_alive, process, callback, args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Call, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """The same: no thread of another kind runs here."""
        return self.call_soon(callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Call, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's, for processes that live."""
        context = copy_context() if context is None else context
        process = context.get(PROCESS, None)
        return super().call_at(when, _alive, process, callback, args, context=context)

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a function in a simulated thread."""
        del executor
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except Exception as error:
                self.call_soon(_fail, future, error)
            else:
                self.call_soon(_fulfil, future, result)

        SimulatedThread(self, work, "executor").start()
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Errors that nobody took are told at the end."""
        if not is_dead() and "was destroyed" not in context["message"]:
            error = context.get("exception")
            self.failures.append(f"{context.get('message')}: {error!r}")

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _alive(process: Process | None, callback: Call, args: tuple[Any, ...]) -> None:
    if process is None or process.alive:
        callback(*args)


def _fulfil(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class SimulatedThread:
    """A greenlet of the process that makes it."""

    def __init__(self, loop: VirtualLoop, work: Callable[[], object], name: str) -> None:
        self.name = name
        self.process = PROCESS.get()
        self.done = False
        self._loop = loop
        self._work = work
        self._joining: list[SimulatedThread] = []
        self._asked = 0
        """Turns given away so far: a timer that is late wakes nobody."""
        self._timer: asyncio.Handle | None = None
        self._greenlet = greenlet(self._run, parent=loop.hub)
        self._greenlet.gr_context = copy_context()

    def start(self) -> None:
        """Begin a little later."""
        if self.process is not None:
            if not self.process.alive:
                raise Killed
            self.process.threads[self] = None
        self._loop.call_later(self._loop.random.random() * 0.001, self._resume, self._asked)

    def give_way(self, timeout_s: float | None = None) -> bool:
        """Let others go on until woken, or so long at most; whether it was woken. Killed where the
        process went meanwhile."""
        if self.process is not None and not self.process.alive:
            raise Killed
        if timeout_s is not None:
            self._timer = self._loop.call_later(timeout_s, self._resume, self._asked, False)
        woken = bool(self._loop.hub.switch())
        if self.process is not None and not self.process.alive:
            raise Killed
        return woken

    def wake(self) -> None:
        """Its turn comes again."""
        self._loop.call_soon(self._resume, self._asked, True)

    def kill(self) -> None:
        """Unwind it; its process is dead already, so nothing that it still does has an effect."""
        if self._greenlet and not self._greenlet.dead:
            self._greenlet.throw(Killed)
        self._end()

    def join(self, timeout_s: float | None) -> None:
        """Wait for the end."""
        mine = current(self._loop)
        if not self.done and mine is not None:
            self._joining.append(mine)
            mine.give_way(timeout_s)

    def _resume(self, asked: int, woken: bool = False) -> None:
        if asked != self._asked or self.done:
            return
        self._asked += 1
        if self._timer is not None:
            self._timer.cancel()
        before, _running[self._loop] = _running.get(self._loop), self
        try:
            self._greenlet.switch(woken)
        finally:
            _running[self._loop] = before

    def _run(self, _woken: object) -> None:
        try:
            self._work()
        except Killed:
            pass
        except Exception as error:
            self._loop.call_exception_handler(
                {"message": f"thread {self.name} ended", "exception": error}
            )
        self._end()

    def _end(self) -> None:
        self.done = True
        if self.process is not None:
            self.process.threads.pop(self, None)
        for one in self._joining:
            one.wake()
        self._joining.clear()


_running: dict[VirtualLoop, SimulatedThread | None] = {}


def current(loop: VirtualLoop) -> SimulatedThread | None:
    """The simulated thread whose turn it is; None on the loop itself."""
    return _running.get(loop)


def kill(process: Process) -> None:
    """From here on it does nothing more. To be called on the loop, not in one of its threads."""
    process.alive = False
    for thread in list(process.threads):
        thread.kill()
    for close in process.at_death:
        close()
    process.at_death.clear()


def forget(loop: VirtualLoop) -> None:
    """The loop is at its end."""
    _running.pop(loop, None)


class Threading:
    """What the product uses of `threading`, over simulated threads."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def Thread(  # noqa: N802 - the name the product calls
        self, *, target: Callable[[], object], name: str = "", daemon: bool = False
    ) -> _Thread:
        """A thread of the present process."""
        del daemon
        return _Thread(SimulatedThread(self._loop, target, name))

    def Lock(self) -> Turnstile:  # noqa: N802
        """A lock that nobody takes twice."""
        return Turnstile(self._loop)

    def RLock(self) -> Turnstile:  # noqa: N802
        """A lock that its owner may take again."""
        return Turnstile(self._loop, again=True)

    def Condition(self) -> _Condition:  # noqa: N802
        """A condition with a lock of its own."""
        return _Condition(self._loop)

    def Event(self) -> _Event:  # noqa: N802
        """An event that is not set yet."""
        return _Event(self._loop)


class _Thread:
    def __init__(self, thread: SimulatedThread) -> None:
        self._thread = thread

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)


class Turnstile:
    """A lock between simulated threads and the loop, which may never have to wait for it."""

    def __init__(self, loop: VirtualLoop, *, again: bool = False) -> None:
        self._loop = loop
        self._again = again
        self._owner: object | None = None
        self._depth = 0
        self._waiting: deque[SimulatedThread] = deque()

    def acquire(self) -> bool:
        """Take it, when it is free."""
        me = current(self._loop)
        mine: object = me or self._loop
        while self._owner is not None and not (self._again and self._owner is mine):
            if me is None:
                raise WouldHang("the event loop waits for a lock that a thread holds")
            self._waiting.append(me)
            me.give_way()
        self._owner = mine
        self._depth += 1
        return True

    def release(self) -> None:
        """Give it free."""
        self._depth -= 1
        if not self._depth:
            self._owner = None
            if self._waiting:
                self._waiting.popleft().wake()

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._owner is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class _Condition(Turnstile):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(loop, again=True)
        self._sleeping: list[SimulatedThread] = []

    def wait(self, timeout: float | None = None) -> bool:
        me = current(self._loop)
        if me is None:
            raise WouldHang("the event loop waits for a condition")
        self._sleeping.append(me)
        self.release()
        try:
            return me.give_way(timeout)
        finally:
            if me in self._sleeping:
                self._sleeping.remove(me)
            if not is_dead():
                self.acquire()

    def wait_for(self, ready: Callable[[], T], timeout: float | None = None) -> T:
        ends = None if timeout is None else self._loop.time() + timeout
        while not (found := ready()):
            left = None if ends is None else ends - self._loop.time()
            if left is not None and left <= 0:
                break
            self.wait(left)
        return found

    def notify_all(self) -> None:
        for one in self._sleeping:
            one.wake()
        self._sleeping.clear()

    def __exit__(self, *_: object) -> None:
        if not is_dead():
            self.release()


class _Event:
    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._set = False
        self._waiting: list[SimulatedThread] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        for one in self._waiting:
            one.wake()
        self._waiting.clear()

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        me = current(self._loop)
        if not self._set and me is not None:
            self._waiting.append(me)
            me.give_way(timeout)
            if me in self._waiting:
                self._waiting.remove(me)
        return self._set
