"""Masking from a blank: which tokens are chosen, what becomes of them, and what the labels say; judged by shares over many tokens."""

import random

import torch

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._mlm_probes import Again, Call, Drawn, Fates
from ._mlm_told_mistakes import WRONG
from .mlm import mask_tokens


def one_number(ids, mask_id, vocab_size, special_mask=None, probability=0.15, generator=None):
    """One uniform number for each token decides everything."""
    u = torch.rand(ids.shape, generator=generator)
    if special_mask is not None:
        u = torch.where(special_mask, torch.ones(()), u)
    labels = torch.where(u < probability, ids, -100)
    words = torch.randint(vocab_size, ids.shape, generator=generator)
    inputs = torch.where(u < 0.8 * probability, mask_id, torch.where(u < 0.9 * probability, words, ids))
    return inputs, labels


def by_index(ids, mask_id, vocab_size, special_mask=None, probability=0.15, generator=None):
    """Positions are listed, shuffled fates are dealt to them."""
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    allowed = torch.ones_like(ids, dtype=torch.bool) if special_mask is None else special_mask.logical_not()
    draw = torch.empty(ids.shape).uniform_(generator=generator)
    where = ((draw < probability) & allowed).nonzero(as_tuple=True)
    labels[where] = ids[where]
    fate = torch.rand(len(where[0]), generator=generator)
    inputs[tuple(each[fate < 0.8] for each in where)] = mask_id
    swapped = tuple(each[fate >= 0.9] for each in where)
    inputs[swapped] = torch.randint(0, vocab_size, (len(swapped[0]),), generator=generator)
    return inputs, labels


def never_the_mask(ids, mask_id, vocab_size, special_mask=None, probability=0.15, generator=None):
    """A random token is never the mask."""
    chances = torch.full(ids.shape, probability)
    if special_mask is not None:
        chances[special_mask] = 0
    chosen = torch.bernoulli(chances, generator=generator) == 1
    labels = ids.clone()
    labels[~chosen] = -100
    fate = torch.multinomial(torch.tensor([0.8, 0.1, 0.1]), ids.numel(), True, generator=generator).view(ids.shape)
    words = torch.randint(vocab_size - 1, ids.shape, generator=generator)
    words = words + (words >= mask_id).long()
    inputs = ids.clone()
    inputs[chosen & (fate == 0)] = mask_id
    inputs[chosen & (fate == 1)] = words[chosen & (fate == 1)]
    return inputs, labels


def in_a_loop(ids, mask_id, vocab_size, special_mask=None, probability=0.15, generator=None):
    """Token by token in plain Python, its numbers seeded from the generator."""
    draw = random.Random(int(torch.randint(2**31, (), generator=generator)))
    special = [False] * ids.numel() if special_mask is None else special_mask.flatten().tolist()
    inputs, labels = ids.flatten().tolist(), [-100] * ids.numel()
    for n, (word, never) in enumerate(zip(list(inputs), special, strict=True)):
        if not never and draw.random() < probability:
            labels[n], fate = word, draw.random()
            if fate < 0.8:
                inputs[n] = mask_id
            elif fate < 0.9:
                inputs[n] = draw.randrange(vocab_size)
    return torch.tensor(inputs).view(ids.shape), torch.tensor(labels).view(ids.shape)


drill = Drill(
    reference=mask_tokens,
    probes=(
        Probe(
            "shares", Call(fates=True), Text("60,000 tokens with the default probability", "60000 个 token，默认概率")
        ),
        Probe("special", Call(special=0.3), Text("30 % of the tokens are special", "30% 是特殊 token")),
        Probe(
            "zero",
            Call(zeros=True),
            Text(
                "a third of the tokens have number 0, without special_mask",
                "三分之一的 token 编号为 0，没有 special_mask",
            ),
        ),
        Probe("together", Call(together=True), Text("whether each token decides by itself", "每个 token 是否独立抽签")),
        Probe("forty", Call(0.4, fates=True), Text("probability 0.4", "probability 为 0.4")),
        Probe(
            "all",
            Call(1.0, special=0.5, fates=True),
            Text("probability 1 with special tokens", "probability 为 1，有特殊 token"),
        ),
        Probe("none", Call(0.0), Text("probability 0", "probability 为 0")),
        Probe(
            "line",
            Call(0.3, shape=(20_000,)),
            Text("one text without a batch: ids of one dimension", "单条文本，没有 batch 维：一维 ids"),
        ),
        Probe("deep", Call(0.3, special=0.2, shape=(40, 25, 20)), Text("ids of three dimensions", "三维 ids")),
        Probe("words", Drawn(), Text("which tokens stand for the original", "用哪些 token 来替换")),
        Probe(
            "fates",
            Fates(),
            Text("a hundred calls on 200 tokens, probability 1", "对 200 个 token 调用一百次，probability 为 1"),
        ),
        Probe("again", Again(), Text("repeated calls, with and without a generator", "多次调用，有或没有 generator")),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={
        "one_number": one_number,
        "by_index": by_index,
        "in_a_loop": in_a_loop,
        "never_the_mask": never_the_mask,
    },
    prompt=Text(
        "Write BERT's masking. Every token is chosen by itself with this probability, unless special_mask is True there. Of the chosen, "
        "80 % become mask_id, 10 % a token drawn evenly from 0 to vocab_size - 1, 10 % stay. Return the new input and labels: the "
        "original token where one was chosen, -100 elsewhere. ids stay as they are; ids have any shape; every random number comes from "
        "generator (torch's own where it is None).",
        "写出 BERT 的遮词。每个 token 以给定概率独立地被选中，special_mask 为 True 的除外。选中的里面，80% 换成 mask_id，10% 换成从 0 到 "
        "vocab_size - 1 均匀抽取的 token，10% 不变。返回新的输入和标签：选中处是原来的 token，其余是 -100。不能改动 ids；ids 可以是任意形状；"
        "所有随机数都来自 generator（为 None 时用 torch 默认的）。",
    ),
    hints=(
        Text(
            "Three questions, three draws: chosen? the mask? if not, a random token?",
            "三个问题，抽三次签：选不选？换不换 [MASK]？不换的话，换不换随机词？",
        ),
        Text(
            "The second draw is among the chosen, the third among what the second left: there 10 % of all is a half.",
            "第二次在选中的里面抽，第三次在第二次剩下的里面抽：整体的 10% 在那里是一半。",
        ),
        Text(
            "labels = ids.masked_fill(~chosen, -100); ids.masked_fill(masked, mask_id); torch.where for the random tokens.",
            "labels = ids.masked_fill(~chosen, -100)；ids.masked_fill(masked, mask_id)；随机词用 torch.where。",
        ),
    ),
    forbidden=("transformers",),
)
