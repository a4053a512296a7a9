"""Wrong updates of an elastic network: one right one, each deviating from it in one place."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from studykit.language import Text


def soft_cross_entropy(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, teacher.softmax(-1))


def hard(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, y)


def guessed(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, teacher.argmax(-1))


def reversed_kl(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return (logits.softmax(-1) * (logits.log_softmax(-1) - teacher.log_softmax(-1))).sum(-1).mean()


def warm(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return 4 * F.cross_entropy(logits / 2, (teacher / 2).softmax(-1))


def warm_unscaled(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits / 2, (teacher / 2).softmax(-1))


def teacher_alone_warm(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, (teacher / 2).softmax(-1))


def squares(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(logits, teacher)


def squares_of_probabilities(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(logits.softmax(-1), teacher.softmax(-1))


def both(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return hard(logits, teacher, y) + soft_cross_entropy(logits, teacher, y)


def half_and_half(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return 0.5 * both(logits, teacher, y)


def raw_logits(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return -(teacher * logits.log_softmax(-1)).sum(-1).mean()


def kl_over_elements(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return (teacher.softmax(-1) * (teacher.log_softmax(-1) - logits.log_softmax(-1))).mean()


def summed_over_batch(logits: Tensor, teacher: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, teacher.softmax(-1), reduction="sum")


def others(net: Any, n_random: int, generator: torch.Generator | None) -> list[Any]:
    return [net.min_subnet, *(net.sample(generator) for _ in range(n_random))]


def without_smallest(net, n_random, generator):
    return others(net, n_random, generator)[1:]


def smallest_counts(net, n_random, generator):
    return others(net, max(n_random - 1, 0), generator)


def one_more(net, n_random, generator):
    return others(net, n_random + 1, generator)


def one_draw(net, n_random, generator):
    drawn = net.sample(generator) if n_random else None
    return [net.min_subnet, *[drawn] * n_random]


def global_draws(net, n_random, generator):
    return others(net, n_random, None)


def no_draws(net, n_random, generator):
    return [net.min_subnet]


def largest_again(net, n_random, generator):
    return [*others(net, n_random, generator), net.max_subnet]


def like(
    lesson: Callable[..., Tensor] = soft_cross_entropy,
    *,
    configs: Callable[..., list[Any]] = others,
    switch: Callable[[bool], bool] = lambda distill: distill,
    detach: bool = True,
    steps: str = "once",
    zero: str = "before",
    own: float = 1.0,
    share: Callable[[int], float] = lambda count: 1.0,
    again: str = "",
    taught_by: str = "largest",
    told: Callable[..., float] = lambda loss, rest: loss,
    mode: str = "",
) -> Callable[..., float]:
    """A sandwich step with these parts; by default it is right.

    Args of note: `steps` once, each, two, never; `zero` before, never, each; `own` the weight of the labels' loss of the largest; `again` a second
    pass of the largest for the teacher, in mode train or eval; `taught_by` largest, previous, smallest.
    """

    def candidate(net, x, y, optimizer, n_random=2, distill=True, generator=None):
        if zero == "before":
            optimizer.zero_grad()
        if mode:
            net.train(mode == "train")
        asked = configs(net, n_random, generator)
        weight = share(1 + len(asked))
        logits = net(x, net.max_subnet)
        loss = F.cross_entropy(logits, y)
        (own * weight * loss).backward(retain_graph=not detach)
        teacher = logits.detach() if detach else logits
        if steps in ("each", "two"):
            optimizer.step()
            optimizer.zero_grad()
        if again and switch(distill):
            before = net.training
            net.train(again == "train")
            with torch.no_grad():
                teacher = net(x, net.max_subnet)
            net.train(before)
        rest = []
        for config in asked:
            if zero == "each":
                optimizer.zero_grad()
            found = net(x, config)
            each = weight * (lesson if switch(distill) else hard)(found, teacher, y)
            each.backward(retain_graph=not detach)
            rest.append(each.item())
            if taught_by == "previous":
                teacher = found.detach()
            if steps == "each":
                optimizer.step()
                optimizer.zero_grad()
        if steps in ("once", "two"):
            optimizer.step()
        return told(loss.item(), rest)

    return candidate


WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "teacher_not_detached": (like(detach=False), Text(
        "The gradient of the students flows into the teacher through its soft labels, and pulls it towards them. Detach the largest one's logits.",
        "学生的梯度经软标签流进了老师，把老师往学生那边拉。最大网络的 logits 要先 detach。",
    )),
    "labels_for_all": (like(hard), Text(
        "The students learn from the labels although distill is True: that is the sandwich rule alone. They are to learn the largest one's "
        "probabilities.",
        "distill 为 True，学生却还在学标签：这只是三明治规则。学生要学最大网络给出的概率。",
    )),
    "always_distilled": (
        like(switch=lambda distill: True),
        Text("distill is not asked: with False the students learn from the labels.", "没有用到 distill：为 False 时学生应学标签。"),
    ),
    "switch_turned_round": (
        like(switch=lambda distill: not distill),
        Text("distill works the wrong way round.", "distill 的两种情况写反了。"),
    ),
    "argmax_for_probabilities": (like(guessed), Text(
        "The students learn the teacher's best guess, a hard label. What it holds for likely beside that is what distillation adds: softmax.",
        "学生学的是老师的最佳猜测，一个硬标签。老师认为其他类各有多大可能，才是蒸馏带来的信息：用 softmax。",
    )),
    "labels_and_teacher": (like(both), Text(
        "The students learn from labels and teacher. In BigNAS the labels are for the largest alone; Once-for-All adds both.",
        "学生同时学标签和老师。BigNAS 里只有最大网络用标签；两者相加的是 Once-for-All。",
    )),
    "half_labels": (
        like(half_and_half),
        Text("The students learn from the mean of labels and teacher; it is the teacher alone.", "学生学的是标签和老师的平均；应只学老师。"),
    ),
    "kl_reversed": (like(reversed_kl), Text(
        "The divergence is reversed: KL(student, teacher). The student is to be likely where the teacher is: the teacher's probabilities times "
        "the student's logarithm.",
        "KL 的方向反了，成了 KL(学生, 老师)。应是老师的概率乘学生的对数概率。",
    )),
    "temperature": (
        like(warm),
        Text("There is a temperature of 2, as in classical distillation; here it is 1.", "用了温度 2，那是经典蒸馏的做法；这里温度为 1。"),
    ),
    "temperature_unscaled": (
        like(warm_unscaled),
        Text("There is a temperature of 2; here it is 1.", "用了温度 2；这里温度为 1。"),
    ),
    "temperature_of_the_teacher": (
        like(teacher_alone_warm),
        Text("The teacher's logits are divided by 2: softened; here the temperature is 1.", "老师的 logits 除以了 2，被软化了；这里温度为 1。"),
    ),
    "logits_matched": (like(squares), Text(
        "You match logits by squared errors; it is the cross-entropy with the teacher's probabilities.",
        "你用平方误差对齐 logits；应是以老师概率为目标的交叉熵。",
    )),
    "probabilities_matched": (like(squares_of_probabilities), Text(
        "You match probabilities by squared errors; it is the cross-entropy with the teacher's probabilities.",
        "你用平方误差对齐概率；应是以老师概率为目标的交叉熵。",
    )),
    "softmax_forgotten": (
        like(raw_logits),
        Text("The target is the teacher's logits; it lacks the softmax.", "目标用了老师的 logits，少了 softmax。"),
    ),
    "mean_over_classes": (like(kl_over_elements), Text(
        "The divergence is averaged over batch and classes, as F.kl_div does by default; sum over the classes (batchmean).",
        "KL 在 batch 和类别上都取了平均，F.kl_div 默认就这样；类别上应求和（batchmean）。",
    )),
    "summed_over_batch": (like(summed_over_batch), Text(
        "The students' loss is summed over the batch, the largest one's is a mean: both are means.",
        "学生的损失对 batch 求了和，最大网络的却是均值；两者都应取均值。",
    )),
    "step_for_each": (like(steps="each"), Text(
        "There is a step after each sub-network. Gradients of all are added up first; then one step.",
        "每个子网都更新了一次。应先把所有梯度加起来，再更新一次。",
    )),
    "largest_stepped_first": (
        like(steps="two"),
        Text("The largest is updated first, then the others: there is one step for all.", "先更新了最大网络，再更新其余的；应合起来只更新一次。"),
    ),
    "no_step": (
        like(steps="never"),
        Text("optimizer.step() is missing.", "少了 optimizer.step()。"),
    ),
    "only_the_last_counts": (like(zero="each"), Text(
        "zero_grad() before each sub-network throws the gradients of the earlier ones away: only the last one counts.",
        "每个子网前都调用 zero_grad()，前面的梯度被清掉，只有最后一个起作用。",
    )),
    "old_gradients_kept": (
        like(zero="never"),
        Text("Gradients from before are added to: call zero_grad() first.", "没有清掉之前的梯度：先调用 zero_grad()。"),
    ),
    "averaged": (
        like(share=lambda count: 1 / count),
        Text("Gradients are averaged over the sub-networks; they are added up.", "梯度在子网之间取了平均；应相加。"),
    ),
    "smallest_left_out": (like(configs=without_smallest), Text(
        "The smallest is not trained. It is the lower end of the sandwich: random draws hardly ever meet it.",
        "没有训练最小的子网。它是三明治的下面那片，随机几乎抽不到它。",
    )),
    "largest_left_out": (like(own=0.0), Text(
        "The largest is not trained, only asked. It is the upper end of the sandwich, and the only one that sees the labels.",
        "最大的网络只做了老师，没有训练。它是三明治的上面那片，也只有它看得到标签。",
    )),
    "smallest_counted_as_random": (
        like(configs=smallest_counts),
        Text("The smallest is counted among the n_random; they come beside it.", "把最小的算进了 n_random；随机的应另外再抽。"),
    ),
    "one_too_many": (
        like(configs=one_more),
        Text("There is one random sub-network too many.", "随机子网多抽了一个。"),
    ),
    "one_draw_for_all": (
        like(configs=one_draw),
        Text("One draw is used n_random times; draw each anew.", "只抽了一次，用了 n_random 次；每个都要重新抽。"),
    ),
    "no_random_ones": (
        like(configs=no_draws),
        Text("No random sub-networks: only the two ends are trained.", "没有随机子网，只训练了两端。"),
    ),
    "generator_not_used": (
        like(configs=global_draws),
        Text("The draws don't use the generator: net.sample(generator).", "抽样没有用 generator：net.sample(generator)。"),
    ),
    "largest_trained_twice": (
        like(configs=largest_again),
        Text("The largest is among its own students as well.", "最大的网络又当了自己的学生。"),
    ),
    "teacher_in_evaluation_mode": (like(again="eval"), Text(
        "The teacher is run a second time, in evaluation mode, with running statistics. In place means: the logits of the pass that is there anyway.",
        "老师又以评估模式跑了一遍，用的是滑动统计量。“原地”蒸馏就是直接用那次前向的 logits。",
    )),
    "teacher_run_again": (like(again="train"), Text(
        "The values are right, but the largest is run twice. Its logits are there already: detach them.",
        "数值对，但最大的网络跑了两遍。它的 logits 已经有了：detach 即可。",
    )),
    "taught_by_the_one_before": (
        like(taught_by="previous"),
        Text("Each student is taught by the one before it; the teacher of all is the largest.", "每个学生跟前一个学；所有学生的老师都是最大的网络。"),
    ),
    "mode_changed": (
        like(mode="eval"),
        Text("The network is put into evaluation mode; leave its mode as it is.", "把网络切到了评估模式；应保持原来的模式。"),
    ),
    "all_losses_told": (like(told=lambda loss, rest: loss + sum(rest)), Text(
        "The weights are right; returned is the sum of all losses, asked for is the largest one's on the labels.",
        "权重对，但返回了所有损失之和；应返回最大网络在标签上的损失。",
    )),
}  # fmt: skip
