"""What is told to who made one of the mistakes of a round of exploit and explore."""

from studykit.language import Text

TOLD: dict[str, Text] = {
    "minimised": Text(
        "The best copy the worst: a higher score is better here. With losses, negate them first.",
        "好的在抄差的：这里分数越高越好。若是损失，先取负。",
    ),
    "weights_not_copied": Text(
        "Only the hyper-parameters are copied. Then a loser keeps its bad weights, and has to catch up with all that was lost: copy both.",
        "只抄了超参。落后者还留着自己的差权重，落下的进度要从头追：权重和超参要一起抄。",
    ),
    "hyperparameters_not_copied": Text(
        "The copy keeps its own hyper-parameters, those that it lost with. It takes the parent's, changed by the factors.",
        "抄了权重，却还用自己那套落败的超参。应取父代的超参，再乘因子。",
    ),
    "optimizer_left_behind": Text(
        "Only the model of the state is copied: the momentum of other weights goes on pushing the new ones. Copy the whole state.",
        "只抄了状态里的模型：旧权重的动量会继续推新权重。要抄整个状态，包括优化器。",
    ),
    "aliased": Text(
        "The copy is the same object as its parent's state: training one in place trains the other. copy.deepcopy it.",
        "拷贝和父代是同一个对象：原地训练一个，另一个也跟着变。用 copy.deepcopy。",
    ),
    "exchanged": Text(
        "The two exchange their weights: the winner is left with the loser's. It must stay as it is.",
        "两边互换了权重：赢家反而拿到输家的。赢家应保持不变。",
    ),
    "not_perturbed": Text(
        "The copied hyper-parameters are not changed: soon all members have the same ones, and nothing new is ever tried.",
        "抄来的超参没有扰动：很快所有成员都一样，再也试不到新的值。",
    ),
    "winners_perturbed": Text(
        "The best are perturbed too. They go on as they are; only the copies explore.",
        "把最好的也扰动了。它们应原样继续，只有拷贝去探索。",
    ),
    "all_perturbed": Text(
        "Every member is perturbed. Who didn't copy keeps its hyper-parameters.",
        "每个成员都扰动了。没有抄别人的，超参应保持不变。",
    ),
    "added": Text(
        "The factor is added. It multiplies: a learning rate of 1e-4 changes by a fifth, not by 0.8.",
        "因子被加上去了。应该相乘：1e-4 的学习率变动五分之一，而不是加 0.8。",
    ),
    "divided": Text(
        "The value is divided by the factor; multiply it.",
        "把值除以了因子；应该相乘。",
    ),
    "same_factor_for_all_names": Text(
        "One factor is drawn for all hyper-parameters of a member, so that their ratio never changes. Draw for each.",
        "一个成员的所有超参共用一个因子，它们的比值就永远不变。应逐个抽取。",
    ),
    "same_factor_for_all_members": Text(
        "One factor is drawn for all copies of a round. Each copy draws its own.",
        "同一轮的拷贝共用一个因子。每个拷贝应各抽各的。",
    ),
    "one_name_only": Text(
        "Only one hyper-parameter is changed. Each of them gets a factor.",
        "只扰动了一个超参。每个超参都要乘一个因子。",
    ),
    "factor_between": Text(
        "The factor is drawn between the least and the greatest. It is one of those given, or many changes are too small to be seen.",
        "因子取了最小与最大之间的任意值。应是给定的几个之一，否则很多扰动小到看不出差别。",
    ),
    "best_only": Text(
        "All copy the single best. Draw among the best share: else the population is one family after a few rounds, and one lucky score is enough.",
        "全都抄第一名。应在最好的那一部分里抽：否则几轮之后整个种群都是一家，一次走运的分数就足以主宰一切。",
    ),
    "paired": Text(
        "Worst and best are paired by rank. The parent is drawn at random from the best share.",
        "按名次一一配对了。父代应在最好的那部分里随机抽。",
    ),
    "one_parent_for_all": Text(
        "One parent is drawn for the whole round. Each copy draws its own.",
        "整轮只抽了一个父代。每个拷贝应各抽各的。",
    ),
    "parents_without_replacement": Text(
        "Each of the best is copied exactly once. Parents are drawn independently: two copies may have the same one.",
        "最好的那些各被抄了正好一次。父代应独立抽取：两个拷贝可以来自同一个父代。",
    ),
    "parent_from_the_rest": Text(
        "The parent is drawn from all that stay, mediocre ones included. It is one of the best share.",
        "父代是从所有留下的成员里抽的，平庸的也在内。应只在最好的那部分里抽。",
    ),
    "all_but_the_best_copy": Text(
        "All but the best share copy. Only the worst share does; the middle trains on, which is where variety is kept.",
        "除了最好的，全都抄了。只有最差的那部分抄；中间的继续训练，多样性就靠它们。",
    ),
    "only_the_worst_copies": Text(
        "Only the single worst member copies; it is the whole worst share.",
        "只有垫底的一个抄了；应是最差的那一整部分。",
    ),
    "rounded_down": Text(
        "The share is rounded down; asked for is round(fraction * n).",
        "人数向下取整了；要求是 round(fraction * n)。",
    ),
    "rounded_up": Text(
        "The share is rounded up, as in Ray Tune; asked for is round(fraction * n).",
        "人数向上取整了（Ray Tune 如此）；要求是 round(fraction * n)。",
    ),
    "nobody_in_a_small_population": Text(
        "In a small population the share rounds to 0 and nothing ever happens. At least one copies.",
        "种群小时，人数四舍五入成 0，什么也不会发生。至少要有一个。",
    ),
    "more_than_half": Text(
        "The share is more than half, so that a member is among the worst and the best. At most n // 2.",
        "人数超过一半，同一个成员既算差又算好。至多 n // 2。",
    ),
    "nan_is_the_best": Text(
        "A member that diverged (nan) is taken for the best: torch sorts nan to the end. Its weights would spread. It is the worst.",
        "发散的成员（nan）被当成最好的：torch 排序时 nan 排在最后。它的权重会传开。它应算最差。",
    ),
    "nan_unsorted": Text(
        "Sorting with nan gives any order: every comparison with it is false. Make it minus infinity first.",
        "有 nan 时排序结果是乱的：与它比较永远为假。先换成负无穷。",
    ),
    "nan_left_out": Text(
        "A member that diverged (nan) is left out and stays broken for ever. It is the worst, so it copies.",
        "发散的成员（nan）被跳过，永远坏在那里。它应算最差，去抄别人。",
    ),
    "generator_ignored": Text(
        "The generator that was given is not used for the draws.",
        "抽取时没有用传进来的 generator。",
    ),
    "given_changed": Text(
        "The lists that were given are changed. Return new ones: the caller keeps the old population, for its history.",
        "改动了传进来的列表。请返回新的：调用方要保留旧种群作为历史。",
    ),
    "stayers_without_parent": Text(
        "Who stayed has no parent in yours. It descends from itself: its own number.",
        "没有抄别人的成员，你没给父代。它的父代就是自己：填自己的编号。",
    ),
}
