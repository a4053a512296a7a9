"""What the drills of the optimizers tell about the mistakes that they have in common."""

from studykit.language import Text

MISUSE = {
    "state_shared": Text(
        "All parameters share one state. Each needs its own averages and its own step count, since each has its own "
        "gradients: keep them in a dict by parameter, as self.state[p] does.",
        "所有参数共用了一份状态。每个参数的梯度不同，各自的滑动平均与步数也必须分开：按参数存放，self.state[p] 正是为此而设。",
    ),
    "state_by_position": Text(
        "The state is kept by the parameter's place in its group, so the first ones of two groups share it. Keep it by "
        "the parameter itself, as self.state[p] does.",
        "状态按参数在组内的序号存放，于是不同参数组的同序号参数会共用状态。应以参数本身为键，如 self.state[p]。",
    ),
    "state_by_default_dtype": Text(
        "A buffer takes its dtype, and with it its device, from the global default instead of from the parameter: use "
        "torch.zeros_like(p); torch.zeros(p.shape) fails on a GPU.",
        "缓冲区的 dtype（以及设备）取自全局默认值，而不是参数本身：应用 torch.zeros_like(p)；torch.zeros(p.shape) 到了 GPU 上就会出错。",
    ),
    "graph_kept": Text(
        "What you keep hangs on an autograd graph that grows with every step, and so does memory. Run the step under "
        "torch.no_grad().",
        "你保存的张量还挂在计算图上，图随步数不断变长，显存也随之增长。step 应在 torch.no_grad() 下运行。",
    ),
    "ascends": Text(
        "The step goes up the gradient: subtract it.",
        "你在沿梯度上升：这一步应当减去。",
    ),
    "lr_frozen": Text(
        'The learning rate is read once and kept. A scheduler writes group["lr"] between the steps: read it from the group '
        "at every step.",
        '学习率只读取了一次就固定下来。调度器会在各步之间改写 group["lr"]，因此每一步都要从参数组里读取。',
    ),
    "one_group": Text(
        "Settings of the first group are used for every group. lr, weight decay and the rest belong to the group: read them "
        "all inside the loop over self.param_groups.",
        "第一组的设置被用到了所有参数组上。lr、权重衰减等属于各个参数组，都应在遍历 self.param_groups 时逐组读取。",
    ),
    "none_as_zero": Text(
        "A parameter whose gradient is None took no part in the loss and must be left alone; yours is updated as if its "
        "gradient were zero, so that decay, momentum or the step count go on.",
        "梯度为 None 的参数没有参与本次损失，应原样跳过；你把它当作零梯度来更新，衰减、动量或步数因此继续推进了。",
    ),
    "zero_skipped": Text(
        "A gradient of zeros is a gradient: the averages must take it in, and momentum and decay still act. Only None "
        "means that there is nothing to do.",
        "全零的梯度也是梯度：滑动平均要把它计入，动量和衰减照常起作用。只有 None 才表示无事可做。",
    ),
    "stops_at_none": Text(
        "At a gradient of None the loop ends, so that the parameters after it are left out: continue, instead of break or "
        "return.",
        "遇到梯度为 None 的参数时循环就结束了，排在它后面的参数都没有更新：应当用 continue，而不是 break 或 return。",
    ),
    "stops_after_first_group": Text(
        "Only the first parameter group is updated: the return stands inside the loop over self.param_groups.",
        "只有第一个参数组得到更新：return 写进了遍历 self.param_groups 的循环里。",
    ),
    "gradient_cleared": Text(
        "Your step clears the gradients. That is zero_grad's task, and the caller decides when: gradients may be logged or "
        "accumulated.",
        "你的 step 清掉了梯度。清零是 zero_grad 的事，何时清由调用方决定：梯度可能还要用于记录或累积。",
    ),
    "writes_into_gradient": Text(
        "Your step writes into p.grad. The gradient belongs to the caller, who may log, accumulate or use it again: work on "
        "a new tensor.",
        "你的 step 改写了 p.grad。梯度属于调用方，之后可能用于记录、累积或再次使用：请在新的张量上运算。",
    ),
    "closure_dropped": Text(
        "step(closure) must return the closure's loss; yours is lost.",
        "step(closure) 必须返回 closure 算出的损失，你的返回值丢失了。",
    ),
    "closure_without_grad": Text(
        "The closure runs with autograd off, so its backward() has nothing to go through. step itself runs under no_grad; "
        "switch autograd on again around the closure.",
        "closure 在关闭自动求导的状态下运行，里面的 backward() 便无从求导。step 本身处于 no_grad 之下，调用 closure 时要重新打开求导。",
    ),
    "closure_after_step": Text(
        "The closure is called after the update. It computes the gradients that this step is to use: call it first.",
        "closure 在更新之后才调用。本步要用的梯度正是由它算出的：应最先调用。",
    ),
    "name_rebound": Text(
        "The parameter stays as it was: `p = p - ...` only binds the name p to a new tensor. Change the tensor itself, with "
        "p.sub_, p.add_ or p.copy_.",
        "参数没有变化：`p = p - ...` 只是让名字 p 指向一个新张量。要修改张量本身，用 p.sub_、p.add_ 或 p.copy_。",
    ),
    "not_in_place": Text(
        "The parameter got new storage (p.data = ...). Views of it, tied weights and flat buffers as in DDP or FSDP still "
        "hold the old numbers: change the parameter in place.",
        "参数换了一块新的存储（p.data = ...）。它的视图、绑定的权重以及 DDP、FSDP 的扁平缓冲区仍指向旧数值：应就地修改参数。",
    ),
}

DECOUPLED = {
    "decay_not_scaled_by_lr": Text(
        "The decay lacks lr. Each step the weight shrinks by lr * weight_decay of itself, so that a schedule acts on the "
        "decay as well.",
        "衰减没有乘 lr。权重每步缩小的比例是 lr * weight_decay，这样学习率调度也会作用到衰减上。",
    ),
    "decay_after_step": Text(
        "You decay the weight after the step, so that the step is shrunk too. The decay is taken of the weight as it was: "
        "before the step, or in one sum with it.",
        "你在更新之后才衰减，结果本步的更新量也被缩小了。衰减应取自更新前的权重：先衰减再更新，或与更新合成一个式子。",
    ),
    "decay_by_first_lr": Text(
        "The step follows the schedule, the decay still uses the first lr: both take the group's current one.",
        "更新量跟着调度走，衰减却仍用最初的 lr：两者都应取参数组当前的 lr。",
    ),
    "decays_without_gradient": Text(
        "Parameters whose gradient is None decay too. They took no part in this loss (a frozen layer, another branch): skip "
        "them wholly.",
        "梯度为 None 的参数也被衰减了。它们没有参与本次损失（例如冻结的层或其他分支），应整个跳过。",
    ),
    "no_decay": Text(
        "There is no weight decay in it.",
        "这里没有权重衰减。",
    ),
}
