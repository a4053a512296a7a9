"""What is told to whom makes a classic mistake in loss scaling."""

from studykit.language import Text

TOLD = {
    "steps_despite_inf": Text(
        "You step although a gradient is inf or nan: one such step ruins the weights. Skip the optimizer's step then; the scale "
        "goes down in update().",
        "梯度里有 inf 或 nan 你照样更新了：一步就能毁掉权重。这时要跳过 optimizer.step()，等 update() 去降 scale。",
    ),
    "nan_not_seen": Text(
        "You look for inf only. An overflow soon becomes nan (inf - inf, inf * 0): check isfinite.",
        "你只查了 inf。溢出很快就会变成 nan（inf - inf、inf * 0）：应该用 isfinite。",
    ),
    "inf_not_seen": Text(
        "You look for nan only. An overflow in float16 is first of all an inf: check isfinite.",
        "你只查了 nan。float16 溢出首先得到的是 inf：应该用 isfinite。",
    ),
    "minus_inf_not_seen": Text(
        "Minus infinity passes your check. isfinite finds all three.",
        "负无穷没有被你查出来。isfinite 三种都能查到。",
    ),
    "last_gradient_decides": Text(
        "Only the last parameter's gradient decides. One inf in any of them makes the step invalid.",
        "你只看了最后一个参数的梯度。任何一个参数里有 inf，这一步都作废。",
    ),
    "first_gradient_decides": Text(
        "Only the first parameter's gradient decides. One inf in any of them makes the step invalid.",
        "你只看了第一个参数的梯度。任何一个参数里有 inf，这一步都作废。",
    ),
    "first_group_only": Text(
        "Only the first parameter group is unscaled and checked; there may be several.",
        "你只处理了第一个参数组；优化器可能有好几组。",
    ),
    "never_unscaled": Text(
        "The gradients that the optimizer gets are still S times too large: divide them, in place.",
        "优化器拿到的梯度还是放大了 S 倍的：要原地除回去。",
    ),
    "divides_weights": Text(
        "You divide the parameters. What was scaled are their gradients, in .grad.",
        "你除的是参数本身。被放大的是 .grad 里的梯度。",
    ),
    "multiplies_again": Text(
        "You multiply by the scale once more; unscaling divides by it.",
        "你又乘了一遍 scale；unscale 是要除。",
    ),
    "one_parameter_unscaled": Text(
        "Only the first gradient is divided; all of them were scaled.",
        "只除了第一个梯度；所有梯度都被放大过。",
    ),
    "unscaled_twice": Text(
        "step() divides again after unscale_() did: the step is S times too short. Remember for each optimizer that it was "
        "unscaled.",
        "unscale_() 之后 step() 又除了一遍，步子短了 S 倍。要按优化器记住它已经 unscale 过。",
    ),
    "unscale_repeated": Text(
        "A second unscale_() before update() divides once more. Raise a RuntimeError instead.",
        "update() 之前第二次调用 unscale_()，又除了一遍。应该抛 RuntimeError。",
    ),
    "unscale_repeat_silent": Text(
        "A second unscale_() is passed over in silence. Gradients may have been added since, still scaled: raise a RuntimeError.",
        "第二次 unscale_() 被悄悄忽略了。这期间可能又累积了没除过的梯度：应该抛 RuntimeError。",
    ),
    "updates_in_step": Text(
        "The scale changes inside step(). Other optimizers of this iteration still hold gradients of the old scale: change it in "
        "update() alone.",
        "scale 在 step() 里就改了。这一轮其他优化器的梯度还是按旧 scale 放大的：只能在 update() 里改。",
    ),
    "steps_on_zeros": Text(
        "You set bad gradients to zero and step all the same: momentum and decay still move the weights. Skip the step.",
        "你把坏梯度清零后照样 step：动量和衰减还是会推动权重。应该跳过这一步。",
    ),
    "replaces_bad_entries": Text(
        "You replace inf and nan by numbers and step. What is left isn't the gradient of anything: skip the step.",
        "你把 inf 和 nan 换成数字就继续了。剩下的已经不是谁的梯度：应该跳过这一步。",
    ),
    "others_skip_too": Text(
        "One optimizer's inf makes another one skip its step. Each is judged by its own gradients; only the scale is shared.",
        "一个优化器有 inf，别的优化器也跟着跳过了。各看各的梯度，共用的只是 scale。",
    ),
    "skips_for_ever": Text(
        "After one overflow every later step is skipped: forget in update() what was found.",
        "溢出一次之后，后面每一步都被跳过：update() 里要把记录清掉。",
    ),
    "found_not_cleared": Text(
        "What was found isn't forgotten in update(), so the next iteration is not unscaled or checked anew.",
        "update() 没有清掉记录，下一轮就不会重新 unscale 和检查。",
    ),
    "last_optimizer_decides": Text(
        "update() asks the last optimizer only. If any of them met an inf the scale goes down.",
        "update() 只看了最后一个优化器。任何一个遇到 inf，scale 都要降。",
    ),
    "first_optimizer_decides": Text(
        "update() asks the first optimizer only. If any of them met an inf the scale goes down.",
        "update() 只看了第一个优化器。任何一个遇到 inf，scale 都要降。",
    ),
    "all_must_overflow": Text(
        "The scale goes down only when all optimizers met an inf; one is enough.",
        "你要求所有优化器都遇到 inf 才降 scale；有一个就该降。",
    ),
    "update_per_optimizer": Text(
        "update() counts every optimizer by itself. It is one update: one backoff, one count.",
        "update() 给每个优化器各算了一次。一轮只更新一次：退一次，数一次。",
    ),
    "never_backs_off": Text(
        "After an overflow the scale stays, so the next step overflows as well: multiply it by backoff_factor.",
        "溢出之后 scale 没降，下一步还会溢出：要乘 backoff_factor。",
    ),
    "subtracts": Text(
        "You subtract the backoff; it is a factor.",
        "你在做减法；backoff_factor 是乘上去的系数。",
    ),
    "divides_by_growth": Text(
        "You divide by growth_factor after an overflow; it is backoff_factor that multiplies.",
        "溢出后你除的是 growth_factor；应该乘 backoff_factor。",
    ),
    "back_to_start": Text(
        "After an overflow the scale falls to 1. It is multiplied by backoff_factor, since it was nearly right.",
        "溢出后 scale 直接掉到 1。它本来差得不多，乘 backoff_factor 就够。",
    ),
    "floor_of_one": Text(
        "You keep the scale from falling below 1. It may: where even that overflows, the cause isn't the scale, and hiding it "
        "helps nobody.",
        "你不让 scale 低于 1。它可以更低：连 1 都溢出，原因就不在 scale，藏起来没有好处。",
    ),
    "capped_at_the_default": Text(
        "You cap the scale at 65536. It grows for as long as nothing overflows.",
        "你把 scale 的上限卡在 65536。只要不溢出，它就一直增大。",
    ),
    "loss_changed_in_place": Text(
        "scale() changes the loss itself, and whoever logs it logs S times the loss: return a new tensor.",
        "scale() 把传进来的损失原地改了，记日志时记到的是 S 倍的损失：应返回新的张量。",
    ),
    "never_grows": Text(
        "The scale never grows: after growth_interval updates in a row without overflow it is multiplied by growth_factor.",
        "scale 从不增大：连续 growth_interval 次没溢出，就要乘 growth_factor。",
    ),
    "grows_every_time": Text(
        "The scale grows at every update, so it overflows every other step: wait for growth_interval of them.",
        "每次 update 都增大 scale，那隔一步就会溢出：要等满 growth_interval 次。",
    ),
    "one_late": Text(
        "The scale grows one update too late: at the growth_interval-th good one in a row, not the one after.",
        "scale 晚了一次才增大：应该在连续第 growth_interval 次时，而不是再下一次。",
    ),
    "one_early": Text(
        "The scale grows one update too early.",
        "scale 早了一次增大。",
    ),
    "count_survives_inf": Text(
        "The count goes on after an overflow. It counts updates in a row: an overflow sets it to 0.",
        "溢出后计数没有清零。要的是连续的次数：一溢出就归 0。",
    ),
    "count_survives_growth": Text(
        "The count isn't set back when the scale grows, so that it grows at every update from then on.",
        "scale 增大后计数没有归零，之后每次 update 都会继续增大。",
    ),
    "adds_growth": Text(
        "You add growth_factor; the scale is multiplied by it.",
        "你加上了 growth_factor；应该是乘。",
    ),
    "loss_not_scaled": Text(
        "scale() does not return the loss times the scale.",
        "scale() 返回的不是“损失乘 scale”。",
    ),
    "cut_from_graph": Text(
        "The scaled loss is cut from its graph, so that backward reaches no parameter.",
        "放大后的损失脱离了计算图，backward 传不到任何参数。",
    ),
    "none_gradient": Text(
        "A parameter without a gradient (None) makes it fail: pass it over.",
        "有参数没有梯度（None）时报错了：应当跳过它。",
    ),
    "result_lost": Text(
        "step() does not return what the optimizer's step returned.",
        "step() 没有返回 optimizer.step() 的返回值。",
    ),
}
