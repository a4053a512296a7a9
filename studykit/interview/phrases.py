"""What an interviewer says, in both languages."""

import re

from studykit.language import Text
from studykit.technique import SECTIONS, TIERS, Technique

_SECTION = {
    "optim": Text("optimizers", "优化器"),
    "schedule": Text("learning-rate schedules", "学习率调度"),
    "regularization": Text("regularisation", "正则化"),
    "data": Text("the data side of training", "数据侧的训练技巧"),
    "gradient": Text("handling gradients", "梯度处理"),
    "architecture": Text("initialisation and normalisation", "初始化和归一化"),
    "selfsup": Text("self-supervised pre-training", "自监督预训练"),
    "scale": Text("training at scale", "大规模训练"),
    "automl": Text("hyper-parameter search and supernets", "超参数搜索和超网"),
}
_TIER = {
    "basics": Text("the basic training tricks: optimizers, schedules, regularisation", "基础训练技巧：优化器、学习率调度、正则化"),
    "task_oriented": Text(
        "task-oriented tricks: data, gradients, architecture", "面向任务的训练技巧：数据、梯度、结构"
    ),
    "frontier": Text("what is newer: self-supervision, scale, automation", "较新的做法：自监督、大规模训练、自动化"),
}
_ALL = {
    "screen": Text(
        "Let's begin broadly. Which training tricks do you know, and what is each of them for?",
        "先从整体说起：你知道哪些训练技巧？各自解决什么问题？",
    ),
    "onsite": Text(
        "Let's begin broadly. Which training tricks do you know? Give me the picture first, then what you would reach "
        "for in a new project, and why.",
        "先从整体说起：你知道哪些训练技巧？先给个全貌，再说一个新项目里你会先用哪些，为什么。",
    ),
    "expert": Text(
        "Let's begin broadly. Which training tricks do you know, what is the evidence for each, and which do you no "
        "longer believe in?",
        "先从整体说起：你知道哪些训练技巧？各有什么证据？哪些你已经不信了？",
    ),
}
ABOUT = Text(
    "Tell me about {title}: what it does, how it works, when you would use it and when you wouldn't.",
    "讲讲{title}：它做什么、怎么做到的，什么时候用，什么时候不用？",
)
_PART = Text("Let's talk about {part}. What do you know, and what would you use when?", "我们聊聊{part}。你了解哪些？分别什么时候用？")
CHALLENGE = Text("You said “{quote}”. Are you sure?", "你刚才说“{quote}”，确定吗？")
NAMED = Text("You mentioned {title}. {question}", "你提到了{title}。{question}")
ASK = Text("Let's take {title}. {question}", "再看{title}。{question}")
LAYER = Text(
    "So far I've heard nothing on the {layer} side. What would you do there, and what does it cost?",
    "{layer}层面你还没提到。这方面你会怎么做？代价是什么？",
)
DRILL = Text(
    "Now please write some code: fill in `{name}` ({title}). You have its signature and docstring; no library call that "
    "does the task for you.",
    "现在请写段代码：把 `{name}` 补全（{title}）。签名和文档都给你了，别直接调用现成的库函数。",
)
DEBUG = Text("Here is a piece of code with a bug.", "这里有一段带 bug 的代码。")
CLOSING = Text(
    "We are nearly through. Is there anything you would add, or put differently?",
    "时间差不多了。还有什么想补充，或者想换个说法的吗？",
)

KIND = Text("No problem, nobody knows everything. ", "没关系，没有人什么都知道。")
MODEL = Text("A crisp answer: {answer}", "简洁的答法：{answer}")
STANDS = Text("It is better not to say that. {correction} ({source})", "这话还是不要这样说。{correction}（{source}）")
EXACT = Text("Thank you. To be exact: {correction} ({source})", "好的。准确的说法是：{correction}（{source}）")
NOTED = Text("Thank you.", "好的。")
NOT_TRIED = Text("No solution was given.", "没有提交代码。")
FOUND = Text("Right, that is the line. {explanation}", "对，就是这一行。{explanation}")
MISSED = Text("Not that one. {feedback}", "不是这一行。{feedback}")
SHOWN = Text("The bug is here, {answer}. {explanation}", "问题在{answer}。{explanation}")
OVER = Text("That's our time. Thank you for the talk.", "时间到了，谢谢你今天的分享。")
DONE = Text("That was my last question. Thank you for the talk.", "我的问题问完了，谢谢你今天的分享。")


def name_of(card: Technique, lang: str) -> str:
    """What a technique is called in talk: its title without the explanation, in Chinese set off from it by a space."""
    name = re.split(r"[:：（(]", card.title.zh if lang == "zh" else card.title.en)[0].strip()
    return f" {name}" if lang == "zh" and name[0].isascii() else name


def opening(focus: str, level: str) -> Text:
    """The broad question about all, a tier or a section."""
    part = _SECTION.get(focus) if focus in SECTIONS else _TIER.get(focus) if focus in TIERS else None
    return Text(*(_PART.say(lang).format(part=part.say(lang)) for lang in Text._fields)) if part else _ALL[level]
