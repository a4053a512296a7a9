"""What is told to whom makes a classic mistake in a curriculum sampler."""

from studykit.language import Text

TOLD = {
    "hardest_first": Text(
        "It begins with the hardest. A curriculum lets the least difficulty in first; the other way round is called anti-curriculum.",
        "从最难的开始了。课程学习先放难度最小的；反过来叫反课程。",
    ),
    "by_value": Text(
        "The share is taken of the range of difficulties, not of the samples: one outlier keeps nearly all the others in, or out. Sort, and "
        "take the first of the ranking.",
        "比例取的是难度的取值范围，不是样本数：一个离群值就会让几乎所有样本都进来或都进不来。应当排序后按名次取前面的。",
    ),
    "never_grows": Text(
        "The pool is that of epoch 0 for ever: set_epoch has no effect on it.",
        "样本池永远停在第 0 个 epoch：set_epoch 没有起作用。",
    ),
    "everything_at_once": Text(
        "All samples are in from the first epoch on, so this is plain shuffling.",
        "第一个 epoch 就放进了全部样本，这只是普通的打乱。",
    ),
    "not_shuffled": Text(
        "The pool is gone through from easy to hard. The curriculum is which samples are in; within them the order is random, or batches are "
        "all of a kind.",
        "池内按从易到难的顺序走了一遍。课程只决定放哪些样本进来，池内要随机，否则一个 batch 里全是同一类。",
    ),
    "same_order": Text(
        "Every epoch has the same random order: the generator is made from the seed alone. Let the epoch in, as seed + epoch.",
        "每个 epoch 的随机顺序都一样：生成器只用了 seed。应把 epoch 也算进去，比如 seed + epoch。",
    ),
    "one_seed": Text(
        "The seed has no effect on the order.",
        "seed 对顺序没有影响。",
    ),
    "with_replacement": Text(
        "Samples are drawn with replacement: some come twice, a third not at all. An epoch has each of the pool once.",
        "有放回地抽样：有的出现两次，三分之一根本没出现。一个 epoch 里池中每个样本恰好一次。",
    ),
    "full_length": Text(
        "len is that of the whole data set. It has to be what the epoch really yields; progress bars and schedules count on it.",
        "len 返回的是整个数据集的大小。应当是这个 epoch 真正产出的个数，进度条和学习率调度都靠它。",
    ),
    "repeated_to_full": Text(
        "Samples come more than once in an epoch. Each of the pool comes once, so early epochs are short.",
        "一个 epoch 里样本出现了不止一次。池中每个样本只出现一次，所以前几个 epoch 比较短。",
    ),
    "last_never_in": Text(
        "The hardest samples never come in. From epoch full_at on, the share is 1.",
        "最难的样本始终没有进来。从第 full_at 个 epoch 起，比例应为 1。",
    ),
    "one_epoch_early": Text(
        "The pace is one epoch ahead: epoch 0 has the share start, and epoch full_at the share 1.",
        "进度快了一个 epoch：第 0 个 epoch 的比例是 start，第 full_at 个才是 1。",
    ),
    "plain_root": Text(
        "The root pace is sqrt(start² + (1 - start²) t / T): the root is over all of it, so that it begins at start.",
        "root 节奏是 sqrt(start² + (1 - start²) t / T)：根号罩住整个式子，这样才从 start 开始。",
    ),
    "start_forgotten": Text(
        "start is not read: the share begins at 0, so that the first epoch has one sample.",
        "没有用到 start：比例从 0 开始，第一个 epoch 只有一个样本。",
    ),
    "linear_only": Text(
        "pacing is not read: every pace is linear.",
        "没有用到 pacing：所有节奏都成了线性。",
    ),
    "only_the_new": Text(
        "Easy samples are dropped when harder ones come in. The pool grows: what is in stays in.",
        "放进难样本的同时把简单的丢掉了。样本池只增不减，进来的就一直留着。",
    ),
    "counts_by_itself": Text(
        "Each iteration counts an epoch on by itself. The epoch is what set_epoch says, so that a resumed or repeated epoch is the same.",
        "每迭代一次就自己加一个 epoch。epoch 应以 set_epoch 为准，这样恢复训练或重复某个 epoch 时结果一致。",
    ),
    "difficulty_ignored": Text(
        "The pool has the right size, but which samples are in it has nothing to do with their difficulty: that is "
        "the baseline, a random order with the same pace. Rank by difficulty.",
        "池子大小对，放进来的样本却与难度无关：这正是用来对比的基线，同样节奏的随机顺序。应按难度排名。",
    ),
    "ranks_for_indices": Text(
        "What comes out are ranks, not indices: randperm(k) numbers places of the ranking, and the argsort of an argsort gives "
        "each sample's rank. The indices are what stands at those places: ranked[places].",
        "产出的是名次，不是下标：randperm(k) 给的是排名里的位置，argsort 两次得到的是每个样本的名次。要的是这些位置上的下标：ranked[位置]。",
    ),
    "later_of_two_alike": Text(
        "Of samples that are equally difficult not the earlier ones are taken: argsort promises that only with "
        "stable=True.",
        "难度相同的样本，取的不是靠前的那些：argsort 只有加上 stable=True 才保证这一点。",
    ),
    "rounded_down": Text(
        "The size of the pool is rounded down (int, //). Asked for is round(c * n), one at least.",
        "池子大小向下取整了（int、//）。题目要的是 round(c * n)，至少一个。",
    ),
    "empty_pool": Text(
        "With few samples and a small start the pool is empty: round(c * n) is 0 then. Take one at least.",
        "样本少、start 又小的时候池子是空的：这时 round(c * n) 是 0。至少要放一个。",
    ),
    "hard_to_easy_inside": Text(
        "The pool is gone through from hard to easy. The curriculum is which samples are in; within them the order "
        "is random.",
        "池内按从难到易的顺序走了一遍。课程只决定放哪些样本进来，池内要随机。",
    ),
    "order_of_the_data": Text(
        "The pool is gone through in the order of the data, the same every epoch. Which samples are in is the "
        "curriculum; their order is random.",
        "池内按数据原来的顺序走，每个 epoch 都一样。课程只决定放哪些样本进来，池内要随机。",
    ),
    "global_generator": Text(
        "The order comes from torch's global generator: the seed has no effect, and going through an epoch again "
        "gives another order. Give randperm a generator made from seed and epoch.",
        "顺序取自 torch 的全局生成器：seed 不起作用，"
        "同一个 epoch 再走一遍顺序就变了。应给 randperm 一个由 seed 和 epoch 构造的 generator。",
    ),
    "global_generator_seeded": Text(
        "torch.manual_seed sets the generator of the whole program: from then on dropout and initialisation repeat "
        "every epoch too. Make a generator of your own: torch.Generator().manual_seed(seed + epoch).",
        "torch.manual_seed 改的是整个程序的生成器："
        "之后 dropout、初始化也会每个 epoch 重复。应自己建一个：torch.Generator().manual_seed(seed + epoch)。",
    ),
    "one_generator_for_all": Text(
        "The order depends on what was drawn before: the generator is made once and goes on, so a resumed run "
        "doesn't get the order of its epoch. Make it anew from seed and epoch.",
        "顺序取决于之前抽过多少次：生成器只建了一次，一直往下用，恢复训练时就得不到那个 epoch 的顺序。应每次由 seed 和 epoch 重新构造。",
    ),
    "never_back": Text(
        "The pool depends on the epochs before: after a later epoch an earlier one has too many samples. It is "
        "what set_epoch says that counts, also when an epoch is repeated.",
        "池子取决于之前走过的 epoch：走过靠后的 epoch，再回到靠前的，样本就多了。以 set_epoch 说的为准，重复某个 epoch 时也一样。",
    ),
    "one_epoch_late": Text(
        "The pace is one epoch behind: epoch 1 should already have more than start, and epoch full_at all.",
        "进度慢了一个 epoch：第 1 个 epoch 就应多于 start，第 full_at 个应放进全部。",
    ),
    "full_one_epoch_early": Text(
        "All samples are in one epoch too early: it is epoch / full_at, not epoch / (full_at - 1).",
        "提前一个 epoch 就放进了全部：是 epoch / full_at，不是 epoch / (full_at - 1)。",
    ),
    "share_over_1": Text(
        "After epoch full_at the share goes on growing beyond 1, and len promises more than there is: min(1, epoch "
        "/ full_at).",
        "过了第 full_at 个 epoch，比例还在涨，超过了 1，len 比实际的样本还多：应为 min(1, epoch / full_at)。",
    ),
    "step_one_epoch_late": Text(
        "With pacing='step' epoch full_at itself has only the share start. From full_at on, all are in: < and not <=.",
        "pacing='step' 时，第 full_at 个 epoch 还停在 start。从 full_at 起就应放进全部：用 <，不是 <=。",
    ),
    "root_of_plain_start": Text(
        "The root is taken of the linear share, so epoch 0 has sqrt(start). Square start under the root: "
        "sqrt(start² + (1 - start²) t / T).",
        "对线性的比例直接开了方，第 0 个 epoch 就成了 sqrt(start)。根号里的 start 要平方："
        "sqrt(start² + (1 - start²) t / T)。",
    ),
}
