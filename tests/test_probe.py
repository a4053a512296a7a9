import torch
from torch import nn

from studykit.bench.probe import few_shot, fine_tune, frozen, linear_probe
from studykit.models import CNN, ViT


def clusters(n: int, seed: int, spread: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 4
    return torch.eye(4, 6)[labels] + spread * torch.randn(n, 6, generator=rng), labels


def test_few_labels_are_drawn_from_every_class_and_by_the_seed_alone() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 0, 1])
    picked = few_shot(labels, 2, 0)
    assert labels[picked].tolist() == [0, 0, 1, 1, 2]  # class 2 has one
    assert len(set(picked.tolist())) == 5
    assert few_shot(labels, 2, 0).tolist() == picked.tolist()
    assert any(few_shot(labels, 2, seed).tolist() != picked.tolist() for seed in range(1, 5))


def test_a_linear_probe_reads_what_is_linear_and_nothing_else() -> None:
    train, validation, test = clusters(40, 0), clusters(80, 1), clusters(200, 2)
    assert min(linear_probe(train, validation, test)) > 95
    shuffled = (test[0], test[1][torch.randperm(200, generator=torch.Generator().manual_seed(3))])
    assert linear_probe(train, validation, shuffled)[1] < 45
    wild = [(x * torch.tensor([1e4, 1, 1e-4, 1, 1, 0.0]), y) for x, y in (train, validation, test)]
    assert min(linear_probe(*wild)) > 95  # no feature is favoured by its scale, a constant one does no harm


def test_frozen_features_are_the_same_in_one_batch_or_several() -> None:
    x = torch.randn(10, 1, 8, 8)
    network = CNN(1, 8, 3).eval()
    assert torch.allclose(frozen(network.encode, x, 3), frozen(network.encode, x), atol=1e-6)
    assert frozen(network.encode, x).shape == (10, 64)
    assert not frozen(network.encode, x).requires_grad


def test_fine_tuning_trains_encoder_and_head_and_leaves_the_global_generator() -> None:
    (x, y), state = clusters(80, 0), torch.get_rng_state()
    encoder, head = nn.Linear(6, 8), nn.Linear(8, 4)
    before = encoder.weight.detach().clone()
    fine_tune(encoder, list(encoder.parameters()), head, (x, y), steps=60, lr=0.03)
    assert (head(encoder(x)).argmax(-1) == y).float().mean() > 0.95
    assert not torch.equal(encoder.weight, before)
    created = torch.get_rng_state()
    fine_tune(encoder, list(encoder.parameters()), head, (x, y), steps=1, lr=0.03, augment=lambda batch: batch + 1)
    assert torch.equal(torch.get_rng_state(), created)
    assert not torch.equal(state, created)  # the two layers drew their weights


def test_what_a_vit_encodes_of_a_subset_is_what_it_would_encode_of_those_patches_alone() -> None:
    torch.manual_seed(0)
    network = ViT(1, 8, 10, patch=2, width=16, depth=2, heads=2).eval()
    x = torch.randn(3, 1, 8, 8)
    everything = torch.arange(16).expand(3, -1)
    assert torch.allclose(network.encode(x, everything), network.encode(x), atol=1e-6)
    shuffled = everything[:, torch.randperm(16)]
    assert torch.allclose(network.encode(x, shuffled)[:, 0], network.encode(x)[:, 0], atol=1e-5)
    keep = torch.tensor([[0, 5, 15]] * 3)
    hidden = x.clone()
    hidden[:, :, 0:2, 4:6] += 9  # patch 2, which is not kept
    assert torch.equal(network.encode(hidden, keep), network.encode(x, keep))
    assert network.encode(x, keep).shape == (3, 4, 16)
    assert torch.allclose(network(x), network.head(network.encode(x)[:, 0]))
