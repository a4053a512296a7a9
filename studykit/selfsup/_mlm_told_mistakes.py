"""What to tell someone who made one of the mistakes of masking."""

from studykit.language import Text

from ._mlm_mistakes import (
    AlwaysMask,
    BeyondTheVocabulary,
    FirstWordMissing,
    FixedCount,
    FixedMasks,
    FixedTotal,
    GeneratorForTheChoiceOnly,
    GeneratorIgnored,
    IgnoredAsZero,
    InPlace,
    KeptNotPredicted,
    LabelsCorrupted,
    LabelsEverywhere,
    LabelsInverted,
    LastWordMissing,
    Masking,
    MaskOverwritten,
    NeverKept,
    NeverRandom,
    NotConditional,
    OfAllTokens,
    OneFateForAll,
    OneWord,
    OnlyTheMaskPredicted,
    ProbabilityIgnored,
    ProbabilityOfKeeping,
    SameInEveryRow,
    SharesExchanged,
    Spans,
    SpecialIgnored,
    SpecialInverted,
    SpecialLabelsOnly,
    TenthOverTheMask,
    WholeRows,
    WordsOfTheBatch,
    ZeroIsPadding,
)

WRONG: dict[str, tuple[Masking, Text]] = {
    "shares_of_all_tokens": (
        OfAllTokens(),
        Text(
            "80/10/10 is applied to all tokens. It divides the chosen 15 %: a token that was not chosen stays as it is.",
            "80/10/10 用到了所有 token 上。它划分的是被选中的那 15%，没选中的 token 不能动。",
        ),
    ),
    "labels_everywhere": (
        LabelsEverywhere(),
        Text(
            "Every token has a label. Where nothing was chosen the label is -100, or the loss is mostly copying.",
            "每个 token 都有标签。没选中的位置标签应为 -100，否则损失大半是在学抄写。",
        ),
    ),
    "labels_inverted": (
        LabelsInverted(),
        Text(
            "The labels are inverted: -100 stands where a token was chosen, and the others are to be predicted.",
            "标签反了：被选中的位置写成了 -100，反而要预测其余的。",
        ),
    ),
    "labels_of_the_corrupted_input": (
        LabelsCorrupted(),
        Text(
            "The labels are taken from the input after masking, so that [MASK] is to be predicted as [MASK]. Take them from ids.",
            "标签取自遮完之后的输入，等于让模型在 [MASK] 处预测 [MASK]。应取原来的 ids。",
        ),
    ),
    "kept_tokens_not_predicted": (
        KeptNotPredicted(),
        Text(
            "Where the input is as it was there is no label. The 10 % that stay are predicted too: that is what they are for.",
            "输入没变的位置没有标签。保持不变的那 10% 也要预测，留它们正是为了这个。",
        ),
    ),
    "only_masks_predicted": (
        OnlyTheMaskPredicted(),
        Text(
            "Only masked tokens have a label. All that were chosen have one, the replaced and the kept too.",
            "只有变成 [MASK] 的 token 有标签。凡是被选中的都要有，包括换成随机词的和保持不变的。",
        ),
    ),
    "zero_instead_of_minus_100": (
        IgnoredAsZero(),
        Text(
            "What is not to be predicted has label 0, which is a token. cross_entropy skips -100.",
            "不预测的位置标签写成了 0，可 0 也是一个 token。cross_entropy 跳过的是 -100。",
        ),
    ),
    "second_draw_not_conditional": (
        NotConditional(),
        Text(
            "A tenth of what the mask left over becomes random: 2 % of the chosen. The second draw is among the remaining 20 %, so its "
            "probability is a half.",
            "随机词只占剩余部分的十分之一，也就是被选中的 2%。第二次抽签是在剩下的 20% 里抽，概率应为一半。",
        ),
    ),
    "mask_overwritten": (
        MaskOverwritten(),
        Text(
            "Random tokens also overwrite masks: half of all the chosen become random. Draw among those that the mask left over.",
            "随机词把 [MASK] 也覆盖了：被选中的有一半变成随机词。只能在 [MASK] 之外剩下的里面抽。",
        ),
    ),
    "tenth_over_the_mask": (
        TenthOverTheMask(),
        Text(
            "Two independent draws of 80 % and 10 %, the second over the first: 72 % masks are left and 18 % stay. The fates exclude each other.",
            "80% 和 10% 是两次独立抽签，后一次盖住前一次：[MASK] 只剩 72%，不变的有 18%。三种去向必须互斥。",
        ),
    ),
    "always_mask": (
        AlwaysMask(),
        Text(
            "All the chosen become the mask. 80 % do; 10 % become a random token and 10 % stay.",
            "选中的全部变成了 [MASK]。应是 80%，另有 10% 换成随机词，10% 不变。",
        ),
    ),
    "never_random": (
        NeverRandom(),
        Text(
            "No token is replaced by a random one: 10 % of the chosen are.", "没有 token 换成随机词：被选中的应有 10%。"
        ),
    ),
    "never_kept": (
        NeverKept(),
        Text(
            "All that the mask leaves over becomes random; half of it, 10 % of the chosen, stays.",
            "[MASK] 之外全换成了随机词；其中一半，即被选中的 10%，应保持不变。",
        ),
    ),
    "shares_exchanged": (
        SharesExchanged(),
        Text(
            "Mask and random token have exchanged their shares: 80 % become the mask, 10 % a random token.",
            "[MASK] 和随机词的比例颠倒了：80% 是 [MASK]，10% 是随机词。",
        ),
    ),
    "one_fate_for_all": (
        OneFateForAll(),
        Text(
            "One draw decides for all the chosen of the batch. Each has its own fate.",
            "整个 batch 只抽一次签，所有选中的 token 同一去向。应各抽各的。",
        ),
    ),
    "input_changed_in_place": (
        InPlace(),
        Text(
            "The ids that you were given are overwritten. The next epoch would start from masked text: clone first.",
            "传进来的 ids 被改写了，下一轮就会从遮过的文本开始。请先 clone。",
        ),
    ),
    "special_mask_ignored": (
        SpecialIgnored(),
        Text(
            "special_mask is not looked at: special tokens are chosen like the others.",
            "没有用 special_mask：特殊 token 也会被选中。",
        ),
    ),
    "special_mask_inverted": (
        SpecialInverted(),
        Text(
            "Only special tokens are chosen: True in special_mask means never.",
            "只选了特殊 token：special_mask 为 True 的位置表示永不选中。",
        ),
    ),
    "special_tokens_changed": (
        SpecialLabelsOnly(),
        Text(
            "Special tokens get no label, but are still replaced in the input. Exclude them before anything is drawn.",
            "特殊 token 没有标签，但输入里还是被替换了。应在抽签之前就排除。",
        ),
    ),
    "zero_taken_for_padding": (
        ZeroIsPadding(),
        Text(
            "Token 0 is never chosen. Which tokens are special is said by special_mask alone.",
            "0 号 token 从不被选中。哪些是特殊 token，只由 special_mask 决定。",
        ),
    ),
    "fixed_count": (
        FixedCount(),
        Text(
            "Every row has the same number of chosen tokens. BERT's own code counts so; here each token decides by itself, as in transformers' collator.",
            "每行选中的个数固定。BERT 原代码确实这么做；这里要求每个 token 独立抽签，和 transformers 的 collator 一样。",
        ),
    ),
    "fixed_count_of_the_batch": (
        FixedTotal(),
        Text(
            "Every call chooses the same number of tokens, just other ones. Each token decides by itself, so the number varies.",
            "每次调用选中的总数都一样，只是位置不同。每个 token 应独立抽签，总数会波动。",
        ),
    ),
    "same_mask_for_all_rows": (
        SameInEveryRow(),
        Text(
            "The same positions are chosen in every row. Draw for each token of the batch.",
            "每一行选中的位置都相同。应对 batch 里每个 token 各抽一次。",
        ),
    ),
    "whole_rows": (
        WholeRows(),
        Text("Rows are chosen as a whole. Draw for each token.", "整行整行地选。应对每个 token 各抽一次。"),
    ),
    "spans": (
        Spans(),
        Text(
            "Neighbours are chosen together, as in SpanBERT. Here each token decides by itself.",
            "选的是连续片段，像 SpanBERT。这里要求每个 token 独立抽签。",
        ),
    ),
    "probability_ignored": (
        ProbabilityIgnored(),
        Text(
            "The argument probability is not used: 15 % are chosen whatever it says.",
            "没有用参数 probability：不管传多少，都选 15%。",
        ),
    ),
    "probability_of_keeping": (
        ProbabilityOfKeeping(),
        Text(
            "probability is taken for that of staying: the rest, 85 %, is chosen.",
            "把 probability 当成了保留的概率：结果选了 85%。",
        ),
    ),
    "same_masks_in_every_call": (
        FixedMasks(),
        Text(
            "Every call gives the same masks: a generator is seeded inside. Draw from the one that is given.",
            "每次调用的结果都一样：函数里自己设了种子。应从传入的 generator 抽。",
        ),
    ),
    "generator_ignored": (
        GeneratorIgnored(),
        Text(
            "The generator is not used: with the same seed the masks differ.",
            "没有用 generator：同样的种子，结果却不同。",
        ),
    ),
    "generator_for_the_choice_only": (
        GeneratorForTheChoiceOnly(),
        Text(
            "Which tokens are chosen comes from the generator, what becomes of them doesn't. Pass it to every draw.",
            "选哪些 token 用了 generator，怎么替换却没用。每次抽签都要传它。",
        ),
    ),
    "one_random_token": (
        OneWord(),
        Text(
            "The same random token stands in all places. Draw one for each.",
            "所有位置用了同一个随机词。应每处各抽一个。",
        ),
    ),
    "last_token_never_drawn": (
        LastWordMissing(),
        Text(
            "The last token of the vocabulary is never drawn: the upper bound of randint is excluded already.",
            "词表最后一个 token 永远抽不到：randint 的上界本来就不含。",
        ),
    ),
    "first_token_never_drawn": (
        FirstWordMissing(),
        Text(
            "Token 0 is never drawn: random tokens are from 0 to vocab_size - 1.",
            "0 号 token 永远抽不到：随机词的范围是 0 到 vocab_size - 1。",
        ),
    ),
    "beyond_the_vocabulary": (
        BeyondTheVocabulary(),
        Text(
            "A token vocab_size is drawn, which does not exist: the embedding would fail.",
            "抽到了编号 vocab_size，它不存在，embedding 会报错。",
        ),
    ),
    "tokens_of_the_batch": (
        WordsOfTheBatch(),
        Text(
            "Random tokens are taken from the batch. Draw them from the whole vocabulary, evenly.",
            "随机词是从 batch 里取的。应从整个词表均匀抽取。",
        ),
    ),
}
