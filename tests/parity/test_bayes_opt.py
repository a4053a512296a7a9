"""Bayesian optimisation against scikit-learn's Gaussian process, against expected improvement by integration, and against its promises."""

import itertools
import math
import warnings

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from studykit.automl._kernels import BOUNDS, safe_cholesky
from studykit.automl._objectives import branin, categories, descent, hartmann, rugged, training
from studykit.automl._space import Space
from studykit.automl.bayes_opt import BayesianOptimizer, GaussianProcess, expected_improvement


def data(n=12, d=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((n, d))
    return x, np.sin(5 * x[:, 0]) + 3 * x[:, 1 % d] ** 2 + 0.1 * rng.standard_normal(n) + 7, rng.random((40, d))


def oracle(kernel, lengthscale, scale, noise, normalize, fixed=True):
    bounds = ["fixed"] * 3 if fixed else BOUNDS
    shape = RBF(lengthscale, bounds[0]) if kernel == "rbf" else Matern(lengthscale, bounds[0], nu=2.5)
    whole = ConstantKernel(scale, bounds[1]) * shape
    whole = whole if fixed else whole + WhiteKernel(noise, bounds[2])
    more = {"optimizer": None} if fixed else {"n_restarts_optimizer": 8, "random_state": 0}
    return GaussianProcessRegressor(whole, alpha=noise if fixed else 1e-12, normalize_y=normalize, **more)


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("lengthscale", [0.4, [0.2, 0.7, 3.0]])
@pytest.mark.parametrize(("scale", "noise"), [(1.0, 1e-2), (2.5, 1e-6)])
def test_the_process_is_scikit_learns(kernel, normalize, lengthscale, scale, noise):
    x, y, new = data()
    ours = GaussianProcess(kernel, lengthscale=lengthscale, scale=scale, noise=noise, normalize=normalize).fit(x, y)
    theirs = oracle(kernel, lengthscale, scale, noise, normalize).fit(x, y)
    mean, std = ours.predict(new)
    expected = theirs.predict(new, return_std=True)
    np.testing.assert_allclose(mean, expected[0], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(std, expected[1], rtol=1e-6, atol=1e-8)
    assert ours.log_likelihood == pytest.approx(theirs.log_marginal_likelihood_value_, rel=1e-8, abs=1e-8)
    assert mean.dtype == std.dtype == torch.float64


@pytest.mark.parametrize(("n", "d"), [(1, 1), (2, 1), (30, 6)])
def test_the_process_with_few_and_many_points(n, d):
    x, _, new = data(n, d)
    y = x.sum(1)
    ours = GaussianProcess(lengthscale=0.5, scale=1.0, noise=1e-3, normalize=False).fit(x, y)
    expected = oracle("matern52", 0.5, 1.0, 1e-3, False).fit(x, y).predict(new, return_std=True)
    for one, other in zip(ours.predict(new), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
def test_what_is_learned_is_as_likely_as_what_scikit_learn_finds(kernel):
    for seed in range(3):
        x, y, _ = data(20, 2, seed=seed) if seed else data(20, 3)
        y = y if seed else y + 2 * x[:, -1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a bound is where some of these end
            theirs = oracle(kernel, [0.5] * x.shape[1], 1.0, 1e-2, True, fixed=False).fit(x, y)
        ours = GaussianProcess(kernel, restarts=4).fit(x, y)
        assert ours.log_likelihood > theirs.log_marginal_likelihood_value_ - 0.02
        again = GaussianProcess(kernel, restarts=4).fit(x, y)
        assert torch.equal(again.lengthscale, ours.lengthscale) and again.noise == ours.noise


def test_what_is_given_is_held_and_the_rest_is_learned():
    x, y, _ = data()
    ours = GaussianProcess(noise=1e-4).fit(x, y)
    assert ours.noise == pytest.approx(1e-4)
    assert all(BOUNDS[0][0] <= each <= BOUNDS[0][1] for each in ours.lengthscale.tolist())
    assert ours.lengthscale.shape == (3,) and ours.lengthscale[2] > 2 * ours.lengthscale[0]  # the third does nothing


def test_a_covariance_that_rounding_spoils_gets_as_little_jitter_as_will_do():
    x = torch.linspace(0, 1, 40, dtype=torch.float64)[:, None]
    flat = torch.exp(-0.5 * (x - x.T).square() / 9)
    assert torch.linalg.cholesky_ex(flat)[1] > 0
    factor = safe_cholesky(flat)
    assert (factor @ factor.T - flat).abs().max() < 1e-6
    good = torch.eye(3, dtype=torch.float64) * 2
    assert torch.equal(safe_cholesky(good), torch.linalg.cholesky(good))
    with pytest.raises(ValueError, match="positive definite"):
        safe_cholesky(-good)
    same = np.repeat([[0.3, 0.4]], 6, 0)
    process = GaussianProcess(lengthscale=1.0, scale=1.0, noise=1e-14).fit(same, np.arange(6.0))
    assert all(each.isfinite().all() for each in process.predict(same))


@pytest.mark.parametrize("mean", [-2.0, 0.3, 0.5, 1.7, 4.0])
@pytest.mark.parametrize("std", [0.05, 0.7, 3.0])
def test_expected_improvement_is_the_integral(mean, std):
    best = 0.5
    low = min(best, mean) - 12 * std
    cuts = sorted({min(max(mean, low), best)} - {low, best})
    expected = quad(lambda f: (best - f) * norm.pdf(f, mean, std), low, best, points=cuts or None, epsabs=1e-14)[0]
    assert expected_improvement(mean, std, best) == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_expected_improvement_is_accurate_far_below_and_never_negative():
    # E = std * phi(z) * (1/z² - 3/z⁴ + 15/z⁶ - ...), Abramowitz & Stegun 26.2.12
    for z in (20.0, 30.0):
        series = 1 / z**2 - 3 / z**4 + 15 / z**6 - 105 / z**8 + 945 / z**10
        expected = 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * series
        assert expected_improvement(2 * z, 2.0, 0.0) == pytest.approx(expected, rel=1e-6)
    mean = torch.linspace(-50, 50, 20001, dtype=torch.float64)
    found = expected_improvement(mean, 1.0, 0.0)
    assert (found >= 0).all() and (found.diff() <= 0).all()
    assert (found >= (-mean).clamp_min(0) - 1e-12).all()


def test_expected_improvement_without_uncertainty():
    assert [expected_improvement(m, 0.0, 1.0) for m in (0.25, 1.0, 3.0)] == [0.75, 0.0, 0.0]
    for std in (1e-3, 1e-8, 1e-200):
        assert expected_improvement(0.25, std, 1.0) == pytest.approx(0.75)
        assert expected_improvement(1.0, std, 1.0) == pytest.approx(std / math.sqrt(2 * math.pi))


def test_the_callers_kind_and_dtype_come_out():
    assert type(expected_improvement(0.0, 1.0, 1)) is float
    for dtype in (np.float32, np.float64):
        array = expected_improvement(np.zeros((2, 3), dtype), np.ones(3, dtype), 0.5)
        assert isinstance(array, np.ndarray) and array.dtype == dtype and array.shape == (2, 3)
    for dtype in (torch.float16, torch.float32, torch.float64):
        tensor = expected_improvement(torch.zeros(2, 1, dtype=dtype), torch.ones(3, dtype=dtype), 0.5)
        assert tensor.dtype == dtype and tensor.shape == (2, 3)
    assert expected_improvement(torch.zeros(2, dtype=torch.long), 1.0, 0.5).dtype == torch.float64
    big = expected_improvement(20000.0002, 1e-3, 20000.0)
    assert big == pytest.approx(expected_improvement(0.0002, 1e-3, 0.0), rel=1e-6)


def test_gradients_are_minus_cdf_and_pdf():
    mean = torch.tensor([-1.0, 0.0, 0.4, 3.0, 12.0, 0.2], dtype=torch.float64, requires_grad=True)
    std = torch.tensor([0.5, 1.0, 2.0, 0.7, 1.0, 0.0], dtype=torch.float64, requires_grad=True)
    expected_improvement(mean, std, 0.5).sum().backward()
    z = ((0.5 - mean) / std).detach().numpy()[:5]
    np.testing.assert_allclose(mean.grad[:5], -norm.cdf(z), rtol=1e-8)
    np.testing.assert_allclose(std.grad[:5], norm.pdf(z), rtol=1e-8)
    assert mean.grad[5] == -1 and std.grad.isfinite().all()
    assert torch.autograd.gradcheck(lambda m, s: expected_improvement(m, s, 0.5), (mean[:4].detach().requires_grad_(), std[:4].detach().requires_grad_()))


SPACE = {"lr": (1e-5, 1e-1, "log"), "wd": (0.0, 0.5), "layers": (1, 6), "width": (8, 512, "log"), "act": ["relu", "gelu", None]}


def test_settings_go_into_the_cube_and_back():
    space = Space(SPACE)
    assert space.columns == 7
    points = torch.rand(500, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    snapped = space.snap(points)
    assert ((snapped >= 0) & (snapped <= 1)).all()
    seen = []
    for point in snapped:
        setting = space.decode(point)
        seen.append(setting)
        torch.testing.assert_close(space.encode(setting), point, atol=1e-12, rtol=0)
        assert 1e-5 <= setting["lr"] <= 1e-1 and 0 <= setting["wd"] <= 0.5
        assert type(setting["layers"]) is type(setting["width"]) is int
    assert {each["layers"] for each in seen} == set(range(1, 7))
    assert {each["act"] for each in seen} == {"relu", "gelu", None}
    counts = [sum(each["layers"] == n for each in seen) for n in (1, 6)]
    assert min(counts) > 50, "the ends are as frequent as the others"
    assert np.median([each["lr"] for each in seen]) == pytest.approx(1e-3, rel=0.5)
    corners = [space.decode(space.snap(torch.full((1, 7), end, dtype=torch.float64))[0]) for end in (0.0, 1.0)]
    assert [(each["layers"], each["width"]) for each in corners] == [(1, 8), (6, 512)]


def test_the_optimizer_resumes_from_what_it_kept_and_depends_on_its_seed_alone():
    target = branin(0)

    def carried_on(optimizer, trials):
        for _ in range(trials):
            setting = optimizer.suggest()
            optimizer.observe(setting, target.value(setting))
        return [setting for setting, _ in optimizer.trials]

    before = torch.get_rng_state()
    whole = carried_on(BayesianOptimizer(target.space, seed=3), 10)
    assert torch.equal(torch.get_rng_state(), before)
    half = BayesianOptimizer(target.space, seed=3)
    carried_on(half, 7)
    state = half.state_dict()
    carried_on(half, 1)
    resumed = BayesianOptimizer(target.space, seed=3)
    resumed.load_state_dict(state)
    assert len(resumed.trials) == 7
    assert carried_on(resumed, 3) == whole
    assert BayesianOptimizer(target.space, seed=4).suggest() != whole[0]
    assert half.suggest() == half.suggest()


def test_the_optimizer_finds_the_minimum_of_a_bowl_and_asks_for_nothing_twice():
    optimizer = BayesianOptimizer({"x": (-3.0, 3.0), "n": (0, 5), "c": ["a", "b"]}, seed=1)
    for _ in range(22):
        setting = optimizer.suggest()
        optimizer.observe(setting, (setting["x"] - 1.3) ** 2 + (setting["n"] - 2) ** 2 + (setting["c"] == "b"))
    setting, value = optimizer.best
    assert value < 0.02 and (setting["n"], setting["c"]) == (2, "a")
    few = BayesianOptimizer({"n": (1, 3), "c": ["a", "b"]}, initial=2)
    for _ in range(8):
        setting = few.suggest()
        few.observe(setting, setting["n"])
    asked = [tuple(setting.values()) for setting, _ in few.trials]
    assert len(set(asked)) == 6, "within eight trials all six are met"
    assert few.suggest()["n"] in (1, 2, 3)  # all are known by now, and it still answers


def test_the_suggestion_has_the_greatest_expected_improvement_on_a_line():
    optimizer = BayesianOptimizer({"x": (0.0, 1.0)}, initial=4, seed=2)
    for x in (0.1, 0.35, 0.6, 0.9):
        optimizer.observe({"x": x}, math.sin(6 * x))
    x = optimizer.suggest()["x"]
    grid = torch.linspace(0, 1, 2001, dtype=torch.float64)[:, None]
    known = torch.tensor([[0.1], [0.35], [0.6], [0.9]], dtype=torch.float64)
    best = optimizer.model.predict(known)[0].min()
    gains = expected_improvement(*optimizer.model.predict(grid), best)
    at = expected_improvement(*optimizer.model.predict(torch.tensor([[x]])), best)
    assert at.item() > 0.99 * gains.max().item()


def test_the_objectives_have_the_minima_that_are_counted_from():
    assert branin(0).value({"a": math.pi, "b": 2.275}) == pytest.approx(0.397887, abs=1e-5)
    assert hartmann(0).value({"a": 0.114614, "b": 0.555649, "c": 0.852547}) == pytest.approx(-3.86278, abs=1e-5)
    assert rugged(0).value({f"x{n}": 0.0 for n in range(10)}) == 0
    letters = categories(5)
    every = itertools.product("abcd", repeat=6)
    assert min(letters.regret(dict(zip(letters.space, each, strict=True))) for each in every) == pytest.approx(0, abs=1e-6)
    for target in (branin(0), hartmann(0), rugged(0)):
        space = Space(target.space)
        points = torch.rand(8000, space.columns, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        values = torch.tensor([target.value(space.decode(point)) for point in points], dtype=torch.float64)
        assert values.mean().item() == pytest.approx(target.typical, rel=0.05)
        assert values.min().item() >= target.lowest - 1e-6
        if target.noise:
            assert values.std().item() == pytest.approx(target.noise, rel=0.05)


def test_the_closed_form_is_gradient_descent():
    rng = torch.Generator().manual_seed(0)
    x, y, held_x, held_y = (torch.randn(*shape, generator=rng, dtype=torch.float64) for shape in ((9, 4), (9, 2), (5, 4), (5, 2)))
    target = training(descent(x, y, held_x, held_y), steps=30)
    at = {"lr": 0.8, "weight_decay": 0.05}
    top = torch.linalg.svdvals(x)[0] ** 2
    w = torch.zeros(4, 2, dtype=torch.float64)
    for _ in range(30):
        w = w - at["lr"] * (x.T @ (x @ w - y) / top + at["weight_decay"] * w)
    assert target.value(at) == pytest.approx((held_x @ w - held_y).square().mean().log().item(), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: expected_improvement(0.0, -1.0, 0.0), "std must be >= 0, got -1"),
        (lambda: GaussianProcess("linear"), "kernel must be one of matern52, rbf"),
        (lambda: GaussianProcess(noise=0.0), "noise must be > 0, got 0.0"),
        (lambda: GaussianProcess(lengthscale=[1.0, -1.0]), "lengthscale must be > 0"),
        (lambda: GaussianProcess(lengthscale=[1.0, 2.0]).fit([[0.0], [1.0]], [1.0, 2.0]), "1 number or 1, one for each dimension, got 2"),
        (lambda: GaussianProcess(restarts=0), "restarts must be >= 1, got 0"),
        (lambda: GaussianProcess().fit([[0.0], [1.0]], [1.0]), "x must be"),
        (lambda: GaussianProcess().fit([[0.0], [1.0]], [1.0, math.nan]), "all finite"),
        (lambda: GaussianProcess(noise=0.1).fit([[0.0], [1.0]], [1.0, 2.0]).predict([[0.0, 1.0]]), r"x must be \(m, 1\)"),
        (lambda: BayesianOptimizer({}), "at least 1 parameter"),
        (lambda: BayesianOptimizer({"x": 3}), "a tuple of bounds or a list of choices"),
        (lambda: BayesianOptimizer({"x": (1.0, 0.0)}), "low < high"),
        (lambda: BayesianOptimizer({"x": (0.0, 1.0, "log")}), "low > 0 on a logarithmic scale"),
        (lambda: BayesianOptimizer({"x": (0.1, 1.0, "exp")}), "log"),
        (lambda: BayesianOptimizer({"x": ["a", "a"]}), "different choices"),
        (lambda: BayesianOptimizer({"x": (0.0, 1.0)}, initial=0), "initial must be >= 1, got 0"),
        (lambda: BayesianOptimizer({"x": (0.0, 1.0)}).observe({"x": 0.5}, math.nan), "value must be finite, got nan"),
        (lambda: BayesianOptimizer({"x": (0.0, 1.0)}).observe({"x": 1.5}, 0.0), "x must be a number from 0.0 to 1.0, got 1.5"),
        (lambda: BayesianOptimizer({"x": (0, 4)}).observe({"x": 1.5}, 0.0), "x must be a whole number from 0 to 4, got 1.5"),
        (lambda: BayesianOptimizer({"x": ["a", "b"]}).observe({"x": "c"}, 0.0), "x must be one of"),
        (lambda: BayesianOptimizer({"x": (0, 4)}).observe({"y": 1}, 0.0), "must have the names"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_value_bound_and_remedy(call, told):
    with pytest.raises(ValueError, match=told):
        call()
