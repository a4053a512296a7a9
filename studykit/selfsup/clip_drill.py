"""CLIP's loss from a blank: its value on few and many pairs, the scale as it comes, both gradients, and large logits."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._clip_mistakes import WRONG
from .clip import clip_loss


class Pairs(NamedTuple):
    """Embeddings of images and of their captions.

    Args:
        n: Pairs.
        d: Size of an embedding.
        scale: The multiplier.
        long: Whether lengths differ; else all are 1.
        learned: Whether the scale is a tensor.
        gradient: Whether the gradients are wanted instead of the value.
        kept: Whether the arguments are looked at afterwards.
        twice: How many captions stand in the batch a second time.
        dtype: Of what is given.
        apart: The first image points away from every caption: the largest logit of its row is far below those of the others.
    """

    n: int
    d: int = 6
    scale: float = 5.0
    long: bool = False
    learned: bool = False
    gradient: bool = False
    kept: bool = False
    twice: int = 0
    dtype: torch.dtype = torch.float64
    apart: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The loss, or where it leads."""
        rng = torch.Generator().manual_seed(seed)
        image, noise = (torch.randn(self.n, self.d, generator=rng, dtype=torch.float64) for _ in range(2))
        text = image + 0.8 * noise
        text[: self.twice] = text[self.twice : 2 * self.twice]
        if self.apart:
            image, text = (0.3 * each + torch.ones(self.d, dtype=torch.float64) for each in (image, noise))
            image[0] = -1
        if not self.long:
            image, text = F.normalize(image, dim=-1), F.normalize(text, dim=-1)
        image, text = (each.to(self.dtype).requires_grad_(self.gradient) for each in (image, text))
        # A number of float32, so that torch.tensor(logit_scale) is as good as the float.
        scale = (self.scale * (1 + 0.1 * torch.rand((), generator=rng))).double()
        scale = scale.to(self.dtype).requires_grad_(self.gradient) if self.learned else scale.item()
        loss = candidate(image, text, scale)
        if self.kept:
            return {"image afterwards": image, "text afterwards": text}
        if not self.gradient:
            small = {"given image": image, "given text": text, "given logit_scale": scale} if image.numel() <= 6 else {}
            return small | {"loss": loss}
        if isinstance(loss, torch.Tensor) and loss.requires_grad:
            loss.backward()
        given = {"image": image, "text": text} | ({"logit_scale": scale} if self.learned else {})
        return {f"gradient of {name}": torch.zeros_like(each) if each.grad is None else each.grad for name, each in given.items()}


def by_figure_3(image, text, logit_scale):
    """The paper's lines."""
    logits_per_image = logit_scale * image @ text.t()
    logits_per_text = logit_scale * text @ image.t()
    labels = torch.arange(image.shape[0], dtype=torch.long, device=image.device)
    return (F.cross_entropy(logits_per_image, labels) + F.cross_entropy(logits_per_text, labels)) / 2


def by_logsumexp(image, text, logit_scale):
    """One matrix, two sums."""
    s = torch.einsum("id,jd->ij", image, text) * logit_scale
    return torch.mean(0.5 * torch.logsumexp(s, dim=0) + 0.5 * torch.logsumexp(s, dim=1) - torch.diag(s))


def by_stacking(image, text, logit_scale):
    """2N questions in one cross-entropy."""
    s = torch.mm(image, text.transpose(0, 1)).mul(logit_scale)
    answers = torch.arange(len(s)).repeat(2)
    return F.cross_entropy(torch.vstack((s, s.mT)), answers)


def by_one_hot(image, text, logit_scale):
    """Targets as a matrix of probabilities."""
    s = logit_scale * F.linear(image, text)
    eye = torch.eye(s.size(0), dtype=s.dtype, device=s.device)
    per_image = -(eye * F.log_softmax(s, dim=-1)).sum(dim=-1)
    per_text = -(eye * F.log_softmax(s, dim=0)).sum(dim=0)
    return torch.cat([per_image, per_text]).mean()


def by_loops(image, text, logit_scale):
    """Pair by pair."""
    n, total = len(image), 0
    for i in range(n):
        along = torch.stack([(image[i] * text[j]).sum() for j in range(n)]) * logit_scale
        down = torch.stack([(image[j] * text[i]).sum() for j in range(n)]) * logit_scale
        for each in (along, down):
            top = each.max().detach()
            total = total + top + (each - top).exp().sum().log() - each[i]
    return total / (2 * n)


def by_likelihood(image, text, logit_scale):
    """Categorical distributions."""
    s = logit_scale * (image[:, None, :] * text[None, :, :]).sum(-1)
    right = torch.arange(len(s))
    found = [torch.distributions.Categorical(logits=each).log_prob(right) for each in (s, s.T)]
    return -torch.stack(found).mean()


drill = Drill(
    reference=clip_loss,
    probes=(
        Probe("two", Pairs(2, 3), Text("two pairs of unit length, scale about 5", "两对单位向量，缩放约为 5")),
        Probe("seven", Pairs(7, 4, 3.0), Text("seven pairs, scale about 3", "七对，缩放约为 3")),
        Probe("square", Pairs(5, 5, 8.0), Text("as many pairs as features", "对数与维数相同")),
        Probe("one", Pairs(1, 3), Text("a single pair: there is nothing to tell apart", "只有一对：没有可区分的"), least=1.0),
        Probe("learned", Pairs(6, 8, 14.0, learned=True), Text("the scale as a tensor, about 1 / 0.07", "缩放是张量，约为 1 / 0.07")),
        Probe("twice", Pairs(6, 8, 4.0, twice=2), Text("two captions that stand twice in the batch", "batch 里有两段文本各出现两次")),
        Probe("long", Pairs(5, 3, 0.7, long=True), Text("embeddings of other lengths than 1", "向量长度不是 1")),
        Probe("gradient", Pairs(5, 4, 4.0, gradient=True), Text("the gradients of both embeddings", "两侧向量的梯度")),
        Probe("scale gradient", Pairs(5, 4, 4.0, learned=True, gradient=True), Text("the gradient of the scale too", "缩放的梯度")),
        Probe("above 100", Pairs(12, 3, 150.0, learned=True), Text("a scale above 100", "缩放大于 100")),
        Probe(
            "float32", Pairs(8, 3, 100.0, dtype=torch.float32, learned=True),
            Text("float32 with scale about 100, where exp overflows", "float32，缩放约为 100，直接取 exp 会溢出"), 1e-4, 1.0,
        ),
        Probe(
            "apart", Pairs(6, 4, 100.0, dtype=torch.float32, apart=True),
            Text("float32, one image opposite to all captions: each row has its own maximum", "float32，有一张图与所有文本方向相反：各行最大值不同"), 1e-4, 1.0,
        ),
        Probe("many", Pairs(200, 16, 20.0), Text("200 pairs", "200 对")),
        Probe("kept", Pairs(4, 3, kept=True), Text("the arguments afterwards", "调用之后的参数")),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={
        "by_figure_3": by_figure_3, "by_logsumexp": by_logsumexp, "by_stacking": by_stacking, "by_one_hot": by_one_hot,
        "by_loops": by_loops, "by_likelihood": by_likelihood,
    },
    forbidden=("open_clip", "transformers"),
    prompt=Text(
        "Write CLIP's loss: image and text are embeddings (N, D), row i of one belongs to row i of the other; logit_scale multiplies their "
        "dot products and is a float or a tensor, already exponentiated. Take the embeddings as they are: the model has normalised them. "
        "The result is a scalar tensor, and gradients reach both embeddings and the scale. Cross-entropy may be used.",
        "写出 CLIP 的损失：image 和 text 是形状 (N, D) 的向量，第 i 行互相对应；logit_scale 乘在点积上，是浮点数或张量，已经取过指数。"
        "向量按原样用，归一化由模型做过了。返回标量张量，梯度要能传到两侧的向量和 logit_scale。可以用 cross_entropy。",
    ),
    hints=(
        Text("N² dot products make a matrix. Which cell of a row is right? And of a column?", "N² 个点积排成矩阵。每一行哪个格子对？每一列呢？"),
        Text(
            "A classification with N classes, twice: image i has class i among the captions, caption i class i among the images.",
            "两次 N 类分类：图 i 在文本里的类别是 i，文本 i 在图里的类别也是 i。",
        ),
        Text(
            "logits = logit_scale * image @ text.T, labels = arange(N), and half of cross_entropy(logits, labels) + cross_entropy(logits.T, labels).",
            "logits = logit_scale * image @ text.T，labels = arange(N)，cross_entropy(logits, labels) 与 cross_entropy(logits.T, labels) 之和的一半。",
        ),
    ),
)  # fmt: skip
