"""
The picture of the lifecycle, drawn from its table.

States stand below each other with what keeps them listed inside; arrows forward run on the right, arrows
back on the left, the usual next step straight down. Colours follow the text colour of the page, so the
picture is readable on light and dark. Pure: the same table and language give the same letters.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cases.choices import State
from cases.lifecycle import MOVES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cases.asking import Move

BOX_WIDTH = 460
COLUMNS = 2
LINE = 20
HEAD = 40
GAP = 62  # between boxes, room for the labels of the straight arrows
LANE = 34
FONT = 13
STANDALONE_STYLE = (
    "<style>svg{color:#1f2937;background:#fff}"
    "@media (prefers-color-scheme:dark){svg{color:#e5e7eb;background:#111827}}</style>"
)
STYLE = (
    "<style>.bh-lifecycle text{fill:currentColor;"
    "font-family:Inter,'Noto Sans CJK SC','Microsoft YaHei',sans-serif}"
    ".bh-lifecycle path,.bh-lifecycle rect{stroke:currentColor;fill:none;stroke-width:1.5}"
    ".bh-lifecycle rect{fill:currentColor;fill-opacity:.05}"
    ".bh-lifecycle .head{font-weight:600}.bh-lifecycle .tip{fill:currentColor;stroke:none}</style>"
)


@dataclass
class Box:
    """A state with its place, and the transitions that keep it."""

    state: State
    lines: list[str]
    top: int = 0
    taken: dict[str, int] = field(default_factory=lambda: {"left": 0, "right": 0})

    @property
    def height(self) -> int:
        return HEAD + LINE * -(-len(self.lines) // COLUMNS) + 10

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def port(self, side: str) -> int:
        """The next free height on this side for an arrow to leave or arrive."""
        self.taken[side] += 1
        return self.top + 12 + 11 * (self.taken[side] - 1)


@dataclass(frozen=True)
class Arrow:
    """Transitions that lead from the same states to the same state share one arrow."""

    sources: tuple[State, ...]
    target: State
    labels: tuple[str, ...]

    @property
    def span(self) -> tuple[int, int]:
        """The highest and the lowest state it touches, counted from the top."""
        order = list(State)
        touched = [order.index(state) for state in (*self.sources, self.target)]
        return min(touched), max(touched)

    @property
    def leads_down(self) -> bool:
        return self.span[1] == list(State).index(self.target)

    @property
    def is_straight(self) -> bool:
        return self.leads_down and self.span[1] - self.span[0] == 1

    @property
    def goes_around(self) -> bool:
        """Down, past the boxes between."""
        return self.leads_down and not self.is_straight

    def overlaps(self, other: Arrow) -> bool:
        return max(self.span[0], other.span[0]) < min(self.span[1], other.span[1])


def draw_lifecycle(*, standalone: bool = False) -> str:
    """The SVG in the active language; ``standalone`` brings its own colours for light and dark readers."""
    boxes = boxes_of(MOVES)
    arrows = arrows_of(MOVES.values())
    left = [arrow for arrow in arrows if not arrow.leads_down]
    right = [arrow for arrow in arrows if arrow.goes_around]
    x = room_of(left)
    parts = [draw_box(box, x) for box in boxes.values()]
    parts += [draw_straight(arrow, boxes, x) for arrow in arrows if arrow.is_straight]
    parts += draw_lanes(left, boxes, edge=x, direction=-1)
    parts += draw_lanes(right, boxes, edge=x + BOX_WIDTH, direction=1)
    width = x + BOX_WIDTH + room_of(right)
    return frame(parts, width, height_of(boxes), standalone=standalone)


def frame(parts: Sequence[str], width: int, height: int, *, standalone: bool) -> str:
    title = escape(_("The lifecycle of a case"))
    body = "\n".join(parts)
    style = (STANDALONE_STYLE if standalone else "") + STYLE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bh-lifecycle" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>{style}\n{body}\n</svg>\n"
    )


def boxes_of(moves: dict[str, Move]) -> dict[State, Box]:
    """The states from top to bottom, each with its loops."""
    boxes: dict[State, Box] = {}
    top = 20
    for state in State:
        kept = [
            str(row.label)
            for row in moves.values()
            if state in row.every_source and row.targets(state) == state
        ]
        boxes[state] = Box(state, kept, top)
        top = boxes[state].bottom + GAP
    return boxes


def arrows_of(rows: Iterable[Move]) -> list[Arrow]:
    """Every change of state, grouped by where it starts and ends, in the order of the table."""
    labels: dict[tuple[tuple[State, ...], State], list[str]] = defaultdict(list)
    for row in rows:
        sources = tuple(state for state in row.every_source if row.targets(state) != state)
        if row.target and sources:
            labels[sources, row.target].append(str(row.label))
    return [Arrow(sources, target, tuple(found)) for (sources, target), found in labels.items()]


def height_of(boxes: dict[State, Box]) -> int:
    return max(box.bottom for box in boxes.values()) + 20


def width_of(text: str) -> int:
    """Rough width in pixels: Chinese characters are square, letters about half as wide."""
    return round(sum(FONT if ord(char) > 0x2E80 else FONT * 0.56 for char in text))


def room_of(arrows: Iterable[Arrow]) -> int:
    """What one side needs for its lanes, each with its labels outside of it."""
    return 16 + sum(LANE + lane_width(lane) for lane in lanes_of(arrows))


def lane_width(arrows: Iterable[Arrow]) -> int:
    return max(width_of(label) for arrow in arrows for label in arrow.labels)


def draw_box(box: Box, x: int) -> str:
    lines = [
        f'<rect x="{x}" y="{box.top}" width="{BOX_WIDTH}" height="{box.height}" rx="8"/>',
        text(x + 16, box.top + 26, str(box.state.label), size=16, kind="head"),
    ]
    for position, label in enumerate(box.lines):
        column, line = position % COLUMNS, position // COLUMNS
        left = x + 16 + column * (BOX_WIDTH - 32) // COLUMNS
        lines.append(text(left, box.top + HEAD + 14 + line * LINE, f"↻ {label}"))
    return "\n".join(lines)


def draw_straight(arrow: Arrow, boxes: dict[State, Box], x: int) -> str:
    """Down from one box to the next, its labels beside it."""
    middle = x + BOX_WIDTH // 3
    start, end = boxes[arrow.sources[0]].bottom, boxes[arrow.target].top
    first = (start + end) // 2 + 4 - LINE * (len(arrow.labels) - 1) // 2
    lines = [line_to([(middle, start), (middle, end - 7)]), tip(middle, end, "down")]
    lines += [text(middle + 12, first + LINE * n, label) for n, label in enumerate(arrow.labels)]
    return "\n".join(lines)


def draw_lanes(arrows: Sequence[Arrow], boxes: dict[State, Box], *, edge: int, direction: int) -> list[str]:
    """Arrows that pass boxes; the shortest run nearest to the boxes."""
    lane, drawn = edge, []
    for together in lanes_of(arrows):
        lane += direction * LANE
        drawn += [draw_lane(arrow, boxes, lane, edge) for arrow in together]
        lane += direction * lane_width(together)
    return drawn


def lanes_of(arrows: Iterable[Arrow]) -> list[list[Arrow]]:
    """Arrows side by side; those that only touch, because one begins where the other ends, share a lane."""
    lanes: list[list[Arrow]] = []
    for arrow in sorted(arrows, key=lambda arrow: arrow.span[1] - arrow.span[0]):
        free = next((lane for lane in lanes if not any(arrow.overlaps(other) for other in lane)), None)
        if free is None:
            lanes.append([arrow])
        else:
            free.append(arrow)
    return lanes


def draw_lane(arrow: Arrow, boxes: dict[State, Box], lane: int, edge: int) -> str:
    side = "right" if lane > edge else "left"
    starts = [boxes[state].port(side) for state in arrow.sources]
    end = boxes[arrow.target].port(side)
    tip_at = edge + (7 if side == "right" else -7)
    lines = [line_to([(edge, start), (lane, start), (lane, end)]) for start in starts]
    lines += [line_to([(lane, end), (tip_at, end)]), tip(edge, end, "left" if side == "right" else "right")]
    middle = (starts[0] + end) // 2 - LINE * (len(arrow.labels) - 1) // 2
    anchor, beside = ("start", lane + 8) if side == "right" else ("end", lane - 8)
    lines += [text(beside, middle + LINE * n, label, anchor=anchor) for n, label in enumerate(arrow.labels)]
    return "\n".join(lines)


def line_to(points: Sequence[tuple[int, int]]) -> str:
    return f'<path d="M{" L".join(f"{x} {y}" for x, y in points)}"/>'


def tip(x: int, y: int, towards: str) -> str:
    """The head of an arrow whose point is at (x, y)."""
    corners = {
        "down": f"M{x} {y} l-5 -9 h10 z",
        "left": f"M{x} {y} l9 -5 v10 z",
        "right": f"M{x} {y} l-9 -5 v10 z",
    }
    return f'<path class="tip" d="{corners[towards]}"/>'


def text(x: int, y: int, words: str, *, size: int = FONT, kind: str = "label", anchor: str = "start") -> str:
    place = f'x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'
