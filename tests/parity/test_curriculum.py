"""The curriculum by its definition, written out here: pace, pool, order, and the lengths of DeepSpeed's `fixed_linear`."""

import itertools
import math

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from studykit.data.curriculum import CurriculumSampler, length_curriculum, share

PACES = ("linear", "root", "step")


def competence(t, total, c0, pace):
    """Platanios et al. 2019, arXiv:1903.09848, equations 6 and 7, and Bengio et al.'s switch."""
    if t >= total:
        return 1.0
    if pace == "step":
        return c0
    p = {"linear": 1, "root": 2}[pace]
    return (t * (1 - c0**p) / total + c0**p) ** (1 / p)


@pytest.mark.parametrize(("pace", "start", "full_at"), list(itertools.product(PACES, (0.05, 0.2, 0.5, 1.0), (1, 3, 10))))
def test_the_pace_is_that_of_the_papers(pace, start, full_at):
    found = [share(t, full_at, start, pace) for t in range(2 * full_at)]
    assert found == pytest.approx([competence(t, full_at, start, pace) for t in range(2 * full_at)], rel=1e-12)
    assert found == sorted(found)
    assert found[0] == pytest.approx(start) and found[full_at] == 1


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_each_epoch_has_the_easiest_once_each(pace, count):
    difficulty = torch.randn(count, generator=torch.Generator().manual_seed(count))
    sampler = CurriculumSampler(difficulty, 5, 0.3, pace)
    easiest_first = sorted(range(count), key=lambda index: difficulty[index].item())
    for epoch in range(8):
        sampler.set_epoch(epoch)
        size = max(1, round(competence(epoch, 5, 0.3, pace) * count))
        assert len(sampler) == size
        assert sorted(sampler) == sorted(easiest_first[:size])


def test_ranks_count_and_not_values_and_ties_go_by_place():
    for difficulty in ([3.0, 1.0, 2.0, 1e9, 0.0], [30, 11, 29, 31, 10], torch.tensor([3, 1, 2, 9, 0])):
        assert sorted(CurriculumSampler(difficulty, 4, 0.6)) == [1, 2, 4]
    assert sorted(CurriculumSampler([1.0] * 10, 4, 0.3)) == [0, 1, 2]
    assert sorted(CurriculumSampler([math.inf, 0.0, -math.inf], 4, 0.34)) == [2]


def test_the_order_is_random_that_of_seed_and_epoch_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    one, two = (CurriculumSampler(torch.arange(200.0), 3, 0.5, seed=4) for _ in range(2))
    other = CurriculumSampler(torch.arange(200.0), 3, 0.5, seed=5)
    orders = []
    for epoch in (3, 4):
        for each in (one, two, other):
            each.set_epoch(epoch)
        assert list(one) == list(one) == list(two) != list(other)
        orders.append(list(one))
    assert orders[0] != orders[1]
    assert torch.equal(torch.get_rng_state(), before)
    # Every place in the order is as likely for an easy sample as for a hard one.
    places = torch.zeros(200)
    for epoch in range(300, 700):
        one.set_epoch(epoch)
        places[torch.tensor(list(one))] += torch.arange(200.0)
    assert abs(torch.corrcoef(torch.stack([places, torch.arange(200.0)]))[0, 1]) < 0.3


def test_with_a_loader_and_going_on_in_the_middle():
    data = TensorDataset(torch.arange(40), torch.arange(40) * 2)
    difficulty = (torch.arange(40.0) - 20).abs()

    def epochs(loader, sampler, wanted):
        seen = []
        for epoch in wanted:
            sampler.set_epoch(epoch)
            seen.append([x.tolist() for x, _ in loader])
            assert sum(map(len, seen[-1])) == len(sampler)
        return seen

    whole, resumed = (CurriculumSampler(difficulty, 4, 0.25, seed=1) for _ in range(2))
    loaders = [DataLoader(data, batch_size=8, sampler=each) for each in (whole, resumed)]
    assert epochs(loaders[0], whole, range(6))[3:] == epochs(loaders[1], resumed, range(3, 6))


def deepspeed(step, total, least, most, multiple):
    """`fixed_linear` of DeepSpeed's curriculum scheduler, from its tutorial: floor, then down to a multiple, then at most the maximum."""
    length = math.floor(step / total * (most - least) + least)
    return min(length - length % multiple, most)


@pytest.mark.parametrize(("total", "least", "most", "multiple"), [(10, 8, 64, 8), (100, 64, 512, 8), (7, 16, 128, 16), (50, 8, 1024, 4)])
def test_lengths_are_deepspeed_s(total, least, most, multiple):
    for step in range(2 * total):
        expected = deepspeed(min(step, total), total, least, most, multiple)
        assert length_curriculum(step, total, least, most, multiple=multiple) == expected, step


@pytest.mark.parametrize("pace", PACES)
def test_lengths_grow_from_the_shortest_to_the_longest(pace):
    for shortest, longest, multiple in ((1, 1, 1), (3, 64, 8), (64, 512, 8), (10, 11, 8), (5, 99, 1)):
        found = [length_curriculum(step, 20, shortest, longest, pace, multiple) for step in range(30)]
        assert found[0] == shortest and set(found[20:]) == {longest} and found == sorted(found)
        assert all(each % multiple == 0 or each in (shortest, longest) for each in found)
    bert = [length_curriculum(step, 90, 128, 512, "step") for step in range(100)]
    assert (bert.count(128), bert.count(512)) == (90, 10)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"difficulty": []}, r"difficulty must be one number for each sample, got shape \(0,\)"),
        ({"difficulty": [[1.0], [2.0]]}, r"got shape \(2, 1\)"),
        ({"difficulty": [1.0, math.nan]}, "no nan"),
        ({"full_at": 0}, "full_at must be >= 1, got 0"),
        ({"start": 0.0}, r"start must be in \(0, 1\], got 0.0"),
        ({"start": 1.1}, "got 1.1"),
        ({"pacing": "cubic"}, "pacing must be one of linear, root, step, got 'cubic'"),
    ],
    ids=str,
)
def test_what_can_t_be_used_is_said(wrong, says):
    with pytest.raises(ValueError, match=says):
        CurriculumSampler(**{"difficulty": [1.0, 2.0], "full_at": 2, **wrong})


def test_epochs_and_lengths_have_bounds():
    with pytest.raises(ValueError, match="epoch must be >= 0, got -1"):
        CurriculumSampler([1.0], 2).set_epoch(-1)
    for wrong in ((0, 5, 0, 8), (0, 5, 9, 8), (-1, 5, 1, 8)):
        with pytest.raises(ValueError, match="lengths must be 1 <= shortest <= longest, got"):
            length_curriculum(*wrong)
    with pytest.raises(ValueError, match="full_at must be >= 1"):
        length_curriculum(0, 0, 8, 64)
    with pytest.raises(ValueError, match="multiples of 0"):
        length_curriculum(0, 5, 8, 64, multiple=0)
