"""Making MediaPipe Tasks bundles out of the bare networks of an older wheel: metadata, joined outputs, a fixed search.

A `.task` file is an uncompressed zip of `.tflite` files with fixed names. The Tasks insist on metadata that bare
networks lack, and want the face network's six coordinate outputs as one.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np

# Points of the face mesh that the attention network refines, in the order of its outputs
# (MediaPipe's graph face_landmarks_from_pose / tfjs-models, face-landmarks-detection constants).
LIPS = """
    61 146 91 181 84 17 314 405 321 375 291 185 40 39 37 0 267 269 270 409 78 95 88 178 87 14 317 402 318 324 308 191
    80 81 82 13 312 311 310 415 76 77 90 180 85 16 315 404 320 307 306 184 74 73 72 11 302 303 304 408 62 96 89 179
    86 15 316 403 319 325 292 183 42 41 38 12 268 271 272 407
"""
LEFT_EYE = """
    33 7 163 144 145 153 154 155 133 246 161 160 159 158 157 173 130 25 110 24 23 22 26 112 243 247 30 29 27 28 56 190
    226 31 228 229 230 231 232 233 244 113 225 224 223 222 221 189 35 124 46 53 52 65 143 111 117 118 119 120 121 128
    245 156 70 63 105 66 107 55 193
"""
RIGHT_EYE = """
    263 249 390 373 374 380 381 382 362 466 388 387 386 385 384 398 359 255 339 254 253 252 256 341 463 467 260 259
    257 258 286 414 446 261 448 449 450 451 452 453 464 342 445 444 443 442 441 413 265 353 276 283 282 295 372 340
    346 347 348 349 350 357 465 383 300 293 334 296 336 285 417
"""
LEFT_IRIS = "468 469 470 471 472"
RIGHT_IRIS = "473 474 475 476 477"
MESH_POINTS, POINTS = 468, 478
# Mesh points above the pupils: the iris outputs have no depth of their own and take theirs.
IRIS_DEPTH = {"output_left_iris": 159, "output_right_iris": 386}
REFINED = {
    "output_lips": LIPS,
    "output_left_eye": LEFT_EYE,
    "output_right_eye": RIGHT_EYE,
    "output_left_iris": LEFT_IRIS,
    "output_right_iris": RIGHT_IRIS,
}

MARK = b"TFL3"  # bytes 4 to 8 of every .tflite file
# How the networks want pixels scaled: (pixel - mean) / deviation. Detectors see -1..1, the others 0..1.
SIGNED = (127.5, 127.5)
UNSIGNED = (0.0, 255.0)

# MediaPipe's hand search: anchors of strides 8 and 16 on 192 pixels, and how it makes a hand's square of a palm's box:
# 2.6 times as large, moved by half the box toward the fingers (hand_detector_graph.cc).
PALM_PIXELS, PALM_ANCHORS = 192, 2016
PALM_TO_HAND, PALM_SHIFT = 2.6, 0.5
# Its search for people: anchors of strides 8, 16 and three times 32 on 224 pixels; half the side of a body's square is
# 1.25 times the way from the middle of the hips to the circle about the body (pose_detector_graph.cc).
BODY_PIXELS, BODY_ANCHORS = 224, 2254
BODY_TO_SQUARE = 1.25
SURE, NEVER = 20.0, -20.0  # scores before the sigmoid


def bundle(parts: dict[str, bytes]) -> bytes:
    """A Tasks bundle, the same bytes for the same parts.

    parts: {name inside: file}.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return file.getvalue()


def with_normalisation(network: bytes, scaling: tuple[float, float]) -> bytes:
    """A network with the metadata that says how its input picture is scaled.

    network: a .tflite file. scaling: SIGNED or UNSIGNED.
    """
    model = _unpacked(network)
    _add_metadata(model, scaling)
    return _packed(model)


def with_joined_face(network: bytes) -> bytes:
    """The attention face network with its six coordinate outputs joined to one of 478 points, as the Tasks want it.

    network: face_landmark_with_attention.tflite.
    Two operators are added: a concatenation of all outputs, then a gathering of 1434 of their numbers.
    """
    schema = _module("schema_py_generated")

    model = _unpacked(network)
    graph = model.subgraphs[0]
    outputs = {graph.tensors[k].name.decode(): k for k in graph.outputs}
    mesh = next(name for name in outputs if "mesh" in name)
    flag = next(name for name in outputs if name.endswith("faceflag"))
    order = [mesh, *REFINED]
    counts = [int(np.prod(graph.tensors[outputs[name]].shape)) for name in order]

    joined = _add_tensor(model, "joined", [1, 1, 1, sum(counts)])
    indices = _add_tensor(model, "indices", [POINTS * 3], _face_indices(counts))
    landmarks = _add_tensor(model, "landmarks", [1, 1, 1, POINTS * 3])
    concatenation, gather = schema.ConcatenationOptionsT(), schema.GatherOptionsT()
    concatenation.axis = gather.axis = 3
    operators, kinds = schema.BuiltinOperator, schema.BuiltinOptions
    _add_operator(model, operators.CONCATENATION, kinds.ConcatenationOptions, concatenation,
                  [outputs[name] for name in order], joined)  # fmt: skip
    _add_operator(model, operators.GATHER, kinds.GatherOptions, gather, [joined, indices], landmarks)
    graph.outputs = np.array([landmarks, outputs[flag]], np.int32)
    model.signatureDefs = []
    _add_metadata(model, UNSIGNED)
    return _packed(model)


def centred_palm(detector: bytes) -> bytes:
    """A hand search that does not search: it always answers that one palm fills the picture's middle, fingers up.

    With it the hand network looks at a piece that was cut where the hand is known to be, without the palm network,
    which costs more than the hand network itself and fails on blurred or edge-on hands.

    detector: palm_detection_full.tflite, whose inputs and outputs are kept and whose weights are dropped.
    """
    anchor, middle = _middle_anchor(PALM_PIXELS)
    boxes, scores = np.zeros((PALM_ANCHORS, 18), np.float32), np.full((PALM_ANCHORS, 1), NEVER, np.float32)
    boxes[anchor], scores[anchor] = _palm(middle), SURE
    return _always(detector, boxes, scores)


def centred_body(detector: bytes) -> bytes:
    """A search for people that does not search: it always answers that one body fills the picture, head up.

    With it the pose network looks at a piece that was cut where a person is known to be, where the search, which sees
    the whole picture in 224 pixels, finds him not, or somebody else.

    detector: pose_detection.tflite, whose inputs and outputs are kept and whose weights are dropped.
    """
    anchor, middle = _middle_anchor(BODY_PIXELS)
    boxes, scores = np.zeros((BODY_ANCHORS, 12), np.float32), np.full((BODY_ANCHORS, 1), NEVER, np.float32)
    boxes[anchor], scores[anchor] = _whole_body(middle), SURE
    return _always(detector, boxes, scores)


def _always(detector: bytes, boxes: np.ndarray, scores: np.ndarray) -> bytes:
    """A search network with the same answer to every picture. boxes: (A, N). scores: (A, 1) before the sigmoid."""
    model = _unpacked(detector)
    graph = model.subgraphs[0]
    answers = {boxes.shape[1]: boxes, 1: scores}
    outputs = []
    for tensor in [graph.tensors[k] for k in graph.outputs]:
        shape = [int(n) for n in tensor.shape]
        outputs.append(_add_tensor(model, tensor.name.decode(), shape, answers[shape[-1]]))
    _keep_tensors(model, [*graph.inputs, *outputs])
    return _packed(model)


def _whole_body(middle: np.ndarray) -> np.ndarray:
    """(12,) what the search says of a body whose square fills the picture: box, then four points, px off `middle`.

    middle: (2,) px, of the anchor that says it.
    """
    centre, radius = np.full(2, BODY_PIXELS / 2), BODY_PIXELS / 2 / BODY_TO_SQUARE
    points = np.tile(centre, (4, 1))
    points[1] = centre - [0, radius]  # this one and the middle of the hips give size and direction
    return np.concatenate([centre - middle, [radius, radius], (points - middle).ravel()]).astype(np.float32)


def _palm(middle: np.ndarray) -> np.ndarray:
    """(18,) what the palm network says of a palm whose hand fills the picture: box, then seven points, px off `middle`.

    middle: (2,) px, of the anchor that says it.
    """
    side = PALM_PIXELS / PALM_TO_HAND
    centre = np.array([PALM_PIXELS / 2, PALM_PIXELS / 2 + PALM_SHIFT * side])
    wrist, knuckle = centre + [0, side / 2], centre - [0, side / 2]
    points = np.tile(centre, (7, 1))
    points[0], points[2] = wrist, knuckle  # these two give the direction of the fingers
    return np.concatenate([centre - middle, [side, side], (points - middle).ravel()]).astype(np.float32)


def _middle_anchor(pixels: int) -> tuple[int, np.ndarray]:
    """(index, centre px) of an anchor near the middle of the first layer: stride 8, two anchors a cell.

    pixels: the side of the picture that the network sees.
    """
    cells = pixels // 8
    row = column = cells // 2
    return (row * cells + column) * 2, np.array([(column + 0.5) * 8, (row + 0.5) * 8])


def _face_indices(counts: list[int]) -> np.ndarray:
    """(1434,) which of the joined numbers are x, y, z of each point.

    counts: how many numbers each output has; the mesh (x, y, z) first, then REFINED's (x, y).
    """
    source = np.zeros((POINTS, 3), np.int32)
    source[:MESH_POINTS] = np.arange(MESH_POINTS * 3).reshape(-1, 3)
    begins = np.cumsum(counts)
    for begin, (name, words) in zip(begins, REFINED.items(), strict=False):
        points = np.array(words.split(), int)
        source[points, :2] = begin + np.arange(len(points) * 2).reshape(-1, 2)
        if name in IRIS_DEPTH:
            source[points, 2] = IRIS_DEPTH[name] * 3 + 2
    return source.ravel()


@functools.cache
def _module(name: str):
    """A file of MediaPipe's metadata folder by itself: the package would load what draws, which need not be there."""
    home = Path(importlib.util.find_spec("mediapipe").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location(name, home / "tasks" / "metadata" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _unpacked(network: bytes):
    schema = _module("schema_py_generated")
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(network, 0))


def _packed(model) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), MARK)
    return bytes(builder.Output())


def _add_metadata(model, scaling: tuple[float, float]) -> None:
    import flatbuffers
    words = _module("metadata_schema_py_generated")
    schema = _module("schema_py_generated")

    options = words.NormalizationOptionsT()
    options.mean, options.std = [scaling[0]], [scaling[1]]
    unit = words.ProcessUnitT()
    unit.optionsType, unit.options = words.ProcessUnitOptions.NormalizationOptions, options
    picture = words.TensorMetadataT()
    picture.name, picture.processUnits = "image", [unit]
    graph = words.SubGraphMetadataT()
    graph.inputTensorMetadata = [picture]
    graph.outputTensorMetadata = [words.TensorMetadataT() for _ in model.subgraphs[0].outputs]
    whole = words.ModelMetadataT()
    whole.subgraphMetadata = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"M001")

    entry = schema.MetadataT()
    entry.name, entry.buffer = b"TFLITE_METADATA", _add_buffer(model, bytes(builder.Output()))
    model.metadata = [m for m in model.metadata or [] if m.name != b"TFLITE_METADATA"] + [entry]


def _add_buffer(model, content: bytes) -> int:
    schema = _module("schema_py_generated")

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def _add_tensor(model, name: str, shape: list[int], numbers: np.ndarray | None = None) -> int:
    """Index of a new tensor: of constant `numbers`, else to be computed (float32)."""
    schema = _module("schema_py_generated")

    tensor = schema.TensorT()
    tensor.name, tensor.shape = name.encode(), np.array(shape, np.int32)
    whole = numbers is not None and numbers.dtype.kind == "i"
    tensor.type = schema.TensorType.INT32 if whole else schema.TensorType.FLOAT32
    tensor.buffer = 0 if numbers is None else _add_buffer(model, numbers.tobytes())  # 0: the empty buffer
    tensors = model.subgraphs[0].tensors
    tensors.append(tensor)
    return len(tensors) - 1


def _add_operator(model, builtin: int, options_kind: int, options, inputs: list[int], output: int) -> None:
    schema = _module("schema_py_generated")

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = 1
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
    operator.builtinOptionsType, operator.builtinOptions = options_kind, options
    model.subgraphs[0].operators.append(operator)


def _keep_tensors(model, kept: list[int]) -> None:
    """Strip a model of its operators and of all tensors but an input and constant outputs.

    kept: indices of the tensors to be kept, the input first.
    """
    schema = _module("schema_py_generated")

    graph = model.subgraphs[0]
    for tensor in (tensor for k, tensor in enumerate(graph.tensors) if k not in kept):
        model.buffers[tensor.buffer] = schema.BufferT()
    graph.tensors = [graph.tensors[k] for k in kept]
    graph.inputs, graph.outputs = np.arange(1, dtype=np.int32), np.arange(1, len(kept), dtype=np.int32)
    graph.operators, model.operatorCodes, model.signatureDefs = [], [], []
