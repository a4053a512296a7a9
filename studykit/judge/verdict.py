"""From what a run reported to what the learner is told. Runs in the server: reference and mistakes here, outputs there."""

import signal
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from studykit.drill import Drill, Mistake, Probe
from studykit.judge.values import Difference, difference, plain, show
from studykit.language import Text

if TYPE_CHECKING:
    from studykit.judge.server import Report

GIVEN = "given "
# The exit status of a child that can't write to its channel.
BROKEN = 77
MESSAGES = {
    "passed": Text("Right: {probes} probes, all equal to the reference.", "正确：{probes} 项检验全部与参考实现一致。"),
    "blank": Text(
        "Nothing is written yet: the body of {name} is still empty.", "还没有开始写：{name} 的主体仍是空的。"
    ),
    "syntax": Text("Line {line} does not parse: {text}.", "第 {line} 行有语法错误：{text}。"),
    "missing_name": Text(
        "There is no {name} in it; define {name}{signature}.", "没有找到 {name}；请定义 {name}{signature}。"
    ),
    "not_callable": Text(
        "{name} is of type {text}, not a class or function.", "{name} 的类型是 {text}，不是类或函数。"
    ),
    "misfit": Text(
        "It can't be called as {name}{signature}: {text}.", "无法以 {name}{signature} 的方式调用它：{text}。"
    ),
    "raised": Text("Your code raised {text}", "你的代码抛出了 {text}"),
    "raised_line": Text("Line {line}, `{code}`, raised {text}", "第 {line} 行 `{code}` 抛出 {text}"),
    "raised_in": Text("{raised} (when: {probe})", "{raised}（检验：{probe}）"),
    "exited": Text(
        "Your code ended the process ({text}); it must define {name} and return.",
        "你的代码让进程退出了（{text}）；只需定义 {name} 并正常返回。",
    ),
    "time_limit": Text(
        "Not done after {limit:g} s; look for a loop that never ends.",
        "{limit:g} 秒内没有运行完；检查是否有不会结束的循环。",
    ),
    "memory_limit": Text(
        "It needs more than {megabytes} MB beyond torch itself.", "除 torch 本身外，占用的内存超过了 {megabytes} MB。"
    ),
    "library_call": Text(
        "It uses {text}: writing that yourself is the task. torch's tensor operations are all allowed.",
        "用到了 {text}：本题要你自己写出它。torch 的张量运算都可以用。",
    ),
    "tampering": Text(
        "It replaces {text}; the check counts only with torch as it is.",
        "代码替换了 {text}；只有在 torch 保持原样时检验才算数。",
    ),
    "channel": Text(
        "It closes or writes to file descriptors that are the judge's.", "代码关闭或写入了属于判题程序的文件描述符。"
    ),
    "differs": Text(
        "{probe}: {output}{where} should be {expected}, yours is {got}.{given}",
        "{probe}：{output}{where} 应为 {expected}，你的结果是 {got}。{given}",
    ),
    "given": Text(" Given: {given}.", "输入：{given}。"),
}
Outcome = Mapping[str, Any]


class Finding(NamedTuple):
    """What a verdict says, without its measurements."""

    passed: bool
    mistake: str | None
    message: str


def decide(drill: Drill, job: Mapping[str, Any], report: "Report") -> dict[str, Any]:
    """The verdict on one run, as plain JSON."""
    finding = _judged(drill, job, report)
    return {**finding._asdict(), "seconds": report.seconds, "printed": report.printed}


def _judged(drill: Drill, job: Mapping[str, Any], report: "Report") -> Finding:
    lang, said = job["lang"], {key: job[key] for key in ("name", "signature", "megabytes")}
    said.update(limit=job["seconds"], probes=len(drill.probes))

    def finding(kind: str, mistake: str | None, **more: Any) -> Finding:
        return Finding(kind == "passed", mistake, MESSAGES[kind].say(lang).format(**{**said, **more}))

    lines = list(report.lines)
    stop = lines.pop() if lines and "stop" in lines[-1] else {"stop": None}
    kind = stop["stop"]
    if kind == "library_call":
        return finding(kind, kind, text=stop["text"])
    tried = [line for line in lines[1:] if set(line) in ({"probe", "outputs"}, {"probe", "raised"})]
    in_order = [line["probe"] for line in tried] == list(range(len(lines) - 1)) and (not lines or "ready" in lines[0])
    if (lines and not in_order) or (kind == "done" and len(tried) != len(drill.probes)) or report.status == BROKEN:
        return finding("channel", "tampering")
    if kind == "raised":
        return finding("raised_line" if stop["line"] else "raised", kind, **stop)
    if kind in ("not_callable", "misfit"):
        return finding(kind, "raised", **stop)
    if kind == "blank":
        return finding(kind, None)
    if kind in ("tampering", "syntax", "missing_name"):
        return finding(kind, kind, **stop)
    wrong = examine(drill, tried, job["seed"], lang)
    if wrong or kind == "done":
        return wrong or finding("passed", None)
    kind, text = _end(kind, stop, report)
    return finding(kind, kind, text=text)


def _end(kind: str | None, stop: Mapping[str, Any], report: "Report") -> tuple[str, str]:
    """Why a run that was not done came to its end."""
    if kind:
        return kind, stop.get("text", "")
    if report.ended == "time" or report.status == -getattr(signal, "SIGXCPU", 0):
        return "time_limit", ""
    if report.status == -getattr(signal, "SIGKILL", 0):
        return "memory_limit", ""
    if report.status is not None and report.status < 0:
        return "exited", signal.Signals(-report.status).name
    return "exited", f"os._exit({report.status})"


def examine(drill: Drill, tried: Sequence[Outcome], seed: int, lang: str) -> Finding | None:
    """The first probe whose outcome is not the reference's, with the mistake's name where it is a known one.

    Args:
        drill: Reference, probes and mistakes.
        tried: The candidate's outcomes, in the order of the probes; there may be fewer of them.
        seed: The one that the candidate was run with.
        lang: `en` or `zh`.
    """
    for number, (probe, mine) in enumerate(zip(drill.probes, tried, strict=False)):
        right = outcome(drill.reference, probe, seed)
        if "raised" in right:
            raise RuntimeError(f"the reference fails in the probe {probe.name}: {right['raised']['text']}")
        if not _agree(probe, right, mine):
            known = _known(drill, tried, number, seed)
            if known:
                return Finding(False, known.name, known.tells.say(lang))
            return _unknown(probe, right, mine, lang)
    return None


def outcome(candidate: Any, probe: Probe, seed: int) -> Outcome:
    """What a candidate of ours gives in a probe, in the form in which a child reports it."""
    try:
        return {"outputs": {name: plain(value) for name, value in probe.run(candidate, seed).items()}}
    except Exception as error:
        return {
            "raised": {
                "type": type(error).__name__,
                "text": f"{type(error).__name__}: {error}",
                "line": None,
                "code": "",
            }
        }


def _agree(probe: Probe, one: Outcome, other: Outcome) -> bool:
    if "raised" in one or "raised" in other:
        return "raised" in one and "raised" in other and one["raised"]["type"] == other["raised"]["type"]
    return _first(probe, one["outputs"], other["outputs"]) is None


def _first(probe: Probe, expected: Mapping[str, Any], got: Mapping[str, Any]) -> tuple[str, Difference] | None:
    for name, value in expected.items():
        found = None if name.startswith(GIVEN) else difference(value, got.get(name), probe.tolerance, probe.least)
        if found:
            return name, found
    return None


def _known(drill: Drill, tried: Sequence[Outcome], number: int, seed: int) -> Mistake | None:
    """The mistake that gives what the candidate gave in probe `number`, and in most others too."""

    def agrees(mistake: Mistake, n: int) -> bool:
        return _agree(drill.probes[n], outcome(mistake.candidate, drill.probes[n], seed), tried[n])

    agreeing = [mistake for mistake in drill.mistakes if agrees(mistake, number)]
    # Numbers drawn at random that agree are no chance; an exception of the same type may be.
    if len({mistake.name for mistake in agreeing}) == 1 and "outputs" in tried[number]:
        return agreeing[0]
    counts = [(sum(agrees(mistake, n) for n in range(len(tried))), mistake) for mistake in agreeing]
    most, mistake = max(counts, key=lambda each: each[0], default=(0, None))
    return mistake if most * 2 > len(tried) else None


def _unknown(probe: Probe, right: Outcome, mine: Outcome, lang: str) -> Finding:
    tells = probe.tells.say(lang)
    if "raised" in mine:
        kind = "raised_line" if mine["raised"]["line"] else "raised"
        raised = MESSAGES[kind].say(lang).format(**mine["raised"])
        return Finding(False, "raised", MESSAGES["raised_in"].say(lang).format(raised=raised, probe=tells))
    name, found = _first(probe, right["outputs"], mine["outputs"]) or ("", Difference("", "", ""))
    inputs = [
        f"{key.removeprefix(GIVEN)} = {show(value)}" for key, value in right["outputs"].items() if key.startswith(GIVEN)
    ]
    given = MESSAGES["given"].say(lang).format(given=", ".join(inputs)) if inputs else ""
    message = MESSAGES["differs"].say(lang)
    return Finding(False, None, message.format(probe=tells, output=name, given=given, **found._asdict()))
