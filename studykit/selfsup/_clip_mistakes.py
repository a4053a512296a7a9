"""Wrong ways to compute CLIP's loss: one right computation, each deviating from it in one place."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from studykit.language import Text

from ._clip_parts_mistakes import (
    diagonal_masked,
    diagonal_removed,
    hinge,
    in_place,
    like,
    one_maximum_for_all,
    other_views,
    sigmoid,
    soft_targets,
    whole,
    without_maximum,
)

WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "one_direction": (
        like(both=lambda captions, images: captions),
        Text(
            "Only one direction is there: each image looks for its caption. Add the cross-entropy of the transposed logits, each caption "
            "looking for its image, and take the mean. (Transposed twice, it is the first one again.)",
            "只算了一个方向：每张图找自己的文本。还要加上 logits 转置后的交叉熵，即每段文本找自己的图，再取平均。（转置两次等于又算了一遍第一个。）",
        ),
    ),
    "other_direction": (
        like(both=lambda captions, images: images),
        Text(
            "Only the captions look for their image; the images must look for their caption too, along the other axis. Take the mean of both.",
            "只让文本去找图；还要沿另一个轴让图去找文本，两者取平均。",
        ),
    ),
    "sum_of_both": (
        like(both=lambda captions, images: captions + images),
        Text("The two directions are added; CLIP takes their mean, half of that.", "把两个方向直接相加了；CLIP 取的是平均，应再除以 2。"),
    ),
    "exponentiated_again": (
        like(scaled=lambda similarity, scale: similarity * torch.as_tensor(scale).exp()),
        Text(
            "logit_scale is exponentiated again. It is the multiplier already; the logarithm lives in the model.",
            "对 logit_scale 又取了一次指数。传进来的已经是乘数，取对数的形式只存在于模型参数里。",
        ),
    ),
    "divided_by_the_scale": (
        like(scaled=lambda similarity, scale: similarity / scale),
        Text("You divide by logit_scale. It is the inverse of the temperature: multiply.", "你除以了 logit_scale。它是温度的倒数，应当相乘。"),
    ),
    "scale_missing": (
        like(scaled=lambda similarity, scale: similarity),
        Text(
            "logit_scale is not used: cosines within -1 and 1 can't make a sharp softmax.",
            "没有用 logit_scale：余弦只在 -1 到 1 之间，softmax 锐不起来。",
        ),
    ),
    "scale_on_both_towers": (
        like(scaled=lambda similarity, scale: similarity * scale * scale),
        Text("The scale enters twice, once for each tower; multiply the similarities once.", "两个塔各乘了一次，等于乘了平方；相似度只乘一次。"),
    ),
    "logarithm_of_the_scale": (
        like(scaled=lambda similarity, scale: similarity * torch.as_tensor(scale).log()),
        Text("You take the logarithm of logit_scale; the argument is the multiplier itself.", "你对 logit_scale 取了对数；传进来的就是乘数本身。"),
    ),
    "normalised_here": (
        like(lambda image, text: F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T),
        Text(
            "You normalise the embeddings here. Asked for is the loss of the embeddings as given, as in open_clip: the model normalises, so "
            "that what is stored for retrieval is what was trained.",
            "你在损失里做了归一化。这里要按传进来的向量直接算，和 open_clip 一致：归一化由模型负责，检索时存下的向量才与训练时一致。",
        ),
    ),
    "distances": (
        like(lambda image, text: -torch.cdist(image, text)),
        Text("You compare by distance; the similarity is the dot product, image @ text.T.", "你用的是距离；相似度应是点积 image @ text.T。"),
    ),
    "features_contracted": (
        like(lambda image, text: image.T @ text),
        Text(
            "image.T @ text is (D, D): features against features. Samples against samples is image @ text.T, (N, N).",
            "image.T @ text 的形状是 (D, D)，是特征对特征。样本对样本应为 image @ text.T，(N, N)。",
        ),
    ),
    "labels_all_zero": (
        like(labels=lambda n: torch.zeros(n, dtype=torch.long)),
        Text(
            "Every row has label 0. The caption of image i is in column i: labels are 0, 1, ..., N - 1.",
            "每一行的标签都是 0。第 i 张图的文本在第 i 列，标签应是 0, 1, ..., N − 1。",
        ),
    ),
    "labels_shifted": (
        like(labels=lambda n: torch.arange(n).roll(1)),
        Text("The labels are shifted by one: pair i stands in row i and in column i.", "标签错开了一位：第 i 对在第 i 行、第 i 列。"),
    ),
    "labels_backwards": (
        like(labels=lambda n: torch.arange(n).flip(0)),
        Text("The labels run backwards: the right answers are on the diagonal.", "标签次序反了：正确答案在对角线上。"),
    ),
    "softmax_first": (
        like(row=lambda logits, labels: F.cross_entropy(logits.softmax(1), labels)),
        Text(
            "A softmax stands before the cross-entropy, which does one itself: give it logits.",
            "交叉熵之前又做了 softmax；它自己会做，传 logits 进去即可。",
        ),
    ),
    "softmax_over_the_whole_matrix": (
        whole(lambda logits: logits.flatten().logsumexp(0) - logits.diagonal().mean()),
        Text(
            "One softmax runs over all N² pairs. There are 2N questions, each with N answers: a softmax per row and one per column.",
            "对全部 N² 个格子做了一个 softmax。应是 2N 道题，每题 N 个选项：逐行一个，逐列一个。",
        ),
    ),
    "diagonal_left_out": (
        like(row=diagonal_removed),
        Text(
            "The pair itself is missing in the denominator; then the loss has no lower bound. The softmax is over all N, the right one too.",
            "分母里去掉了正样本对自己，损失就没有下界了。softmax 要对全部 N 个做，包括正确的那个。",
        ),
    ),
    "diagonal_masked": (
        like(row=diagonal_masked),
        Text(
            "The diagonal is masked, as SimCLR does with a view against itself. Here the diagonal is image against its own caption: the answer.",
            "对角线被屏蔽了，那是 SimCLR 的做法，屏蔽视图与它自己。这里的对角线是图和它自己的文本，正是答案。",
        ),
    ),
    "other_images_as_negatives": (
        other_views,
        Text(
            "This is SimCLR's loss over 2N vectors: images also push images away, captions captions. In CLIP only image and text are compared.",
            "这是 SimCLR 在 2N 个向量上的损失：图与图、文本与文本也互相推开。CLIP 只比较图和文本。",
        ),
    ),
    "soft_targets": (
        soft_targets,
        Text(
            "Your targets are similarities within the modalities, as in a well-known tutorial. CLIP's targets are the labels 0, ..., N - 1.",
            "你的目标用了模态内的相似度，这是一个流传很广的教程的写法。CLIP 的目标就是标签 0, ..., N − 1。",
        ),
    ),
    "sigmoid_per_pair": (
        whole(sigmoid),
        Text(
            "This is SigLIP's loss, a sigmoid for every pair. CLIP's is a softmax over the batch.",
            "这是 SigLIP 的损失，逐对 sigmoid。CLIP 是在 batch 上做 softmax。",
        ),
    ),
    "binary_cross_entropy": (
        whole(lambda logits: F.binary_cross_entropy_with_logits(logits, torch.eye(len(logits), dtype=logits.dtype))),
        Text(
            "A binary cross-entropy over all N² cells asks no question of the batch; use a cross-entropy over each row and column.",
            "对 N² 个格子做了二元交叉熵，样本之间没有竞争；应对每行每列做交叉熵。",
        ),
    ),
    "hinge": (
        like(row=hinge),
        Text(
            "This is a hinge with a margin, as used before CLIP; asked for is the cross-entropy.",
            "这是带间隔的 hinge 损失，CLIP 之前的做法；要的是交叉熵。",
        ),
    ),
    "no_negatives": (
        whole(lambda logits: 1 - logits.diagonal().mean()),
        Text(
            "Only matching pairs count, nothing is pushed apart: the loss is lowest when everything is encoded alike.",
            "只拉近匹配的对，没有任何东西被推开：所有样本编码成同一个向量时损失最低。",
        ),
    ),
    "averaged_over_all_cells": (
        like(both=lambda captions, images: (captions + images) / 2, row=lambda logits, labels: F.cross_entropy(logits, labels) / len(logits)),
        Text("You divide by N²; there are N questions in each direction: divide by N.", "你除以了 N²；每个方向只有 N 道题，应除以 N。"),
    ),
    "summed_over_the_batch": (
        like(row=lambda logits, labels: F.cross_entropy(logits, labels, reduction="sum")),
        Text(
            "You add over the batch; take the mean, so that the learning rate doesn't depend on N.",
            "你对 batch 求了和；应取平均，学习率才不随 N 变。",
        ),
    ),
    "one_for_each_pair": (
        like(row=lambda logits, labels: F.cross_entropy(logits, labels, reduction="none")),
        Text("You return a loss for each pair; asked for is their mean, a scalar.", "你返回了每一对的损失；要的是平均值，一个标量。"),
    ),
    "sign": (
        like(both=lambda captions, images: -(captions + images) / 2),
        Text("The sign is wrong: the loss is minus the logarithm of a probability, never negative.", "符号反了：损失是概率对数的相反数，不会为负。"),
    ),
    "probability_without_logarithm": (
        like(row=lambda logits, labels: 1 - logits.softmax(1).diagonal().mean()),
        Text("The logarithm is missing: the loss is -log of the probability on the diagonal.", "少了对数：损失是对角线上概率的 -log。"),
    ),
    "mean_before_logarithm": (
        like(row=lambda logits, labels: -logits.softmax(1).diagonal().mean().log()),
        Text(
            "The mean is taken over probabilities, and the logarithm of it. First -log of each, then the mean.",
            "你先对概率取平均再取对数。应先逐个取 -log，再平均。",
        ),
    ),
    "product_of_both": (
        like(both=lambda captions, images: captions * images),
        Text("The two directions are multiplied; take their mean.", "把两个方向相乘了；应取平均。"),
    ),
    "overflow": (
        like(row=without_maximum),
        Text(
            "exp(100), which the largest scale gives, is inf in float32. Subtract the maximum first, as logsumexp and log_softmax do.",
            "缩放最大时会算 exp(100)，在 float32 里是 inf。要先减去最大值，logsumexp 和 log_softmax 就是这么做的。",
        ),
    ),
    "one_maximum_for_all": (
        like(row=one_maximum_for_all),
        Text(
            "The maximum of the whole matrix is subtracted: in a row far below it every exp is 0, and the logarithm infinite. Subtract "
            "each row's own, or use log_softmax.",
            "减去的是整个矩阵的最大值：远低于它的那一行 exp 全为 0，取对数得无穷。应逐行减自己的最大值，或直接用 log_softmax。",
        ),
    ),
    "scale_clamped": (
        like(scaled=lambda similarity, scale: similarity * torch.as_tensor(scale).clamp(max=100.0)),
        Text(
            "The scale is clamped at 100 in the loss. That is done to the parameter after an update: here its gradient would end at the bound, "
            "and the scale could never come back.",
            "在损失里把 scale 截到了 100。应在更新之后截参数：在这里截，到了边界梯度就是零，再也回不来。",
        ),
    ),
    "scale_cut_off": (
        like(scaled=lambda similarity, scale: similarity * torch.as_tensor(scale).detach()),
        Text(
            "No gradient reaches logit_scale: detach, item() or float() cuts it. The temperature is learned.",
            "梯度传不到 logit_scale：被 detach、item() 或 float() 切断了。温度是要学的。",
        ),
    ),
    "text_cut_off": (
        like(lambda image, text: image @ text.detach().T),
        Text("No gradient reaches the captions: both towers are trained.", "梯度传不到文本一侧：两个塔都要训练。"),
    ),
    "image_cut_off": (
        like(lambda image, text: image.detach() @ text.T),
        Text("No gradient reaches the images: both towers are trained.", "梯度传不到图像一侧：两个塔都要训练。"),
    ),
    "each_side_cut_off_once": (
        lambda image, text, logit_scale: (like(lambda i, t: i @ t.detach().T, both=lambda a, b: a)(image, text, logit_scale)
                                          + like(lambda i, t: i.detach() @ t.T, both=lambda a, b: b)(image, text, logit_scale)) / 2,
        Text(
            "The side that is searched in is cut off from the gradient in each direction. Both embeddings learn from both directions.",
            "每个方向上，被检索的一侧都断了梯度。两侧的向量在两个方向上都要学习。",
        ),
    ),
    "number_for_a_tensor": (
        like(both=lambda captions, images: ((captions + images) / 2).item()),
        Text(
            "The number is right, but item() made a float of it, and nothing can be learned from that: return the tensor.",
            "数值对，但 item() 把它变成了浮点数，没法反向传播：应返回张量。",
        ),
    ),
    "changed_in_place": (
        in_place,
        Text(
            "The loss is right, but you scale the caller's embeddings in place. Make a new tensor.",
            "损失对，但你原地改了调用方的向量。应生成新张量。",
        ),
    ),
}
