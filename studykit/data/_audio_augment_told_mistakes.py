"""What is told to whom makes a classic mistake in adding noise."""

from studykit.language import Text

TOLD = {
    "twenty_for_ten": Text(
        "Your SNR is met by half: a ratio of powers is 10^(SNR/10). The 20 belongs to amplitudes, 10^(SNR/20), and not under the root.",
        "你的信噪比只兑现了一半：功率之比是 10^(SNR/10)。20 是给幅度用的，即 10^(SNR/20)，不该再放进根号里。",
    ),
    "ten_on_amplitude": Text(
        "You multiply amplitudes by 10^(-SNR/10). That is the ratio of powers; amplitudes get its root, 10^(-SNR/20).",
        "你给幅度乘了 10^(-SNR/10)，那是功率之比；幅度要开方，是 10^(-SNR/20)。",
    ),
    "no_root": Text(
        "The root is missing: noise times a has a² times the power, so a is the root of the ratio of powers.",
        "少了开方：噪声乘 a，功率乘 a²，所以 a 是功率之比的平方根。",
    ),
    "sign": Text(
        "The sign is flipped: a higher SNR must give less noise, and yours gives more.",
        "符号反了：SNR 越高，噪声应该越小，你的却越大。",
    ),
    "natural_exponent": Text(
        "You take e to the power of SNR/10. Decibels are decimal: 10 to that power.",
        "你用的是 e 的 SNR/10 次方。分贝以 10 为底：应是 10 的 SNR/10 次方。",
    ),
    "not_decibels": Text(
        "You take snr_db for the ratio itself. It is in decibels: the ratio is 10^(snr_db/10), and 0 dB means equal powers.",
        "你把 snr_db 直接当成比值了。它的单位是分贝：比值是 10^(snr_db/10)，0 dB 表示功率相等。",
    ),
    "noise_unscaled": Text(
        "You take the noise to have power 1. Divide by its own power, which may be any, for drawn noise too.",
        "你默认噪声的功率是 1。要除以它自己的功率：给定的噪声可以是任意响度，抽出来的也不会恰好是 1。",
    ),
    "signal_ignored": Text(
        "The noise is as loud for a loud wave as for a soft one. The SNR is relative to the power of the wave.",
        "不管信号响还是轻，你的噪声都一样大。SNR 是相对信号功率而言的。",
    ),
    "peak": Text(
        "You measure loudness by the peak. The SNR is a ratio of powers, means of squares.",
        "你用峰值衡量响度。SNR 是功率之比，功率是平方的均值。",
    ),
    "whole_batch": Text(
        "You take one power over the whole batch, so that soft waves get too much noise. Each wave has its own: dim=-1.",
        "你对整个 batch 求了一个功率，轻的波形噪声就偏大。每条波形各算各的：dim=-1。",
    ),
    "sum_and_mean": Text(
        "You compare the energy of one (a sum) with the power of the other (a mean); the number of samples is left over.",
        "一边用了能量（求和），一边用了功率（求均值），差了一个采样点数。",
    ),
    "variance": Text(
        "You subtract the mean first: that is the variance. Power is the mean of the squares as they are.",
        "你先减了均值，那是方差。功率就是平方的均值，不减均值。",
    ),
    "mean_magnitude": Text(
        "You take the mean magnitude. Power is the mean of the squares, and the amplitude its root.",
        "你用的是绝对值的均值。功率是平方的均值，幅度是它的平方根。",
    ),
    "mean_not_power": Text(
        "You square the mean, which for sound is about 0. Power is the mean of the squares.",
        "你把均值平方了，而声音的均值接近 0。功率是先平方、再求均值。",
    ),
    "clipped": Text(
        "You clip to [-1, 1] in silence: that distorts, and changes the SNR. Return the sum as it is.",
        "你悄悄把结果截断到 [-1, 1] 了：这会失真，SNR 也变了。直接返回相加的结果。",
    ),
    "normalised": Text(
        "You scale the sum to its peak, so that the wave in it is no longer what was given. Return the sum as it is.",
        "你按峰值缩放了结果，里面的信号就不是原来那条了。直接返回相加的结果。",
    ),
    "wave_scaled": Text(
        "You scale the wave and leave the noise. The wave stays as loud as it was; the noise is fitted to it.",
        "你缩放了信号，噪声没动。应该信号保持原样，去调噪声。",
    ),
    "noise_only": Text(
        "You return the scaled noise; the wave belongs to it.",
        "你只返回了缩放后的噪声，别忘了加上信号。",
    ),
    "in_place": Text(
        "You write into the wave that was given. The next epoch would add noise to noise: return a new tensor.",
        "你改动了传进来的波形。下一个 epoch 就会在噪声上再加噪声：应返回新张量。",
    ),
    "detached": Text(
        "You take the power of the wave without its gradient. The level of the noise depends on the wave, so it belongs to it.",
        "你算信号功率时切断了梯度。噪声的大小取决于信号，梯度里应该有这一项。",
    ),
    "global_generator": Text(
        "The generator isn't used for the noise, so nothing can be repeated. Give it to randn.",
        "抽噪声时没有用 generator，结果无法复现。把它传给 randn。",
    ),
    "own_seed": Text(
        "Your noise is the same at every call: you seed a generator of your own. Draw from the one that is given.",
        "你每次抽的噪声都一样：自己建了固定种子的生成器。应从传进来的那个里抽。",
    ),
    "one_for_all": Text(
        "All waves of a batch get the same noise. Draw it in the shape of the wave.",
        "一个 batch 里的波形用了同一段噪声。按 wave 的形状去抽。",
    ),
    "uniform": Text(
        "Your noise is drawn from a uniform distribution; asked for is the normal one.",
        "你的噪声来自均匀分布；要的是正态分布。",
    ),
    "off_centre": Text(
        "Your noise is drawn from [0, 1): its mean is no noise but a constant, and takes three quarters of the power.",
        "你的噪声取自 [0, 1)：它的均值不是噪声，是个常数，占掉了四分之三的功率。",
    ),
    "silence": Text(
        "Noise of power 0 gives nan: guard the division. It adds nothing.",
        "噪声功率为 0 时你得到 nan：除法要有保护。这时什么都不加。",
    ),
    "one_number_only": Text(
        "snr_db may be a tensor with one number for each wave.",
        "snr_db 可以是张量，每条波形一个数。",
    ),
    "last_axis": Text(
        "snr_db has no axis for time, so it is set against the wrong one: snr_db.unsqueeze(-1).",
        "snr_db 没有时间轴，广播时对错了轴：要 snr_db.unsqueeze(-1)。",
    ),
    "always_white": Text(
        "You draw white noise even where noise is given.",
        "明明给了 noise，你还是另抽了白噪声。",
    ),
}
