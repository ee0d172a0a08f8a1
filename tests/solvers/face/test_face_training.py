"""What the face's weights are learned from: mixtures of expressions, and networks."""

import numpy as np
from understudy.solvers.names import EXPRESSION, EXPRESSIONS, mirrored
from understudy.training import face_nets
from understudy.training.face_parts import ridge
from understudy.training.mixtures import alone, mixtures, performed


def test_single_expressions_are_single():
    """Every face of `alone` shows one of the named expressions, all of them equally often, strongly enough to see."""
    names = ["jawOpen", "mouthLeft", "browDownRight"]
    shown = alone(30, names, np.random.default_rng(0))
    assert ((shown > 0).sum(1) == 1).all()
    assert all((shown[:, EXPRESSION[name]] > 0).sum() == 10 for name in names)
    assert shown.max(1).min() >= 0.3


def test_live_faces_show_more_at_once_than_plausible_mixtures():
    """Both are weights within 0 and 1; live ones have more shapes at once, and sides that go together."""
    random = np.random.default_rng(1)
    live, plain = performed(2000, random), mixtures(2000, random)
    for values in (live, plain):
        assert values.min() >= 0
        assert values.max() <= 1
    assert (live > 0.05).sum(1).mean() > 1.5 * (plain > 0.05).sum(1).mean()
    both = [np.corrcoef(live[:, k], live[:, EXPRESSION[mirrored(n)]])[0, 1] for k, n in enumerate(EXPRESSIONS)]
    assert min(both[EXPRESSION[n]] for n in ("mouthSmileLeft", "browOuterUpLeft", "mouthLowerDownLeft")) > 0.8


def test_gradients_are_those_of_the_loss():
    """A small step along one weight changes the squared error as its gradient says."""
    random = np.random.default_rng(2)
    sizes = [5, 7, 6, 3]
    matrices = [random.normal(size=shape) for shape in zip(sizes[:-1], sizes[1:], strict=True)]
    net = face_nets.Net(np.eye(5), matrices, [random.normal(size=n) for n in sizes[1:]])
    inputs, target = random.normal(size=(4, 5)), random.normal(size=(4, 3))
    layers = face_nets.forward(net, inputs)
    slopes = face_nets.gradients(net, layers, 2 * (layers[-1] - target))
    loss = lambda: ((face_nets.forward(net, inputs)[-1] - target) ** 2).sum()  # noqa: E731
    for value, slope in zip([*net.matrices, *net.offsets], slopes, strict=True):
        before, place = loss(), (0,) * value.ndim
        value[place] += 1e-6
        assert np.isclose((loss() - before) / 1e-6, slope[place], rtol=1e-3, atol=1e-3)
        value[place] -= 1e-6


def test_a_map_finds_what_is_there_and_leaves_out_what_is_unknown():
    """Targets that are linear in the features are found again, also where some rows do not know one of them."""
    random = np.random.default_rng(3)
    features, truth = random.normal(size=(400, 6)), random.normal(size=(6, 2))
    targets, known = features @ truth, np.ones((400, 2), bool)
    known[:200, 1], targets[:200, 1] = False, 100.0
    assert np.allclose(ridge(features, targets, known, 1e-6), truth, atol=1e-3)
