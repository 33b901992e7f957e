"""Find the images of shards that cannot be decoded, by decoding each of them once; what is found is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from specnet.file_access import read_bounded_file
from specnet.pictures.files import BadImage
from specnet.training.data.download import get_cache_folder
from specnet.training.data.image_decoding import NOTE_EVERY, ImageFormat, decode_image
from specnet.training.data.images import DataRequest
from specnet.training.data.streams.encoded_images import ShardImages
from specnet.training.data.streams.shard_index import FORMAT
from specnet.training.errors import CannotRun
from specnet.training.files import write_atomically

TOGETHER = 1024
"""Images that are decoded between two looks at the clock."""

LARGEST = 2**28
"""The most bytes of the list of an earlier run."""


def find_undecodable(samples: ShardImages, request: DataRequest) -> Mapping[int, str]:
    """Return why images cannot be decoded, by their numbers."""
    place = _find_place(samples)
    with suppress(OSError, ValueError, AttributeError):
        kept: dict[str, str] = json.loads(read_bounded_file(place, LARGEST))
        return {int(number): str(reason) for number, reason in kept.items()}
    found = _decode_all(samples, request)
    with suppress(OSError, CannotRun):  # it is found anew for the next run
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, json.dumps(found))
    return found


def _find_place(samples: ShardImages) -> Path:
    facts = [FORMAT, samples.fingerprint, *(shard.identity for shard in samples.shards)]
    key = sha256(json.dumps(facts).encode()).hexdigest()[:20]
    return get_cache_folder() / "streams" / "undecodable" / f"{key}.json"


def _decode_all(samples: ShardImages, request: DataRequest) -> dict[int, str]:
    """Decode all images in threads; `request.note` reports the progress."""
    number, found = len(samples.shard), dict[int, str]()
    form = ImageFormat(request.shape[:2], 3)
    began = told = time.perf_counter()

    def explain(image: int) -> str:
        try:
            decode_image(BytesIO(samples.read(image)), form)
        except BadImage as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(max(1, request.workers), "verify") as threads:
        for first in range(0, number, TOGETHER):
            some = range(first, min(number, first + TOGETHER))
            found |= {image: reason for image, reason in zip(some, threads.map(explain, some), strict=True) if reason}
            if (now := time.perf_counter()) - told > NOTE_EVERY:
                told = now
                request.note(f"decoded {some.stop:,} of {number:,} images, {some.stop / (now - began):,.0f} a second")
    return found
