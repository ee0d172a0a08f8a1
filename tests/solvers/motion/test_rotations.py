"""Rotations agree with scipy's, and with themselves."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from understudy.solvers.motion import rotations


@pytest.fixture
def quaternions():
    return rotations.normalise(np.random.default_rng(1).normal(size=(200, 4)))


def scipy_of(q):
    return Rotation.from_quat(q[..., [1, 2, 3, 0]])


def test_products_and_matrices_are_scipys(quaternions):
    """Multiplying, turning vectors and matrices give what scipy gives."""
    a, b = quaternions[:100], quaternions[100:]
    assert np.allclose(rotations.to_matrix(rotations.multiply(a, b)), (scipy_of(a) * scipy_of(b)).as_matrix())
    assert np.allclose(rotations.rotate(a, b[:, 1:]), scipy_of(a).apply(b[:, 1:]))


@pytest.mark.parametrize("there, back", [("to_matrix", "from_matrix"), ("to_vector", "from_vector")])
def test_forms_go_there_and_back(quaternions, there, back):
    """A rotation survives its other forms."""
    again = getattr(rotations, back)(getattr(rotations, there)(quaternions))
    assert np.allclose(rotations.angle_between(again, quaternions), 0, atol=1e-6)


def test_half_turns_survive_the_matrix():
    """Half turns, where the real part vanishes, come back from a matrix."""
    half = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0.6, 0.8, 0]], float)
    assert np.allclose(rotations.angle_between(rotations.from_matrix(rotations.to_matrix(half)), half), 0, atol=1e-6)


def test_between_turns_a_onto_b(quaternions):
    """The shortest rotation carries one direction onto the other, opposite ones included."""
    a, b = quaternions[:100, 1:], quaternions[100:, 1:]
    a[0], b[0] = [1, 0, 0], [-1, 0, 0]
    turned = rotations.rotate(rotations.between(a, b), a / np.linalg.norm(a, axis=1, keepdims=True))
    assert np.allclose(turned, b / np.linalg.norm(b, axis=1, keepdims=True), atol=1e-6)


def test_continuous_never_jumps_sign(quaternions):
    """Neighbours have a positive product, and no rotation has changed."""
    smooth = rotations.continuous(quaternions)
    assert ((smooth[1:] * smooth[:-1]).sum(-1) >= 0).all()
    assert np.allclose(rotations.angle_between(smooth, quaternions), 0, atol=1e-6)


def test_resample_is_constant_speed():
    """Half-way in time is half-way in angle, and ends are held."""
    q = rotations.from_vector(np.array([[0, 0, 0], [0, 0, 1.0]]))
    got = rotations.to_vector(rotations.resample(q, np.array([0.0, 1.0]), np.array([-1.0, 0.5, 2.0])))
    assert np.allclose(got[:, 2], [0, 0.5, 1])
