"""What is told to whom makes a classic mistake in clipping by the global norm."""

from studykit.language import Text

TOLD = {
    "per_parameter": Text(
        "You clip every parameter by its own norm. That changes the proportions between them, and so the direction: "
        "take one norm over all gradients, and one factor.",
        "你按每个参数自己的范数分别裁剪，参数之间的比例变了，方向也就变了。应对全部梯度算一个范数，用同一个系数。",
    ),
    "by_value": Text(
        "You clamp every entry: that is clip_grad_value_, which turns the gradient. Here one factor multiplies them "
        "all.",
        "你在逐元素截断，那是 clip_grad_value_，会把方向掰歪。这里应该用同一个系数去乘所有元素。",
    ),
    "always_scales": Text(
        "A gradient shorter than max_norm is stretched to it. Clipping only ever shortens: the factor is at most 1.",
        "比 max_norm 短的梯度被拉长了。裁剪只缩短不拉长：系数最大是 1。",
    ),
    "sum_of_norms": Text(
        "You add up the norms of the parameters. The norm of all as one vector is the norm of those norms: for p = "
        "2, the root of the sum of their squares.",
        "你把各参数的范数直接相加了。合成一个向量的范数，是这些范数的范数：p = 2 时就是平方和再开方。",
    ),
    "greatest_norm": Text(
        "You take the greatest of the parameters' norms; asked for is the norm of all of them as one vector.",
        "你取的是各参数范数里最大的那个；要的是把全部梯度当成一个向量的范数。",
    ),
    "no_root": Text(
        "The root is missing: you compare the sum of the p-th powers with max_norm.",
        "少了开方：你拿 p 次方之和直接和 max_norm 比。",
    ),
    "root_mean_square": Text(
        "You take the mean over the entries instead of their sum: max_norm bounds the length of the gradient, not "
        "its typical entry.",
        "你对元素取了平均而不是求和：max_norm 限制的是梯度的长度，不是元素的典型大小。",
    ),
    "unchanged": Text(
        "The gradients are as they were, though their norm is above max_norm: a copy was scaled, or nothing. Scale .grad itself.",
        "范数超过了 max_norm，梯度却没有变：缩放的是副本，或者根本没有缩放。要缩放 .grad 本身。",
    ),
    "inverted": Text(
        "The factor is upside down: it is max_norm / total.",
        "系数写反了：应为 max_norm / total。",
    ),
    "returns_clipped_norm": Text(
        "You return the norm after clipping. Asked for is the one before: it is what one logs, and after clipping it "
        "tells nothing.",
        "你返回的是裁剪之后的范数。要的是裁剪之前的：日志里记的就是它，裁剪后的看不出任何问题。",
    ),
    "returns_nothing": Text(
        "Nothing is returned; return the norm before clipping.",
        "没有返回值；应返回裁剪前的范数。",
    ),
    "returns_factor": Text(
        "You return the factor; return the norm before clipping.",
        "你返回的是系数；应返回裁剪前的范数。",
    ),
    "clips_weights": Text(
        "You clip the parameters themselves. Clipped are their gradients, in .grad.",
        "你裁剪的是参数本身。要裁剪的是它们的梯度 .grad。",
    ),
    "norm_of_weights": Text(
        "The norm is that of the weights; it should be that of their gradients.",
        "你算的是权重的范数；应该算梯度的范数。",
    ),
    "none_gradient": Text(
        "A parameter that took no part in the loss has .grad None: pass it over.",
        "没有参与损失计算的参数 .grad 为 None，应跳过。",
    ),
    "none_becomes_zero": Text(
        "You give a gradient of zeros to a parameter that had none. Then momentum and weight decay move it: leave it "
        "None.",
        "没有梯度的参数被你补上了零梯度，之后动量和权重衰减会去动它。应保持 None。",
    ),
    "generator_spent": Text(
        "model.parameters() is a generator and can be read once: your second loop finds nothing, and nothing is "
        "clipped. Make a list first.",
        "model.parameters() 是生成器，只能遍历一次：第二个循环什么也拿不到，结果一个梯度都没裁。先转成 list。",
    ),
    "single_tensor": Text(
        "A single tensor may be given too. Iterating over it gives its rows, which have no gradient of their own: "
        "wrap it in a list.",
        "也可以只传一个张量。直接遍历得到的是它的各行，行本身没有梯度：先把它放进列表。",
    ),
    "empty_raises": Text(
        "With no gradient at all there is nothing to stack: the norm of nothing is 0.",
        "一个梯度都没有时 stack 会报错：空集的范数是 0。",
    ),
    "norm_type_ignored": Text(
        "norm_type is not used: the norm is always the 2-norm.",
        "没有用到 norm_type：算的始终是 2 范数。",
    ),
    "inf_norm": Text(
        "For norm_type=inf the formula with powers breaks down: the norm is the greatest magnitude.",
        "norm_type=inf 时不能套幂的公式：范数是绝对值的最大值。",
    ),
    "inf_without_abs": Text(
        "The inf norm is the greatest magnitude; you take the greatest entry, and miss the negative ones.",
        "无穷范数是绝对值的最大值；你取的是最大元素，漏掉了负的。",
    ),
    "error_ignored": Text(
        "error_if_nonfinite=True must raise a RuntimeError where the norm is nan or infinite; yours goes on.",
        "error_if_nonfinite=True 时，范数为 nan 或无穷必须抛 RuntimeError；你的代码照常往下走了。",
    ),
    "error_after_scaling": Text(
        "You raise after the gradients are spoilt. Check before scaling: who catches the error wants them as they "
        "were.",
        "你先把梯度弄坏了才抛异常。应在缩放之前检查：捕获异常的人要的是原样的梯度。",
    ),
    "always_raises": Text(
        "It raises although error_if_nonfinite is False: then the gradients are scaled by what comes out.",
        "error_if_nonfinite 是 False，却抛了异常：这时应照算出的系数缩放。",
    ),
    "only_nan": Text(
        "Only nan is looked for; an infinite norm is not finite either.",
        "你只检查了 nan；范数为无穷同样不是有限值。",
    ),
    "skips_infinite": Text(
        "With error_if_nonfinite=False you leave the gradients alone where the norm is infinite; asked for is "
        "max_norm / inf = 0 times them, as in torch. To skip a step is the caller's decision.",
        "error_if_nonfinite=False 且范数无穷时，你没动梯度；题目要求照样乘 max_norm / inf = 0，和 torch 一致。要不要跳过这一步由调用方决定。",
    ),
    "zeroes_infinite": Text(
        "You write zeros where the norm is infinite, and hide it: inf times 0 is nan, as in torch.",
        "范数无穷时你直接写零，把问题藏了起来：inf 乘 0 是 nan，torch 也是这样。",
    ),
    "not_in_place": Text(
        "You put new tensors into .grad. Others hold the old ones, such as DDP's buckets or a flat buffer: scale in "
        "place, with mul_.",
        "你给 .grad 换了新张量。旧的还被别处引用，比如 DDP 的 bucket、展平的缓冲区：应该用 mul_ 原地缩放。",
    ),
    "no_eps": Text(
        "The 1e-6 is missing: the factor is max_norm / (total + 1e-6), which shows where gradients are tiny.",
        "少了 1e-6：系数是 max_norm / (total + 1e-6)，梯度极小时看得出差别。",
    ),
}
