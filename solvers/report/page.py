"""A report as one page of HTML that needs nothing beside it: no scripts, no fonts, no files."""

from __future__ import annotations

from html import escape

import numpy as np

from ..progress import duration
from .pictures import Drawn

PART_NAMES = {"body": "Body", "face": "Face", "left_hand": "Left hand", "right_hand": "Right hand"}
CONTACT_NAMES = {"leftHeel": "Left heel", "leftToe": "Left toe", "rightHeel": "Right heel", "rightToe": "Right toe"}
TITLES = {"jaw": "Jaw", "smile": "Smile", "blink": "Blink", "brows": "Brows"}
# Which colour of the page a curve has: anatomical left and right as in the pictures, the third for the rest.
COLOURS = {"left": "left", "right": "right", "up": "middle", "down": "right", "open": "middle"}
WIDE, HIGH = 1000, 100  # of a curve's drawing, stretched to the page
POINTS = 1200  # of a curve at most; longer ones are thinned to each piece's extremes
FINE, POOR = 0.95, 0.5  # shares of the frames above which a part counts as seen, and below which it is called lost

STYLE = """
:root { --paper: #faf9f6; --card: #fff; --ink: #24272b; --soft: #6d737b; --line: #e4e1da; --track: #eceae4;
  --left: #26a69a; --right: #ef6c4d; --middle: #c9952b; --whole: #8a97a8; --note: #fff6e0; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --card: #1e2125; --ink: #e8e6e1; --soft: #9aa1aa;
  --line: #30343a; --track: #2a2e33; --middle: #fad66e; --note: #33290f; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 3rem 1.5rem 5rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 2.8rem 0 .9rem }
p { margin: .3rem 0; max-width: 46rem } .soft, figcaption, dt, th { color: var(--soft) }
.verdict { font-size: 1.15rem; margin: 1rem 0 0 }
.card, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 0 }
.card { padding: 1rem 1.2rem } .note { background: var(--note); margin: 1.4rem 0 0 } .note ul { margin: 0 }
.row { display: grid; grid-template-columns: 7rem 1fr 3.5rem; gap: 0 1rem; align-items: center; margin: .35rem 0 }
.row b { text-align: right; font-weight: 600; font-variant-numeric: tabular-nums }
svg { display: block; width: 100% } .strip { height: 14px; border-radius: 4px; background: var(--track) }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem }
.tall { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)) }
figure { overflow: hidden } figure img { display: block; width: 100% }
figcaption { padding: .5rem .8rem; font-size: .88rem }
figcaption b { color: var(--ink) }
.curves { display: grid; gap: .9rem } .curve { display: grid; grid-template-columns: 7rem 1fr; gap: 0 1rem }
.curve svg { height: 64px; background: var(--card); border: 1px solid var(--line); border-radius: 6px }
.key { font-size: .82rem } .key i { display: inline-block; width: .8em; height: .2em; margin-right: .35em;
  vertical-align: middle } .key span { display: block; color: var(--soft) }
polyline { fill: none; stroke-width: 1.6; vector-effect: non-scaling-stroke; stroke-linejoin: round }
.grid { stroke: var(--line); vector-effect: non-scaling-stroke }
.axis { display: flex; justify-content: space-between; font-size: .8rem; color: var(--soft) }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem }
dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem 1rem; margin: 0 }
dd { margin: 0; overflow-wrap: anywhere }
details { margin-top: .8rem } summary { cursor: pointer; color: var(--soft) } code { font-size: .82rem }
""" + "".join(f".s-{name} {{ stroke: var(--{name}) }} .f-{name} {{ fill: var(--{name}); background: var(--{name}) }}\n"
              for name in ("left", "right", "middle", "whole"))  # fmt: skip


def page(facts: dict, curves: dict, drawn: Drawn) -> str:
    """The whole page.

    facts: as measures.facts gives them. curves: as measures.curves gives them. drawn: the pictures.
    """
    name = escape(facts["source"]["name"] or "Performance")
    body = "".join(
        [
            _head(facts, name),
            _coverage(facts, curves),
            _moments(facts, drawn),
            _weakest(facts, drawn),
            _expressions(facts, curves),
            _feet(facts, curves),
            _making(facts),
        ]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{name} · Understudy</title><style>{STYLE}</style>'
        f"</head>\n<body>{body}</body></html>\n"
    )


def _head(facts: dict, name: str) -> str:
    width, height = facts["source"]["size"]
    framing = {"head": "head", "bust": "head and shoulders", "waist": "half body", "full": "whole body"}
    line = " · ".join(
        [
            f"{facts['seconds']:.1f} s", f"{facts['frames']} frames", f"{width} × {height}",
            f"{float(facts['source'].get('fps') or 0):.4g} frames a second",
            framing.get(facts["framing"], facts["framing"]),
        ]
    )  # fmt: skip
    notes = "".join(f"<li>{escape(words)}</li>" for words in facts["warnings"])
    return f'<h1>{name}</h1><p class="soft">{escape(line)}</p><p class="verdict">{escape(_verdict(facts))}</p>' + (
        f'<div class="card note"><ul>{notes}</ul></div>' if notes else ""
    )


def _verdict(facts: dict) -> str:
    """One or two sentences that say how well the performer was seen."""
    share = facts["coverage"]
    names = {part: name.lower() for part, name in PART_NAMES.items()}
    fine = [names[part] for part in share if share[part] >= FINE]
    partly = [f"{names[part]} in {100 * share[part]:.0f} %" for part in share if POOR <= share[part] < FINE]
    lost = [f"{names[part]} in {100 * share[part]:.0f} %" for part in share if 0 < share[part] < POOR]
    never = [names[part] for part in share if share[part] == 0]
    sentences = []
    if fine:
        sentences.append(f"{_listed(fine)} {'was' if len(fine) == 1 else 'were'} seen nearly throughout.")
    if partly or lost:
        sentences.append(f"Seen in part of the frames: {_listed(partly + lost)}.")
    if never:
        sentences.append(f"Never seen: {_listed(never)}.")
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


def _coverage(facts: dict, curves: dict) -> str:
    rows = "".join(
        f'<div class="row"><span>{PART_NAMES[part]}</span>{_strip(curves["seen"][part], curves["span"], _side(part))}'
        f"<b>{100 * share:.0f} %</b></div>"
        for part, share in facts["coverage"].items()
    )
    return f'<h2>What was seen, and when</h2><div class="card">{rows}{_axis_row(curves["span"])}</div>'


def _moments(facts: dict, drawn: Drawn) -> str:
    figures = "".join(_figure(source, f"<b>{time:.2f} s</b>") for time, source in drawn.moments)
    words = (
        '<p class="soft key"><i class="f-left"></i>the performer’s left &nbsp; <i class="f-right"></i>the performer’s '
        "right &nbsp; faint: held or at rest, since the camera did not see it</p>"
    )
    return f"<h2>The solved skeleton over the video</h2>{_pictures(facts, figures)}{words}" if figures else ""


def _weakest(facts: dict, drawn: Drawn) -> str:
    if not facts["weakest"]:
        return '<h2>Weakest stretches</h2><p class="soft">None: every part that shows was seen well throughout.</p>'
    source = dict(drawn.weak)
    cards = "".join(
        _figure(source.get(s["at"], ""), f"<b>{s['start']:.2f} to {s['end']:.2f} s</b> {escape(s['why'])}")
        for s in facts["weakest"]
    )
    return f"<h2>Weakest stretches</h2>{_pictures(facts, cards)}"


def _pictures(facts: dict, figures: str) -> str:
    width, height = facts["source"]["size"]
    return f'<div class="pictures{" tall" if height > width else ""}">{figures}</div>'


def _figure(source: str, caption: str) -> str:
    image = f'<img src="{source}" alt="">' if source else ""
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _expressions(facts: dict, curves: dict) -> str:
    if not facts["coverage"]["face"]:
        return '<h2>Face and eyes</h2><p class="soft">The face was never seen: expressions and eyes are at rest.</p>'
    rows = "".join(_curve(TITLES[title], curves["time"], lines, 0, 1) for title, lines in curves["groups"].items())
    degrees = max(15.0, *(float(np.abs(values).max(initial=0)) for values in curves["gaze"].values()))
    gaze = {"left": curves["gaze"]["left"], "up": curves["gaze"]["up"]}
    rows += _curve(f"Gaze ±{degrees:.0f}°", curves["time"], gaze, -degrees, degrees)
    span = (float(curves["time"][0]), float(curves["time"][-1])) if len(curves["time"]) else (0.0, 0.0)
    return f'<h2>Face and eyes</h2><div class="curves">{rows}</div><div class="curve"><span></span>{_axis(span)}</div>'


def _curve(title: str, time: np.ndarray, lines: dict, low: float, high: float) -> str:
    """One drawing with a line for each of {name: (T,)}."""
    key = "".join(f'<span><i class="f-{COLOURS[name]}"></i>{name}</span>' for name in lines)
    middle = f'<line class="grid" x1="0" x2="{WIDE}" y1="{HIGH / 2}" y2="{HIGH / 2}"/>'
    drawn = "".join(
        f'<polyline class="s-{COLOURS[name]}" points="{_points(time, values, low, high)}"/>'
        for name, values in lines.items()
    )
    return (
        f'<div class="curve"><div class="key">{title}{key}</div>'
        f'<svg viewBox="0 -4 {WIDE} {HIGH + 8}" preserveAspectRatio="none">{middle}{drawn}</svg></div>'
    )


def _points(time: np.ndarray, values: np.ndarray, low: float, high: float) -> str:
    if not len(time):
        return ""
    keep = np.arange(len(time))
    if len(time) > POINTS:
        pieces = np.array_split(keep, POINTS // 2)
        keep = np.unique([piece[pick(values[piece])] for piece in pieces for pick in (np.argmin, np.argmax)])
    x = (time[keep] - time[0]) / max(time[-1] - time[0], 1e-9) * WIDE
    y = HIGH * (1 - (np.clip(values[keep], low, high) - low) / (high - low))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _feet(facts: dict, curves: dict) -> str:
    spans = curves["contacts"]
    if not any(spans.values()):
        return ""
    rows = "".join(
        f'<div class="row"><span>{CONTACT_NAMES[name]}</span>{_strip(spans[name], curves["span"], _side(name))}<b></b>'
        "</div>"
        for name in spans
    )
    skate = facts["skate"]
    said = [f"{side} {100 * skate[side]:.1f} cm/s" for side in skate if skate[side] is not None]
    words = f'<p class="soft">Feet slide while planted: {_listed(said)}.</p>' if said else ""
    return f'<h2>Feet on the ground</h2><div class="card">{rows}{_axis_row(curves["span"])}{words}</div>'


def _making(facts: dict) -> str:
    rig, timings = dict(facts["rig"]), facts["timings"]
    missing = rig.pop("missing", [])
    blocks = ""
    if rig:
        lacks = f"The rig has nothing for: {_listed(missing)}." if missing else "The rig has something for everything."
        blocks += _block("Character", f'{_facts(rig)}<p class="soft">{escape(lacks)}</p>')
    if timings:
        words = {stage: duration(seconds) for stage, seconds in timings.items()}
        words["together"] = duration(sum(timings.values()))
        blocks += _block("Time taken", _facts(words))
    detector = facts["detector"]
    networks = "".join(
        f"<dt>{escape(str(name))}</dt><dd><code>{escape(str(digest))}</code></dd>"
        for name, digest in detector.get("models", {}).items()
    )
    source = {k: v for k, v in facts["source"].items() if k not in ("name", "size")}
    return (
        f'<div class="pair">{blocks}</div><details><summary>Settings, source and networks</summary>'
        f'<div class="pair"><div><h2>Settings</h2>{_facts(facts["settings"])}</div>'
        f"<div><h2>Source</h2>{_facts(source)}</div></div>"
        f"<h2>Detector {escape(str(detector.get('name', '')))} {escape(str(detector.get('version', '')))}</h2>"
        f"<dl>{networks}</dl></details>"
    )


def _block(title: str, content: str) -> str:
    return f'<div><h2>{title}</h2><div class="card">{content}</div></div>'


def _facts(words: dict) -> str:
    def told(value) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:g}" if isinstance(value, float) else str(value)

    return f"<dl>{''.join(f'<dt>{escape(str(k))}</dt><dd>{escape(told(v))}</dd>' for k, v in words.items())}</dl>"


def _strip(spans: list, span: tuple[float, float], colour: str) -> str:
    """When something held, along the clip. spans: [(start, end) s]; span: (start, end) s of the whole."""
    length = max(span[1] - span[0], 1e-9)
    bars = "".join(
        f'<rect class="f-{colour}" x="{WIDE * (a - span[0]) / length:.1f}" '
        f'width="{max(WIDE * (b - a) / length, 1):.1f}" height="10"/>'
        for a, b in spans
    )
    return f'<svg class="strip" viewBox="0 0 {WIDE} 10" preserveAspectRatio="none">{bars}</svg>'


def _axis(span: tuple[float, float], marks: int = 8) -> str:
    return '<div class="axis">' + "".join(f"<span>{t:.1f} s</span>" for t in np.linspace(*span, marks)) + "</div>"


def _axis_row(span: tuple[float, float]) -> str:
    return f'<div class="row"><span></span>{_axis(span)}<b></b></div>'


def _side(name: str) -> str:
    return "left" if name.startswith("left") else "right" if name.startswith("right") else "whole"


def _listed(words: list[str]) -> str:
    """a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
