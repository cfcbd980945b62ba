"""What a live view holds: the latest frames, posts and changes, and counts of everything.

Memory is bounded: rings of frames, posts and changes; what leaves them stays in the journal.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from itertools import islice
from typing import Any

from inundate.show.serve.settings import LiveSettings

__all__ = ["LAYERS", "LiveState"]

LAYERS = ("depth", "chance")
"""What a frame of a nowcast shows: the median depth, or how likely a depth is."""

_EVENT_BYTES = 8 * 2**20  # of changes kept for readers that lost the line for a while
_KEPT_NOWCASTS = 2  # the newest, and the one before for a page that is about to change
_KNOWN_POSTS = 50_000  # posts whose copies in other files are recognised: 6 MB


class LiveState:
    """The view that follows from the journal; one thread writes, many read.

    Parameters
    ----------
    settings : LiveSettings
    """

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings
        self.seq = 0
        self.counts = {
            "posts": 0, "posts_located": 0, "posts_on_map": 0, "posts_water": 0,
            "posts_repeated": 0, "posts_broken": 0, "rain_files": 0, "frames": 0, "nowcasts": 0,
            "refused": 0,
        }  # fmt: skip
        self._lock = threading.Lock()
        self._frames: deque[dict[str, Any]] = deque(maxlen=settings.frames)
        self._posts: deque[dict[str, Any]] = deque(maxlen=settings.posts)
        self._events: deque[tuple[int, str, str]] = deque()
        self._event_bytes = 0
        self._known: dict[int, None] = {}  # hashes of 64 bits, in the order in which they came
        self.last_rain: str | None = None
        self.last_post: str | None = None
        self.refused: deque[dict[str, str]] = deque(maxlen=20)
        self._nowcasts: deque[dict[str, Any]] = deque(maxlen=_KEPT_NOWCASTS)

    def is_known(self, post: str) -> bool:
        """Whether a post was taken already, from any file."""
        return hash(post) in self._known

    def apply(self, change: dict[str, Any]) -> None:
        """Take a line of the journal into the view."""
        with self._lock:
            self.seq = change["seq"]
            getattr(self, f"_take_{change['kind']}")(change)
            shown = self._shown(change)
            text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
            self._events.append((self.seq, change["kind"], text))
            self._event_bytes += len(text)
            while self._event_bytes > _EVENT_BYTES and len(self._events) > 1:
                self._event_bytes -= len(self._events.popleft()[2])

    def _shown(self, change: dict[str, Any]) -> dict[str, Any]:
        """Give what the page is told: no offsets, and texts as the settings say."""
        shown = {key: value for key, value in change.items() if key not in ("from", "to", "last")}
        if change["kind"] == "posts" and self.settings.post_text == "none":
            shown["posts"] = [{**post, "text": ""} for post in change["posts"]]
        return shown

    def _take_posts(self, change: dict[str, Any]) -> None:
        posts = change["posts"]
        self._posts.extend(posts)
        for post in posts:
            self._known[hash(post["post"])] = None
        for oldest in list(islice(self._known, max(0, len(self._known) - _KNOWN_POSTS))):
            del self._known[oldest]
        self.counts["posts"] += len(posts)
        self.counts["posts_located"] += sum(post["latitude"] is not None for post in posts)
        self.counts["posts_on_map"] += sum(post["column"] is not None for post in posts)
        self.counts["posts_water"] += sum(post["water"] == 1 for post in posts)
        self.counts["posts_repeated"] += change["repeated"]
        self.counts["posts_broken"] += sum(change["broken"].values())
        times = [post["time"] for post in posts if post["time"]]
        self.last_post = max([*times, *([self.last_post] if self.last_post else [])], default=None)

    def _take_rain(self, change: dict[str, Any]) -> None:
        self.counts["rain_files"] += 1
        self.last_rain = max(filter(None, [*change["times"], self.last_rain]), default=None)

    def _take_frame(self, change: dict[str, Any]) -> None:
        self.counts["frames"] += 1
        self._frames.append(change)

    def _take_nowcast(self, change: dict[str, Any]) -> None:
        self.counts["nowcasts"] += 1
        self._nowcasts.append(change)

    def _take_refused(self, change: dict[str, Any]) -> None:
        self.counts["refused"] += 1
        self.refused.append({"file": change["file"], "why": change["why"]})

    @property
    def last_frame(self) -> dict[str, Any] | None:
        """The newest frame."""
        with self._lock:
            return self._frames[-1] if self._frames else None

    def frame(self, seq: int) -> dict[str, Any] | None:
        """Give a frame that is still kept, by its number."""
        with self._lock:
            return next((frame for frame in self._frames if frame["seq"] == seq), None)

    @property
    def last_nowcast(self) -> dict[str, Any] | None:
        """The newest nowcast."""
        with self._lock:
            return self._nowcasts[-1] if self._nowcasts else None

    def nowcast_picture(self, seq: int, lead: int, layer: str) -> str | None:
        """Give the name of a picture of a nowcast that is still kept.

        Parameters
        ----------
        seq : int
            Its number.
        lead : int
            Which of its frames, from 0.
        layer : str
            ``"depth"`` or ``"chance"``.
        """
        with self._lock:
            found = next((cast for cast in self._nowcasts if cast["seq"] == seq), None)
        if found is None or layer not in LAYERS or lead >= len(found["frames"]):
            return None
        return str(found["frames"][lead][layer])

    def picture_names(self) -> set[str]:
        """Give the pictures of frames and nowcasts that are still kept."""
        with self._lock:
            leads = [lead for cast in self._nowcasts for lead in cast["frames"]]
            return {frame["picture"] for frame in self._frames} | {
                lead[layer] for lead in leads for layer in LAYERS
            }

    def snapshot(self) -> dict[str, Any]:
        """Give everything that a page which opens now shows."""
        with self._lock:
            posts = list(self._posts)
            if self.settings.post_text == "none":
                posts = [{**post, "text": ""} for post in posts]
            return {
                "seq": self.seq,
                "frames": list(self._frames),
                "nowcast": self._nowcasts[-1] if self._nowcasts else None,
                "posts": posts,
                "counts": dict(self.counts),
                "refused": list(self.refused),
                "last_rain": self.last_rain,
                "last_post": self.last_post,
            }

    def since(self, seq: int, most: int = 100) -> list[tuple[int, str, str]] | None:
        """Give changes after a number, the first ones; None if they are not kept any more.

        Parameters
        ----------
        seq : int
            Number of the last change that the reader has.
        most : int
            At most so many.
        """
        with self._lock:
            if seq == self.seq:
                return []
            if seq > self.seq or not self._events or seq + 1 < self._events[0][0]:
                return None
            start = seq + 1 - self._events[0][0]
            return list(islice(self._events, start, start + most))
