"""The Mixer against timm's, whose outputs are in reference/mlp_mixer.npz (see make_reference.py), and against the equation.

timm can't be installed beside the locked torch. `equation` is written from Tolstikhin et al. 2021, arXiv:2105.01601, equation 1, with
einsum over named axes; it shares nothing with our module but the names of the parameters.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from studykit.architecture.mlp_mixer import MixerBlock, MLPMixer

FILE = np.load(Path(__file__).with_name("reference") / "mlp_mixer.npz")
SIZES = {
    "paper's ratios": dict(channels=3, size=8, classes=5, patch=4, width=12, depth=2, token_hidden=6, channel_hidden=48),
    "other ratios": dict(channels=1, size=6, classes=3, patch=2, width=8, depth=3, token_hidden=12, channel_hidden=16),
}
each_size = pytest.mark.parametrize("name", SIZES)


def stored(name, what):
    return torch.from_numpy(FILE[f"{name}: {what}"])


def stored_all(name, kind):
    start = f"{name}: {kind} "
    return {key.removeprefix(start): torch.from_numpy(FILE[key]) for key in FILE.files if key.startswith(start)}


def loaded(name, dtype=torch.float64):
    model = MLPMixer(**SIZES[name]).to(dtype)
    model.load_state_dict(stored_all(name, "state"))
    return model


def close(ours, theirs, message=None, tolerance=1e-11):
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance, msg=lambda text: f"{message}: {text}")


def test_the_reference_says_where_it_is_from():
    assert [str(each).partition(" ")[0] for each in FILE["made with"]] == ["timm", "torch"]


@each_size
def test_the_state_has_timms_names_and_shapes(name):
    theirs = {key: tuple(value.shape) for key, value in stored_all(name, "state").items()}
    assert {key: tuple(value.shape) for key, value in MLPMixer(**SIZES[name]).state_dict().items()} == theirs


@each_size
def test_output_and_every_gradient_are_timms(name):
    model, x = loaded(name), stored(name, "x").requires_grad_()
    y = model(x)
    close(y, stored(name, "y"), "output")
    (y * stored(name, "upstream")).sum().backward()
    close(x.grad, stored(name, "gradient of x"), "gradient of x")
    gradients = stored_all(name, "gradient")
    for key, parameter in model.named_parameters():
        close(parameter.grad, gradients[key], key)


@each_size
def test_training_goes_timms_way_also_after_a_reload(name):
    model, x, upstream = loaded(name), stored(name, "x"), stored(name, "upstream")
    for step in (1, 2, 3):
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        (model(x) * upstream).sum().backward()
        optimizer.step()
        state, model = model.state_dict(), MLPMixer(**SIZES[name]).double()
        model.load_state_dict(state)
        close(model(x), stored(name, f"y after step {step}"), f"step {step}", 1e-9)


def equation(state, x, patch, depth):
    """Equation 1 of the paper, with letters b image, c colour, h w place of the patch, i j place in it, p patch, d channel."""

    def norm(table, key):
        centred = table - torch.einsum("bpd->bp", table)[..., None] / table.shape[-1]
        variance = torch.einsum("bpd,bpd->bp", centred, centred)[..., None] / table.shape[-1]
        return centred / (variance + 1e-6) ** 0.5 * state[f"{key}.weight"] + state[f"{key}.bias"]

    def gelu(z):
        return z * (1 + torch.special.erf(z / 2**0.5)) / 2

    b, c, side, _ = x.shape
    cut = x.reshape(b, c, side // patch, patch, side // patch, patch)
    table = torch.einsum("bchiwj,dcij->bhwd", cut, state["stem.proj.weight"]).flatten(1, 2) + state["stem.proj.bias"]
    for n in range(depth):
        tokens, channels = f"blocks.{n}.mlp_tokens", f"blocks.{n}.mlp_channels"
        hidden = torch.einsum("tp,bpd->btd", state[f"{tokens}.fc1.weight"], norm(table, f"blocks.{n}.norm1"))
        hidden = gelu(hidden + state[f"{tokens}.fc1.bias"][:, None])
        table = table + torch.einsum("pt,btd->bpd", state[f"{tokens}.fc2.weight"], hidden) + state[f"{tokens}.fc2.bias"][:, None]
        hidden = torch.einsum("ud,bpd->bpu", state[f"{channels}.fc1.weight"], norm(table, f"blocks.{n}.norm2"))
        hidden = gelu(hidden + state[f"{channels}.fc1.bias"])
        table = table + torch.einsum("du,bpu->bpd", state[f"{channels}.fc2.weight"], hidden) + state[f"{channels}.fc2.bias"]
    mean = torch.einsum("bpd->bd", norm(table, "norm")) / table.shape[1]
    return torch.einsum("kd,bd->bk", state["head.weight"], mean) + state["head.bias"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "patch"), [(4, 4), (8, 2), (9, 3), (6, 1)])
@pytest.mark.parametrize("depth", [1, 3])
def test_the_equation_agrees_with_us(channels, size, patch, depth):
    model = random_numbers(MLPMixer(channels, size, 4, patch, 10, depth, 7, 13).double())
    x = torch.randn(3, channels, size, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    close(model(x), equation(model.state_dict(), x, patch, depth))


@each_size
def test_the_equation_agrees_with_timm(name):
    given = SIZES[name]
    close(equation(stored_all(name, "state"), stored(name, "x"), given["patch"], given["depth"]), stored(name, "y"))


def random_numbers(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 + torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype) / 2)
    return model


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.15)])
def test_lower_precision_is_as_exact_as_it_can_be(dtype, tolerance):
    y = loaded("paper's ratios", dtype)(stored("paper's ratios", "x").to(dtype))
    assert y.dtype == dtype
    torch.testing.assert_close(y.double(), stored("paper's ratios", "y"), rtol=tolerance, atol=tolerance)


def test_an_untrained_one_says_nothing_and_starts_as_flax_does():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MLPMixer(3, 32, 10, patch=8, width=128, depth=1, token_hidden=256, channel_hidden=512)
    assert torch.equal(model(torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))), torch.zeros(2, 10))
    for key, parameter in model.named_parameters():
        if parameter.ndim > 1 and not key.startswith("head"):
            sigma = parameter[0].numel() ** -0.5
            assert parameter.std().item() == pytest.approx(sigma, rel=0.05), key
            assert parameter.abs().max().item() <= 2 * sigma / 0.8796, key
        elif parameter.ndim == 1:
            assert torch.equal(parameter, torch.full_like(parameter, "norm" in key and key.endswith("weight"))), key


def test_the_token_mlp_is_one_for_all_channels_and_knows_positions():
    """What the architecture means: other channel order, same answer in that order; other patch order, another answer."""
    block = MixerBlock(9, 8, 6, 16).double()
    random_numbers(block)
    for norm in (block.norm1, block.norm2):  # alike for all channels, as the weights of the token MLP are anyway
        torch.nn.init.ones_(norm.weight)
    x = torch.randn(2, 9, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    order = torch.tensor([3, 0, 7, 1, 5, 2, 6, 4])
    with torch.no_grad():
        for each in (block.mlp_channels.fc2.weight, block.mlp_channels.fc2.bias, block.norm1.bias):
            each.zero_()
    close(block(x[..., order]), block(x)[..., order])
    patches = torch.tensor([1, 0, 2, 3, 4, 5, 6, 7, 8])
    assert (block(x[:, patches]) - block(x)[:, patches]).abs().max() > 0.01


def test_parameters_are_those_of_mixer_b16():
    """59.9 million in the paper's table 1 (Mixer-B/16: 59 M), here counted by its formula, without making them."""
    sizes = dict(patch=16, width=768, depth=12, token_hidden=384, channel_hidden=3072)
    with torch.device("meta"):
        model = MLPMixer(3, 224, 1000, **sizes)
    n, d, t, c = 196, 768, 384, 3072
    block = 4 * d + (2 * n * t + t + n) + (2 * d * c + c + d)
    assert sum(each.numel() for each in model.parameters()) == (3 * 256 * d + d) + 12 * block + 2 * d + 1000 * (d + 1) == 59_880_472


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (dict(size=8, patch=3), "patch must divide size 8, got 3: crop the images or give a divisor"),
        (dict(size=8, patch=16), "patch must divide size 8, got 16"),
        (dict(size=8, patch=0), "patch must be >= 1, got 0: give a whole number"),
        (dict(size=8, depth=-1), "depth must be >= 1, got -1"),
        (dict(size=8, token_hidden=0), "token_hidden must be >= 1, got 0"),
    ],
)
def test_bad_sizes_are_told_with_value_bound_and_remedy(arguments, says):
    with pytest.raises(ValueError, match=says) as caught:
        MLPMixer(channels=1, classes=10, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 1, 16, 16), (2, 3, 8, 8), (1, 8, 8), (2, 1, 8, 10)])
def test_another_resolution_is_refused_since_the_token_mlp_has_a_weight_per_place(shape):
    with pytest.raises(ValueError, match=r"x must be \(B, 1, 8, 8\), got .*: resize the images"):
        MLPMixer(1, 8, 10)(torch.zeros(shape))
