"""The judge against what learners write, by accident or not: every end is a verdict, and the parent lives on."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studykit.drill import Verdict, grade, read, warm
from studykit.errors import InputError
from studykit.judge.client import Judge, JudgeError, the_judge
from studykit.technique import technique

CHINESE = re.compile(r"[\u4e00-\u9fff]")
HEAD = """
import torch
from torch.optim.optimizer import Optimizer

"""
RIGHT = (
    HEAD
    + """
class Lion(Optimizer):
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * m.lerp(p.grad, 1 - beta1).sign())  # the direction
                m.lerp_(p.grad, 1 - beta2)
        return loss
"""
)
NO_SIGN = RIGHT.replace(".sign()", "")
IN_STEP = "        loss = None\n"


def cases(named: dict[str, Any], *arguments: str) -> pytest.MarkDecorator:
    """One test for each, called by its name."""
    values = [each if isinstance(each, tuple) else (each,) for each in named.values()]
    return pytest.mark.parametrize(arguments or ("source",), values, ids=list(named))


def first(code: str) -> str:
    """A right solution that does this before it defines anything."""
    return textwrap.dedent(code).strip() + "\n" + RIGHT


def in_step(code: str) -> str:
    """A right solution that does this in every step."""
    return RIGHT.replace(IN_STEP, IN_STEP + textwrap.indent(textwrap.dedent(code).strip(), " " * 8) + "\n")


def judged(source: str, *, of: str = "lion", lang: str = "en", seconds: float | None = None) -> Verdict:
    return grade(of, source, lang=lang, seconds=seconds)


@pytest.fixture(autouse=True)
def lives_on() -> Iterator[None]:
    """After whatever a test did: no process is left over, and a right solution passes."""
    yield
    assert judged(RIGHT).passed
    assert not children(server_pid())


def server_pid() -> int:
    pid = the_judge().pid
    assert pid
    return pid


def children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(each) for path in threads for each in path.read_text().split()]


def within(seconds: float, done: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    return done()


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def refused(source: str, mistake: str, *, of: str = "lion", seconds: float | None = None) -> Verdict:
    """The verdict, which must be this one, in either language and without a traceback."""
    told = judged(source, of=of, seconds=seconds)
    assert (told.passed, told.mistake) == (False, mistake), told.message
    assert told.message and not CHINESE.search(told.message)
    assert "Traceback" not in told.message and "\n" not in told.message
    return told


# --- time and memory


@cases(
    {
        "import": first("while True: pass"),
        "step": in_step("while True: pass"),
        "sleep": in_step("import time; time.sleep(1000)"),
        "integer": in_step("10 ** 10 ** 9"),
        "catches all": first("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        "ignores signals": first(
            "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\nwhile True: pass"
        ),
        "deadlock": in_step("import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()"),
        "long loop": in_step("for n in range(10 ** 9): torch.ones(10)"),
    }
)
def test_what_does_not_end_is_stopped(source: str) -> None:
    judged(RIGHT)
    begun = time.monotonic()
    told = refused(source, "time_limit", seconds=0.6)
    assert "0.6 s" in told.message
    assert told.seconds >= 0.6
    assert time.monotonic() - begun < 5


@cases(
    {
        "tensor": in_step("torch.zeros(50 * 10 ** 9, dtype=torch.uint8)"),
        "bytes": in_step("bytearray(50 * 10 ** 9)"),
        "growing": first("kept = []\nwhile True: kept.append(bytearray(10 ** 8))"),
        "other except": in_step("try: torch.zeros(50 * 10 ** 9, dtype=torch.uint8)\nexcept ValueError: pass"),
    }
)
def test_what_eats_memory_is_stopped(source: str) -> None:
    assert "MB" in refused(source, "memory_limit").message


# --- what does not run


@pytest.mark.parametrize(
    ("source", "mistake", "said"),
    [
        ("class Lion(:\n    pass\n", "syntax", "Line 1 does not parse"),
        (RIGHT.replace("m.lerp_(", "m.lerp_(("), "syntax", "does not parse"),
        ("x = 1\0", "syntax", "Line 1 does not parse"),
        ("(" * 5000, "syntax", "parse"),
        ("", "missing_name", "define Lion(params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0)"),
        (RIGHT.replace("class Lion", "class Tiger"), "missing_name", "There is no Lion"),
        (first("1 / 0"), "raised", "Line 1, `1 / 0`, raised ZeroDivisionError: division by zero"),
        (in_step("nothing_of_this_name"), "raised", "NameError"),
        (in_step("raise RuntimeError('on purpose')"), "raised", "RuntimeError: on purpose (when: "),
        (in_step("raise KeyboardInterrupt"), "raised", "KeyboardInterrupt"),
        (first("class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd"), "raised", "Odd"),
        (first("def again(): again()\nagain()"), "raised", "RecursionError"),
        ("Lion = 5", "raised", "Lion is of type int, not a class or function"),
        (
            "def other(): return 1\nLion = other",
            "raised",
            "can't be called as Lion(params",
        ),
        (in_step("p.nothing"), "raised", "`p.nothing`"),
    ],
    ids=lambda value: None if isinstance(value, str) and "\n" in value else str(value)[:20].replace("\0", ""),
)
def test_what_does_not_run_says_where(source: str, mistake: str, said: str) -> None:
    assert said in refused(source, mistake).message


@cases(
    {
        "sys.exit": first("import sys; sys.exit(0)"),
        "sys.exit in step": in_step("import sys; sys.exit()"),
        "os._exit": first("import os; os._exit(0)"),
        "os._exit in step": in_step("import os; os._exit(0)"),
        "abort": in_step("import os; os.abort()"),
        "segfault": in_step("import ctypes; ctypes.string_at(0)"),
        "kill itself": in_step("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        "SystemExit": in_step("try: raise SystemExit(3)\nfinally: pass"),
    }
)
def test_what_ends_the_process_does_not_pass(source: str) -> None:
    assert "ended the process" in refused(source, "exited").message


# --- what it prints


def test_prints_are_kept_and_go_nowhere_else(capfd: pytest.CaptureFixture[str]) -> None:
    told = judged(
        first("import sys; print('to out'); print('to err', file=sys.stderr); import os; os.write(1, b'raw')")
    )
    assert told.passed
    assert {"to out", "to err", "raw"} <= set(told.printed.split("\n")) | {"raw"} and "raw" in told.printed
    assert capfd.readouterr() == ("", "")
    assert set(told.as_json()) == {"passed", "mistake", "message", "seconds"}


def test_endless_prints_are_cut() -> None:
    told = refused(first("while True: print('x' * 1000)"), "time_limit", seconds=0.6)
    assert 0 < len(told.printed) <= 10_000


def test_prints_before_the_end_are_kept() -> None:
    assert "so far" in refused(first("print('so far'); import os; os._exit(0)"), "exited").printed


def test_every_check_draws_new_numbers() -> None:
    source = in_step("print(self.param_groups[0]['params'][0].tolist())")
    one, other = judged(source), judged(source)
    assert one.passed and other.passed
    assert one.printed != other.printed


# --- the answer key


def adamw(body: str) -> str:
    return "import torch\n" + textwrap.dedent(body)


@cases(
    {
        "subclass": "class AdamW(torch.optim.AdamW): pass",
        "alias": "AdamW = torch.optim.AdamW",
        "import": "from torch.optim import AdamW as Mine\nclass AdamW(Mine): pass",
        "import inside": "def AdamW(params, **given):\n    from torch.optim import AdamW\n    return AdamW(params, **given)",
        "getattr": "def AdamW(params, **given): return getattr(torch.optim, 'Adam' + 'W')(params, **given)",
        "swallowed": "def AdamW(params, **given):\n    try: return torch.optim.AdamW(params, **given)\n    except BaseException: return None",
        "from Adam": "class AdamW(torch.optim.Adam):\n    pass",
        "gc": "import gc\ndef AdamW(params, **given):\n"
        "    theirs = gc.get_referents(vars(torch.optim))\n"
        "    return next(each for each in theirs if getattr(each, '__name__', '') == 'AdamW')(params, **given)",
        "subclasses": "def AdamW(params, **given):\n    from torch.optim.optimizer import Optimizer\n"
        "    return next(each for each in Optimizer.__subclasses__() if each.__name__ == 'Adam')(params, **given)",
        "deepcopy": "import copy, types\ndef AdamW(params, **given): return copy.deepcopy(torch.optim.AdamW)(params, **given)",
        "kit": "from studykit.optim import AdamW",
        "kit module": "from studykit.optim.adamw import AdamW",
        "importlib": "import importlib\nAdamW = importlib.import_module('studykit.optim.adamw').AdamW",
        "sys.modules": "import sys\nAdamW = sys.modules['studykit.optim.adamw'].AdamW",
        "drill": "import sys\nAdamW = sys.modules['studykit.optim.adamw_drill'].drill.reference",
        "variant": "import sys\nAdamW = sys.modules['studykit.optim.adamw_drill'].drill.variants['foreach']",
        "lion_pytorch": "from lion_pytorch import Lion as AdamW",
        "timm": "import timm.optim\nAdamW = timm.optim.AdamW",
    }
)
def test_the_library_is_no_answer(source: str) -> None:
    assert "It uses " in refused(adamw(source), "library_call", of="adamw").message


FUNCTIONAL = """
import torch
from torch.optim.optimizer import Optimizer


class AdamW(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                m, v = torch.zeros_like(p), torch.zeros_like(p)
                step = torch.zeros(())
                rest = dict(amsgrad=False, beta1=0.9, beta2=0.99, lr=0.1, weight_decay=0.0, eps=1e-8, maximize=False)
                {call}
"""


@cases(
    {
        "adamw": "__import__('torch.optim.adamw', fromlist='_').adamw([p], [p.grad], [m], [v], [], [step], **rest)",
        "_functional": "torch.optim._functional.adamw([p], [p.grad], [m], [v], [], [step], **rest)",
        "single tensor": "__import__('torch.optim.adam', fromlist='_')._single_tensor_adam([p], [p.grad], [m], [v], [], [step], None, None, **rest)",
        "fused": "torch._fused_adamw_([p], [p.grad], [m], [v], [], [step + 1], **rest)",
        "operator": "torch.ops.aten._fused_adamw_([p], [p.grad], [m], [v], [], [step + 1], **rest)",
        "overload": "torch.ops.aten._fused_adamw_.default([p], [p.grad], [m], [v], [], [step + 1], **rest)",
        "out of place": "torch.ops.aten._fused_adamw([p], [p.grad], [m], [v], [], [step + 1], **rest)",
    },
    "call",
)
def test_nor_are_its_functions(call: str) -> None:
    refused(FUNCTIONAL.format(call=call), "library_call", of="adamw")


@cases(
    {
        "pathlib": first("import sys, pathlib; pathlib.Path(sys.modules['studykit.optim.lion'].__file__).read_text()"),
        "os.open": first(
            "import sys, os; os.open(os.path.join(os.path.dirname(sys.modules['studykit.drill'].__file__), 'optim', 'lion.py'), 0)"
        ),
        "FileIO": first("import sys, io; io.FileIO(sys.modules['studykit.optim.lion_drill'].__file__)"),
        "chdir": first(
            "import sys, os; os.chdir(os.path.dirname(sys.modules['studykit.optim.lion'].__file__)); open('lion.py')"
        ),
        "swallowed": first(
            "import sys\ntry: open(sys.modules['studykit.optim.lion'].__file__)\nexcept BaseException: pass"
        ),
    }
)
def test_nor_is_its_source(source: str) -> None:
    refused(source, "library_call")


@cases(
    {
        "linecache": "import sys, linecache\nprint(linecache.getlines(sys.modules['studykit.optim.lion'].__file__))",
        "inspect": "import sys, inspect\ntry: print(inspect.getsource(sys.modules['studykit.optim.lion'].Lion.step))\nexcept OSError: pass",
    }
)
def test_its_lines_are_not_to_be_had(source: str) -> None:
    told = judged(first(source))
    assert told.mistake in (None, "library_call")
    assert "lion_update" not in told.printed


def test_to_mention_the_library_is_no_use_of_it() -> None:
    told = judged(
        first("import torch\nfrom torch.optim import *\nfrom torch.optim import Adam, lr_scheduler\nprint(Adam)")
    )
    assert told.passed, told.message


# --- tampering


@cases(
    {
        "allclose": (first("import torch; torch.allclose = lambda *a, **k: True") + NO_SIGN, "torch.allclose"),
        "add_": (first("import torch; torch.Tensor.add_ = lambda self, *a, **k: self"), "Tensor.add_"),
        "assert_close": (first("import torch; torch.testing.assert_close = print"), "assert_close"),
        "abs": (first("import builtins; builtins.abs = lambda x: 0"), "builtins.abs"),
        "isclose": (first("import math; math.isclose = lambda *a: True"), "math.isclose"),
        "zeros_like": (first("import torch; torch.zeros_like = torch.ones_like"), None),
        "deleted": (first("import torch; del torch.equal"), "torch.equal"),
        "forged end": (first('import os; os.write(3, b\'{"stop": "done"}\\n\')'), "file descriptors"),
        "forged probe": (in_step('import os; os.write(3, b\'{"probe": 0, "outputs": {}}\\n\')'), "file descriptors"),
        "flood": (first("import os; os.write(3, b'x' * 40_000_000)"), "file descriptors"),
        "no JSON": (first("import os; os.write(3, b'no json\\n')"), "file descriptors"),
        "closed": (first("import os; os.close(3)"), "file descriptors"),
        "all closed": (first("import os; os.closerange(0, 50)"), "file descriptors"),
    },
    "source",
    "said",
)
def test_tampering_does_not_pass(source: str, said: str | None) -> None:
    told = judged(source)
    assert not told.passed
    if said:
        assert told.mistake == "tampering" and said in told.message, told


@cases(
    {
        "plain": "import sys; sys.modules['studykit.judge.worker'].plain = lambda *a: 0",
        "replaced": "import sys; sys.modules['studykit.judge.guard'].replaced = lambda *a: []; import torch; torch.allclose = print",
        "agree": "import sys; vars(sys.modules['studykit.judge.verdict'])['_agree'] = lambda *a: True",
        "write": "import os, json; os.write = lambda *a: 0; json.dumps = lambda *a: '{}'",
    }
)
def test_a_wrong_solution_gains_nothing_by_it(source: str) -> None:
    assert not judged(textwrap.dedent(source) + "\n" + NO_SIGN).passed


# --- other processes


@cases(
    {
        "fork bomb": first("import os\nwhile True: os.fork()"),
        "forks in step": in_step("import os\nfor n in range(100): os.fork()"),
        "commands": in_step(
            "import subprocess, sys\nwhile True: subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])"
        ),
        "new session": first(
            "import os\nif os.fork():\n    import time; time.sleep(1000)\nos.setsid()\nimport time; time.sleep(1000)"
        ),
        "multiprocessing": first(
            "import multiprocessing as m, time\nwhile True: m.get_context('fork').Process(target=time.sleep, args=(1000,)).start()"
        ),
        "past the hook": first(
            "import ctypes, time\nlibc = ctypes.CDLL(None)\nfor n in range(20):\n    if not libc.fork(): libc.setsid(); time.sleep(1000)\ntime.sleep(1000)"
        ),
    }
)
def test_processes_are_bounded_and_swept_up(source: str) -> None:
    judged(RIGHT)
    begun = time.monotonic()
    told = judged(source, seconds=1)
    assert not told.passed
    assert told.mistake in ("exited", "time_limit", "memory_limit", "tampering")
    assert time.monotonic() - begun < 10
    assert not children(server_pid())


def test_threads_are_bounded() -> None:
    told = judged(
        first("import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(1000,)).start()"),
        seconds=3,
    )
    assert not told.passed and told.mistake in ("memory_limit", "time_limit")


def test_a_thread_that_stays_does_no_harm() -> None:
    assert judged(first("import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()")).passed


@cases(
    {
        "kill": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
        "killpg": "import os, signal\nos.killpg(os.getppid(), signal.SIGTERM)",
        "a command": "import subprocess, os\nsubprocess.run(['kill', '-9', str(os.getppid())])\nwhile True: pass",
    }
)
def test_to_kill_the_judge_does_not_pass(source: str) -> None:
    told = judged(first(source), seconds=2)
    assert not told.passed and told.mistake == "exited", told


# --- the server and its client


@pytest.mark.parametrize("lang", ["en", "zh"])
@cases(
    {
        "right": RIGHT,
        "wrong": NO_SIGN,
        "syntax": "x = (",
        "empty": "",
        "raises": first("1/0"),
        "raises in step": in_step("1/0"),
        "exits": first("import os; os._exit(0)"),
        "hangs": first("while True: pass"),
        "memory": first("bytearray(10**11)"),
        "replaces": first("import torch; torch.equal = 1"),
        "closes": first("import os; os.close(3)"),
        "library": first("from studykit.optim import Lion as L; L()"),
        "differs": RIGHT.replace("1 - beta1", "0.5"),
    }
)
def test_every_verdict_is_in_the_language_asked_for(source: str, lang: str) -> None:
    told = judged(source, lang=lang, seconds=1)
    assert bool(CHINESE.search(told.message)) == (lang == "zh"), told.message
    assert not re.search(r"\{\w+\}|Traceback", told.message)


@pytest.mark.parametrize("factor", [1.1, 1.00005])
def test_a_wrong_value_is_shown_beside_the_right_one(factor: float) -> None:
    told = judged(RIGHT.replace(".sign()", f".sign() * {factor}"))
    assert told.mistake is None
    shown = re.search(r"should be (.+), yours is (.+?)\.(?: Given|$)", told.message)
    assert shown and shown[1] != shown[2]
    assert "Given: p = [" in told.message


def test_a_server_that_was_killed_is_started_again() -> None:
    judged(RIGHT)
    before = server_pid()
    os.kill(before, signal.SIGKILL)
    assert judged(NO_SIGN).mistake == "no_sign"
    assert server_pid() != before


def test_a_server_that_is_killed_during_a_check_is_started_again() -> None:
    judged(RIGHT)
    before, told = server_pid(), []
    thread = threading.Thread(target=lambda: told.append(judged(in_step("import time; time.sleep(0.03)"), seconds=60)))
    thread.start()
    assert within(10, lambda: bool(children(before)))
    solution = children(before)[0]
    os.kill(before, signal.SIGKILL)
    thread.join()
    assert told[0].passed
    assert within(5, lambda: not alive(solution)), "the solution outlived its judge"


def test_checks_from_several_threads_do_not_mix() -> None:
    sources = {"no_sign": NO_SIGN, None: RIGHT, "syntax": "x = ("}
    told: list[tuple[str | None, Verdict]] = []

    def check(mistake: str | None) -> None:
        told.extend((mistake, judged(sources[mistake])) for _ in range(3))

    threads = [threading.Thread(target=check, args=(mistake,)) for mistake in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 9
    assert all(each.mistake == mistake for mistake, each in told)


CLIENT = """
import os, sys, time
from studykit.drill import grade
from studykit.judge.client import the_judge

right, loop = sys.argv[1:]
print(grade("lion", right).passed, the_judge().pid, flush=True)
try:
    print(grade("lion", loop, seconds=3).mistake, flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(grade("lion", right).passed, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def client() -> Iterator["subprocess.Popen[str]"]:
    arguments = [sys.executable, "-c", CLIENT, RIGHT, first("while True: pass")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        yield process
        process.kill()


def line(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout
    return process.stdout.readline().split()


def test_an_interrupt_leaves_the_judge_usable(client: "subprocess.Popen[str]") -> None:
    passed, pid = line(client)
    assert passed == "True"
    assert within(5, lambda: bool(children(int(pid))))
    os.killpg(client.pid, signal.SIGINT)  # to the whole group, as a terminal and Jupyter do
    assert line(client) == ["interrupted"]
    assert line(client) == ["True"]
    assert alive(int(pid)), "the server was interrupted too"


@pytest.mark.parametrize("when", ["during a check", "between checks"])
def test_the_server_ends_with_its_client(client: "subprocess.Popen[str]", when: str) -> None:
    pid = int(line(client)[1])
    if when == "between checks":
        assert line(client) == ["time_limit"]
        assert line(client) == ["True"]
    else:
        assert within(5, lambda: bool(children(pid)))
    client.kill()
    assert within(10, lambda: not alive(pid)), "an orphan"


def test_where_fork_is_unsafe_a_fresh_interpreter_judges() -> None:
    card = technique("lion")
    job = {"module": card.module_of("_drill"), "name": "Lion", "signature": card.signature, "lang": "en"}
    judge, library = Judge(spawn=True), first("from lion_pytorch import Lion as L; L()")
    try:
        right, wrong = (judge.check({**job, "source": source}) for source in (RIGHT, library))
    finally:
        judge.close()
    assert right["passed"], right["message"]
    assert wrong["mistake"] == "library_call"


def test_a_defect_of_the_kit_is_no_verdict() -> None:
    card = technique("lion")
    job = {
        "module": "studykit.optim.no_such_drill",
        "name": "Lion",
        "signature": card.signature,
        "lang": "en",
        "source": RIGHT,
    }
    with pytest.raises(JudgeError, match="no_such_drill"):
        the_judge().check(job)


def test_to_warm_up_takes_no_time() -> None:
    begun = time.monotonic()
    warm("lion")
    warm()
    assert time.monotonic() - begun < 0.5


def test_an_unknown_technique_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="lion"):
        grade("loin", RIGHT)


def test_a_file_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(b"\xef\xbb\xbf" + RIGHT.encode())
    assert read(path) == RIGHT
    path.write_bytes(b"x = '\xff'")
    with pytest.raises(InputError, match="byte 5"):
        read(path)
    with pytest.raises(InputError, match="can't be read"):
        read(tmp_path / "none.py")
