"""MAE against its paper's equations (He et al. 2022, arXiv:2111.06377), written out here in NumPy, loop by loop."""

import copy
import io
import math

import numpy as np
import pytest
import torch
from torch import nn

from studykit.models import ViT
from studykit.selfsup.mae import MAE, patchify, random_masking, unpatchify

erf = np.vectorize(math.erf)


# --- the oracle: nothing of it is ours but the weights' names


def layer_norm(x, w, name):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(var + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]


def linear(x, w, name):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def block(x, w, name, heads):
    """Pre-norm: attention one head after the other, then the perceptron, for tokens (N, D)."""
    d = x.shape[1]
    q, k, v = np.split(linear(layer_norm(x, w, f"{name}.norm1"), w, f"{name}.qkv"), 3, 1)
    out = np.zeros_like(x)
    for h in range(heads):
        part = slice(h * d // heads, (h + 1) * d // heads)
        scores = q[:, part] @ k[:, part].T / math.sqrt(d // heads)
        weights = np.exp(scores - scores.max(1, keepdims=True))
        out[:, part] = weights / weights.sum(1, keepdims=True) @ v[:, part]
    x = x + linear(out, w, f"{name}.out")
    hidden = linear(layer_norm(x, w, f"{name}.norm2"), w, f"{name}.mlp.0")
    hidden = hidden * (1 + erf(hidden / math.sqrt(2))) / 2
    return x + linear(hidden, w, f"{name}.mlp.2")


def cut(image, patch):
    """Patches of (C, H, W), each pixel by pixel with its channels together."""
    c, height, width = image.shape
    rows = []
    for top in range(0, height, patch):
        for left in range(0, width, patch):
            rows.append([image[k, top + i, left + j] for i in range(patch) for j in range(patch) for k in range(c)])
    return np.array(rows)


def oracle(images, noise, w, *, patch, ratio, heads, depths, norm_pix):
    """Loss, painted patches and mask, sample by sample, from the noise that orders the patches."""
    losses, painted, masks = [], [], []
    for image, draw in zip(images, noise, strict=True):
        _, height, width = image.shape
        n = (height // patch) * (width // patch)
        shuffle = sorted(range(n), key=lambda i: draw[i])
        kept, hidden = shuffle[: round(n * (1 - ratio))], shuffle[round(n * (1 - ratio)) :]
        tokens = [w["encoder.cls_token"][0, 0] + w["encoder.pos_embed"][0, 0]]
        for i in kept:
            top, left = i // (width // patch) * patch, i % (width // patch) * patch
            tile = image[:, top : top + patch, left : left + patch]
            projected = (w["encoder.patch_embed.weight"] * tile).sum((1, 2, 3)) + w["encoder.patch_embed.bias"]
            tokens.append(projected + w["encoder.pos_embed"][0, 1 + i])
        z = np.array(tokens)
        for number in range(depths[0]):
            z = block(z, w, f"encoder.blocks.{number}", heads)
        z = linear(layer_norm(z, w, "encoder.norm"), w, "bridge")
        whole = np.repeat(w["mask_token"][0], 1 + n, 0)
        whole[0] = z[0]
        for place, i in enumerate(kept):
            whole[1 + i] = z[1 + place]
        whole = whole + w["pos_embed"][0]
        for number in range(depths[1]):
            whole = block(whole, w, f"blocks.{number}", heads)
        y = linear(layer_norm(whole, w, "norm"), w, "paint")[1:]
        target = cut(image, patch)
        if norm_pix:
            var = target.var(1, ddof=1, keepdims=True)  # the authors' code: torch's unbiased variance, 1e-6 under the root
            target = (target - target.mean(1, keepdims=True)) / np.sqrt(var + 1e-6)
        losses += [((y[i] - target[i]) ** 2).mean() for i in hidden]
        painted.append(y)
        masks.append([i in hidden for i in range(n)])
    return np.mean(losses), np.array(painted), np.array(masks)


def made(channels=1, size=8, patch=2, ratio=0.75, norm_pix=False, depths=(2, 1), seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    encoder = ViT(channels, size, 3, patch=patch, width=8, depth=depths[0], heads=2)
    model = MAE(encoder, ratio, width=12, depth=depths[1], heads=2, norm_pix=norm_pix).to(dtype)
    for each in model.parameters():  # biases and norms at their zeros and ones would hide a wrong one
        nn.init.normal_(each, std=0.3)
    return model, torch.rand(3, channels, size, size, dtype=dtype)


def arrays(model):
    return {name: value.detach().numpy() for name, value in model.state_dict().items()}


def drawn(seed, count, n):
    return torch.rand(count, n, generator=torch.Generator().manual_seed(seed)).numpy()


CASES = [
    {},
    {"norm_pix": True},
    {"channels": 3, "patch": 4, "size": 16, "ratio": 0.5, "norm_pix": True},
    {"ratio": 0.9, "depths": (1, 2)},
    {"channels": 2, "size": 6, "ratio": 0.3, "depths": (3, 1)},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_loss_paint_and_mask_are_the_papers(case):
    model, images = made(**case)
    patch, ratio = case.get("patch", 2), case.get("ratio", 0.75)
    found = model(images, torch.Generator().manual_seed(5))
    n = (images.shape[2] // patch) ** 2
    expected = oracle(
        images.numpy(), drawn(5, 3, n), arrays(model), patch=patch, ratio=ratio, heads=2,
        depths=case.get("depths", (2, 1)), norm_pix=case.get("norm_pix", False),
    )  # fmt: skip
    assert found[0].item() == pytest.approx(expected[0], rel=1e-9)
    np.testing.assert_allclose(found[1].detach(), expected[1], rtol=1e-7, atol=1e-9)
    assert (found[2].numpy() == expected[2]).all()


@pytest.mark.parametrize("norm_pix", [False, True])
def test_gradients_are_the_differences_of_the_oracle(norm_pix):
    model, images = made(norm_pix=norm_pix, depths=(1, 1))
    model(images, torch.Generator().manual_seed(1))[0].backward()
    gradients, weights = {name: each.grad for name, each in model.named_parameters()}, arrays(model)
    assert [name for name, each in gradients.items() if each is None] == ["encoder.head.weight", "encoder.head.bias"]

    def loss():
        return oracle(images.numpy(), drawn(1, 3, 16), weights, patch=2, ratio=0.75, heads=2, depths=(1, 1), norm_pix=norm_pix)[0]

    rng = np.random.default_rng(0)
    for name, gradient in gradients.items():
        if gradient is None:
            continue
        place = tuple(rng.integers(side) for side in gradient.shape)
        before, ends = weights[name][place], []
        for step in (1e-5, -1e-5):
            weights[name][place] = before + step  # a view of the model's own storage: put back below
            ends.append(loss())
        weights[name][place] = before
        assert gradient[place].item() == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-7), name


@pytest.mark.parametrize(("channels", "height", "width", "patch"), [(1, 8, 8, 2), (3, 12, 8, 4), (2, 6, 9, 3), (4, 5, 7, 1)])
def test_patches_are_cut_row_by_row_and_put_together_again(channels, height, width, patch):
    images = torch.randn(2, channels, height, width)
    patches = patchify(images, patch)
    np.testing.assert_array_equal(patches[1], cut(images[1].numpy(), patch))
    assert torch.equal(unpatchify(patches, patch, height, width), images)


@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("shape", [(4, 16, 5), (2, 10), (3, 49, 2, 2), (1, 1, 3)])
def test_masking_is_the_papers_shuffle(ratio, shape):
    n = shape[1]
    if not round(n * (1 - ratio)):
        with pytest.raises(ValueError, match="keeps none"):
            random_masking(torch.zeros(shape), ratio)
        return
    x = torch.randn(shape, dtype=torch.float64)
    visible, mask, restore = random_masking(x, ratio, torch.Generator().manual_seed(3))
    order = np.argsort(drawn(3, *shape[:2]), 1)
    kept = round(n * (1 - ratio))
    for row in range(shape[0]):
        np.testing.assert_array_equal(visible[row], x[row].numpy()[order[row, :kept]])
        assert set(np.flatnonzero(mask[row])) == set(order[row, kept:])
        whole = torch.cat([visible[row], x[row][order[row, kept:]]])
        assert torch.equal(whole[restore[row]], x[row])
    assert visible.dtype == x.dtype and mask.dtype == torch.bool and restore.dtype == torch.int64


def test_masking_leaves_the_global_generator_where_one_is_given_and_uses_it_where_not():
    x, state = torch.arange(64).expand(4, -1), torch.get_rng_state()
    one = random_masking(x, 0.75, torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one[0], random_masking(x, 0.75, torch.Generator().manual_seed(1))[0])
    assert not torch.equal(one[0], random_masking(x, 0.75, torch.Generator().manual_seed(2))[0])
    torch.manual_seed(9)
    two = random_masking(x)[0]
    torch.manual_seed(9)
    assert torch.equal(two, random_masking(x)[0])
    assert len({tuple(sorted(row)) for row in two.tolist()}) == 4  # each sample its own


def test_every_patch_is_hidden_as_often():
    x = torch.arange(16).expand(8000, -1)
    mask = random_masking(x, 0.75, torch.Generator().manual_seed(0))[1].double()
    assert (mask.sum(1) == 12).all()
    assert (mask.mean(0) - 0.75).abs().max() < 4 * math.sqrt(0.75 * 0.25 / 8000)
    pair = (mask[:, 0] * mask[:, 5]).mean().item()  # without replacement: 12/16 * 11/15
    assert pair == pytest.approx(0.55, abs=4 * math.sqrt(0.55 * 0.45 / 8000))


def test_what_is_hidden_is_not_seen_and_what_is_visible_costs_nothing():
    model, images = made()
    loss, painted, mask = model(images, torch.Generator().manual_seed(2))
    changed = patchify(images, 2) + 5 * mask[..., None]
    other = model(unpatchify(changed, 2, 8, 8), torch.Generator().manual_seed(2))
    assert torch.equal(other[1], painted) and not torch.equal(other[0], loss)
    visible = patchify(images, 2)
    off = painted.detach().clone()
    off[~mask] += 100
    assert torch.equal(model.loss(images, off, mask), loss)
    exact = torch.where(mask[..., None], visible, torch.zeros_like(visible))
    assert model.loss(images, exact, mask) == 0
    everywhere = model.loss(images, painted, torch.ones_like(mask))
    assert everywhere.item() == pytest.approx(((painted - visible) ** 2).mean().item())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_halves_and_autocast(dtype):
    model, images = made(norm_pix=True, dtype=torch.float32)
    right = model(images, torch.Generator().manual_seed(4))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
        loss, _, mask = model(images, torch.Generator().manual_seed(4))
    loss.backward()
    assert loss.dtype == torch.float32 and torch.equal(mask, right[2])
    assert loss.item() == pytest.approx(right[0].item(), rel=0.05)
    assert all(each.grad.isfinite().all() for each in model.parameters() if each.grad is not None)
    halved = model.to(dtype)(images.to(dtype), torch.Generator().manual_seed(4))
    assert halved[1].dtype == dtype and halved[0].dtype == torch.float32
    assert halved[0].item() == pytest.approx(right[0].item(), rel=0.1)


def trained(model, optimizer, images, rng, steps):
    losses = []
    for _ in range(steps):
        loss = model(images, rng)[0]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_checkpoint_read_safely_goes_on_bit_for_bit():
    model, images = made(dtype=torch.float32)
    optimizer, rng = torch.optim.AdamW(model.parameters(), lr=3e-3), torch.Generator().manual_seed(7)
    trained(model, optimizer, images, rng, 4)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rng": rng.get_state()}, file)
    straight = trained(model, optimizer, images, rng, 4)
    file.seek(0)
    kept = torch.load(file, weights_only=True)
    again, _ = made(seed=1, dtype=torch.float32)
    second, draws = torch.optim.AdamW(again.parameters(), lr=3e-3), torch.Generator()
    again.load_state_dict(kept["model"]), second.load_state_dict(kept["optimizer"]), draws.set_state(kept["rng"])
    assert trained(again, second, images, draws, 4) == straight
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters(), strict=True))
    fresh = ViT(1, 8, 3, patch=2, width=8, depth=2, heads=2)
    encoder = {name[8:]: value for name, value in kept["model"].items() if name.startswith("encoder.")}
    fresh.load_state_dict(encoder)  # what is left of it: a ViT like any other


def test_a_few_steps_lower_the_loss_and_train_every_part():
    model, images = made(dtype=torch.float32)
    before = copy.deepcopy(model.state_dict())
    losses = trained(model, torch.optim.AdamW(model.parameters(), lr=1e-2), images, torch.Generator().manual_seed(0), 60)
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])
    same = [name for name, value in model.state_dict().items() if torch.equal(value, before[name])]
    assert same == ["encoder.head.weight", "encoder.head.bias"]


def test_what_cannot_be_is_said():
    x = torch.zeros(2, 16, 3)
    for ratio, said in ((1.0, "< 1, got 1.0"), (-0.1, "got -0.1"), (0.99, "keeps none of 16"), (math.nan, "got nan")):
        with pytest.raises(ValueError, match=said):
            random_masking(x, ratio)
    with pytest.raises(ValueError, match="multiples of patch 3"):
        patchify(torch.zeros(1, 1, 8, 8), 3)
    for ratio in (0.0, 0.02, 0.99):
        with pytest.raises(ValueError, match="hide some of the 16 patches"):
            MAE(ViT(1, 8, 10), ratio)
