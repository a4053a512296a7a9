"""What is told to whom makes a classic mistake in CutMix."""

from studykit.language import Text

TOLD = {
    "lambda_not_recomputed": Text(
        "The labels are not mixed by the area that was pasted, but as a rule by the lambda that was drawn. A box that sticks out, or "
        "is rounded to pixels, covers less than 1 - lambda: set lambda to 1 - area / (H * W) of the box as it was cut.",
        "标签的权重不是真正贴上的面积，多半用了抽出来的 lambda。框超出边界或取整到像素后，实际面积不到 1 - lambda：应按裁好的框重算 "
        "lambda = 1 - 面积 / (H * W)。",
    ),
    "one_number_for_both_axes": Text(
        "One random number gives both row and column of the centre, so boxes lie on the diagonal only. Draw twice.",
        "中心的行和列用了同一个随机数，框只会落在对角线上。应各抽一次。",
    ),
    "corner_for_centre": Text(
        "The point that is drawn is taken for the upper left corner of the box, so the beginning of the picture is hardly ever covered. It "
        "is the centre: half a side each way.",
        "抽到的点被当成了框的左上角，图的左上部分就很少被盖到。它应是中心：往两边各伸半边。",
    ),
    "centre_near_the_middle": Text(
        "The centre stays near the middle of the picture. It is uniform over the whole picture, up to the border.",
        "框的中心总在图的中间附近。它应在整张图上均匀分布，一直到边缘。",
    ),
    "height_and_width_exchanged_for_the_centre": Text(
        "The centre's row is drawn below W and its column below H, which square pictures hide. Rows go up to H.",
        "中心的行按 W 抽、列按 H 抽，弄反了，方图上看不出来。行的范围是 H。",
    ),
    "own_box_kept": Text(
        "A box of the picture itself is kept and everything else is the partner's: the roles are exchanged. Paste the partner's box into "
        "the picture.",
        "留下的是自己的一个框，其余全换成了搭档的：角色反了。应把搭档的框贴到自己的图里。",
    ),
    "now_and_then": Text(
        "Many batches come back as they were: a probability of mixing is built in. Here every batch is mixed.",
        "很多 batch 原样返回：里面加了一个“以多大概率混合”。这里每个 batch 都要混。",
    ),
    "lambda_never_below_half": Text(
        "lambda is never below 1/2, so no box covers more than half. In CutMix lambda is as it is drawn.",
        "lambda 从不小于 1/2，框最多盖住一半。CutMix 里抽到多少就是多少。",
    ),
    "side_without_the_root": Text(
        "The sides are 1 - lambda of the picture's (or lambda), so the area is the square of what it should be. For an area of "
        "1 - lambda each side is its square root.",
        "边长取了图的 1 - lambda 倍（或 lambda 倍），面积就成了平方。要让面积占 1 - lambda，边长应乘它的平方根。",
    ),
    "sides_turned": Text(
        "Height and width of the box are exchanged, which square pictures hide. x is (B, C, H, W): rows first.",
        "框的高和宽弄反了，方图上看不出来。x 是 (B, C, H, W)：先行后列。",
    ),
    "square_box": Text(
        "The box is a square. In the paper it has the proportions of the picture: H * sqrt(1 - lambda) by W * sqrt(1 - lambda).",
        "框取成了正方形。论文里框与图同比例：H * sqrt(1 - lambda) 乘 W * sqrt(1 - lambda)。",
    ),
    "half_side_taken_whole": Text(
        "The box reaches a whole side to each direction of its centre, so it is twice as high and wide. Go half a side each way.",
        "从中心往两边各伸了一整条边，框的高和宽都大了一倍。应各伸半边。",
    ),
    "box_moved_inside": Text(
        "The box is moved so that it fits. In the paper its centre is uniform over the picture and what sticks out is cut off.",
        "框被挪到图内了。论文里中心在整张图上均匀，超出的部分裁掉。",
    ),
    "labels_not_mixed": Text(
        "The label is still the first picture's alone. It takes the pasted area: a quarter pasted, a quarter of the label.",
        "标签还只是第一张图的。应按贴上的面积分：贴了四分之一，标签就分四分之一。",
    ),
    "indices_returned": Text(
        "The labels come back as class indices. A mixed label is a row of probabilities: one-hot first, then mix.",
        "返回的标签还是类别索引。混合后的标签是一行概率：先转 one-hot，再混。",
    ),
    "four_returned": Text(
        "This returns both labels and lambda, for a loss of two terms. Asked for is (x, y) with y mixed: the loss is the same.",
        "返回了两份标签和 lambda，损失要写成两项。这里要的是 (x, y)，y 已混好，损失相同。",
    ),
    "label_weights_swapped": Text(
        "The labels' weights are the wrong way round: the partner's label takes the pasted area, the own one what is left.",
        "标签的权重用反了：搭档的标签占贴上的面积，自己的占剩下的。",
    ),
    "labels_of_other_partners": Text(
        "Pictures and labels are shuffled apart: draw the order once and index both with it.",
        "图和标签各打乱了一次，对不上了。顺序只抽一次，两边都用它索引。",
    ),
    "pasted_from_itself": Text(
        "The box is pasted from the same picture, so nothing changes. It comes from another one: permute the batch.",
        "框是从同一张图贴来的，等于没变。应来自另一张图：把 batch 打乱一份。",
    ),
    "partner_with_replacement": Text(
        "Partners are drawn with replacement: some pictures are pasted several times, others never. Use a permutation.",
        "搭档是有放回地抽的：有的图贴了好几次，有的一次没贴。应取一个排列。",
    ),
    "box_for_each_picture": Text(
        "Every picture has a box of its own. That is a known variant; asked for is one box for the batch, as in the paper's code.",
        "每张图各有一个框。这是已知的变体；这里要求整个 batch 同一个框，与论文代码一致。",
    ),
    "blended_in_the_box": Text(
        "Inside the box the pictures are blended: that is mixup. CutMix replaces the pixels.",
        "框内把两张图混合了，那是 mixup。CutMix 是把像素换掉。",
    ),
    "cut_out": Text(
        "The box is filled with zeros: that is Cutout, which keeps the label. CutMix fills it from another picture.",
        "框里填了零，那是 Cutout，标签不变。CutMix 填的是另一张图的内容。",
    ),
    "scattered_pixels": Text(
        "Single pixels are exchanged all over the picture. It is one connected box, so that a part of an object can be seen.",
        "换的是散落各处的单个像素。应是一整块框，这样才看得见物体的一部分。",
    ),
    "from_another_place": Text(
        "The box shows another part of the partner, its upper left corner. It is cut and pasted at the same place.",
        "框里贴的是搭档的另一处（左上角）。应从同一位置剪、贴到同一位置。",
    ),
    "beta_alpha_one": Text(
        "lambda is drawn from Beta(alpha, 1). Both parameters are alpha.",
        "lambda 是从 Beta(alpha, 1) 抽的。两个参数都应是 alpha。",
    ),
    "uniform_lambda": Text(
        "lambda is uniform whatever alpha says. Beta(alpha, alpha) is that for alpha = 1 only.",
        "不管 alpha 是多少，lambda 都是均匀分布。只有 alpha = 1 时 Beta(alpha, alpha) 才是均匀的。",
    ),
    "soft_labels_as_indices": Text(
        "Labels that are probabilities already, (B, num_classes), are taken for indices. Mix their rows as they are.",
        "标签已经是概率 (B, num_classes) 了，却被当成索引。直接混这些行即可。",
    ),
    "input_changed": Text(
        "The box is pasted into the caller's x. Clone first: the plain batch may be a view of the data set.",
        "直接贴进了调用方的 x。应先 clone：原始 batch 可能就是数据集的视图。",
    ),
    "detached": Text(
        "The gradient does not reach x: the pictures are cut off from the graph.",
        "梯度传不到 x：图从计算图上断开了。",
    ),
    "generator_ignored": Text(
        "The generator is not used: lambda, box and order come from torch's global one. Pass it on.",
        "没有用传入的 generator：lambda、框、顺序都取自 torch 全局的。应传下去。",
    ),
    "generator_not_for_lambda": Text(
        "Box and order come from the generator, lambda does not: torch.distributions takes none. Draw lambda from it as well, say "
        "by torch._standard_gamma(..., generator=generator).",
        "框和顺序用了 generator，lambda 没用：torch.distributions 不接受 generator。lambda 也要由它来抽，例如 "
        "torch._standard_gamma(..., generator=generator)。",
    ),
}
