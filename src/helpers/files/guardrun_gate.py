"""Asks the gate before a test starts anything real. The contract is guardrun's docs/gate-contract.md.

    from guardrun_gate import assert_gate, gated, needs

    @gated("KOLU_DAEMON_TESTS")             # a test, an async test, a class of tests: pytest and unittest
    def test_answers(server):               # closed: skipped before its fixtures are set up
        needs("redis-server")               # missing: fails, never skips

`assert_gate("KOLU_DAEMON_TESTS")` right before a real start is the leash: it raises when the gate is closed. In a fixture or a
setUpClass, `check("KOLU_DAEMON_TESTS")` skips whatever needs it. As a pytest plugin (`pytest_plugins = ["guardrun_gate"]` in
the conftest.py of the root) this also gives the marker `@pytest.mark.guardrun("KOLU_DAEMON_TESTS")`. Needs only the standard
library; where /proc cannot be read the gate is closed.
"""

import functools
import inspect
import json
import os
import re
import shutil
import sys
import unittest

_LONGEST = 4096
_complained = False


class ClosedGate(Exception):
    """A real start behind a closed gate, or a skip where none is allowed."""


class MissingPrerequisite(Exception):
    """Something that a test behind an open gate needs is missing."""


def why_closed(variable):
    """Why the gate is closed, or None when it is open."""
    value = os.environ.get(variable)
    if value is None:
        return f"{variable} is not set"
    if value != "1":
        return f'{variable} is {value!r}, and only "1" opens it'
    reason = _why_not_held()
    if reason is not None:
        return reason
    if variable in os.environ.get("GUARDRUN_OPENED", "").split(","):
        return None
    return f"{variable} was set inside the run, and this run of guardrun did not open it"


def _why_not_held():
    """None when the keeper of a live run is among this process's ancestors."""
    keeper = os.environ.get("GUARDRUN_KEEPER", "")
    if not re.fullmatch(r"[1-9][0-9]*:[0-9]+", keeper):
        return "no run of guardrun holds this process"
    for _ in range(100):
        try:
            pid = "self"
            while pid != "0":
                with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
                    # The name may hold anything; what follows its last parenthesis is fields.
                    head, _, rest = file.read().rpartition(")")
                fields = rest.split()
                if f"{head.split()[0]}:{fields[19]}" == keeper:
                    return None
                pid = fields[1]
            return "no live run of guardrun holds this process"
        except (FileNotFoundError, ProcessLookupError):
            # Somebody in the chain has ended meanwhile; whoever was below it has another parent now.
            continue
        except (OSError, IndexError):
            break
    return "/proc does not tell whether a run of guardrun holds this process"


def _note(gate, event, test="", reason=""):
    """Appends one line to the ledger, if there is one."""
    global _complained
    path = os.environ.get("GUARDRUN_LEDGER")
    if not path:
        return
    entry = {
        "v": 1,
        "run": os.environ.get("GUARDRUN_RUN_ID", ""),
        "gate": gate,
        "event": event,
        "test": test,
        "reason": reason,
        "pid": os.getpid(),
        "lang": "python",
    }
    while len(line := (json.dumps(entry) + "\n").encode()) > _LONGEST:
        longest = max("test", "reason", key=lambda name: len(entry[name]))
        entry[longest] = entry[longest][: len(entry[longest]) // 2] + "…"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(fd, line)
        finally:
            os.close(fd)
    except OSError as error:
        if not _complained:
            print(f"guardrun: cannot write the ledger {path}: {error}", file=sys.__stderr__)
        _complained = True


def _required():
    return os.environ.get("GUARDRUN_REQUIRE", "") not in ("", "0")


def _refusal(variable, reason):
    return ClosedGate(
        f"guardrun: closed: {reason}\nThis starts real processes: run the suite through guardrun, "
        f"where that is meant to happen. (gate {variable})"
    )


def check(variable, test=""):
    """Skips whoever calls this when the gate is closed; where skipping is not allowed, raises."""
    reason = why_closed(variable)
    _note(variable, "open" if reason is None else "closed", test, reason or "")
    if reason is None:
        return
    if _required():
        raise _refusal(variable, reason)
    raise unittest.SkipTest(f"guardrun: {reason}")


def assert_gate(variable):
    """The leash: raises when the gate is closed. To be called right before a real start."""
    reason = why_closed(variable)
    if reason is not None:
        _note(variable, "stopped", _running(""), reason)
        raise _refusal(variable, reason)


def needs(*programs):
    """Raises when one of these programs is not in PATH. For tests behind an open gate, which must fail and not skip."""
    for program in programs:
        if shutil.which(program) is None:
            reason = f"the test needs {program}, which is not in PATH"
            _note("", "failed-prerequisite", _running(""), reason)
            raise MissingPrerequisite(f"guardrun: {reason}")


def _running(otherwise):
    """The name of the test that runs now, where pytest tells it."""
    name = os.environ.get("PYTEST_CURRENT_TEST", "")
    return re.sub(r" \([a-z]+\)$", "", name) or otherwise


def gated(variable):
    """Puts a test function, or every test of a class, behind the gate."""

    def behind(test):
        reason = why_closed(variable)
        name = f"{test.__module__}.{test.__qualname__}"
        _note(variable, "open" if reason is None else "closed", "" if reason is None else name, reason or "")
        if reason is None:
            return _noted_class(variable, test) if inspect.isclass(test) else _noted(variable, test)
        if _required():
            # While tests are collected: nothing is set up yet, and the runner cannot go on and be green.
            raise _refusal(variable, reason)
        skipped = unittest.skip(f"guardrun: {reason}")(test)
        if "pytest" in sys.modules:
            # unittest's own way comes only after pytest's fixtures, which may be what starts something.
            skipped = sys.modules["pytest"].mark.skip(reason=f"guardrun: {reason}")(skipped)
        return skipped

    return behind


def _noted(variable, test):
    name = f"{test.__module__}.{test.__qualname__}"
    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        async def wrapped(*args, **kwargs):
            _note(variable, "ran", _running(name))
            return await test(*args, **kwargs)

    else:

        @functools.wraps(test)
        def wrapped(*args, **kwargs):
            _note(variable, "ran", _running(name))
            return test(*args, **kwargs)

    return wrapped


def _noted_class(variable, tests):
    for name, test in list(vars(tests).items()):
        if name.startswith("test") and inspect.isfunction(test):
            setattr(tests, name, _noted(variable, test))
    return tests


# What follows is for pytest, when this file is named as a plugin.


def pytest_configure(config):
    config.addinivalue_line("markers", "guardrun(variable): starts real processes; runs only behind this gate")


def pytest_collection_modifyitems(items):
    pytest = sys.modules["pytest"]
    for item in items:
        for marker in list(item.iter_markers("guardrun")):
            (variable,) = marker.args
            reason = why_closed(variable)
            _note(variable, "open" if reason is None else "closed", "" if reason is None else item.nodeid, reason or "")
            if reason is None:
                item.user_properties.append(("guardrun", variable))
            elif _required():
                raise pytest.UsageError(str(_refusal(variable, reason)))
            else:
                item.add_marker(pytest.mark.skip(reason=f"guardrun: {reason}"), append=False)


def pytest_terminal_summary(terminalreporter):
    # Without -rs pytest shows how many were skipped, and not why.
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[-1]) for report in skipped if isinstance(report.longrepr, tuple)]
    for reason in sorted({reason for reason in reasons if "guardrun: " in reason}):
        terminalreporter.write_line(f"{reason.removeprefix('Skipped: ')} ({reasons.count(reason)} skipped)")


def pytest_runtest_call(item):
    for name, variable in item.user_properties:
        if name == "guardrun":
            _note(variable, "ran", item.nodeid)
