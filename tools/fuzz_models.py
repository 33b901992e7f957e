"""Import mutated models of other tools: each ends in a report or in one clear message, and runs no code of the file.

python tools/fuzz_models.py CASES SEED [--seeds FOLDER] [--keep FOLDER]

Small models of each format are written first; with --seeds, the files of a folder are mutated too. Nothing else than
UnreadableModel and OSError may be raised, no case may take five seconds of processor time or a gigabyte, and nothing
may be executed, unpickled, unmarshalled or started. The models at fault are kept in a folder, and counted by fault.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType

from model_mutations import mutate
from model_seeds import write_seeds

from specnet.importers import UnreadableModel, import_model
from specnet.importers.report import describe_report, format_report, make_sarif

LONGEST = 5.0
"""Seconds of processor time for a case."""

MEMORY = 1 << 30
"""Bytes that a case may take beyond what the process has at its beginning."""

LARGEST_SEED = 1 << 20
"""Bytes of the largest file that is mutated: many small ones find more than a few large ones."""

EXECUTING = ("exec", "marshal.loads", "pickle.find_class", "os.system", "os.exec", "subprocess.Popen", "socket.connect")
"""Audit events of Python that no model may cause; the interpreter's own imports do so too, and are passed over."""


class TooSlowError(BaseException):
    """A case has used up its time; no `except Exception` on the way may catch this."""


class ExecutedError(BaseException):
    """A case has made Python execute something."""


def main() -> int:
    """Return 1 if there were faults."""
    options = _parse_options()
    random = Random(options.seed)
    faults, endings = Counter[str](), Counter[str]()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seeds = _read_seeds(Path(folder), options.seeds)
        for name, data in seeds.items():  # whatever is imported late is imported now
            _try(Path(folder), name, data)
        _limit_memory()
        sys.addaudithook(_refuse_execution)
        for case in range(options.cases):
            name = random.choice(sorted(seeds))
            data = mutate(seeds[name], random)
            ending, text = _try(Path(folder), name, data)
            endings[ending] += 1
            if text:
                faults[ending] += 1
                _keep(options.keep, f"{case:06}-{Path(name).name}", data, text)
    print(f"{options.cases:,} mutated models of {len(seeds)} seeds in {time.monotonic() - began:.0f} s")
    for ending, count in endings.most_common():
        print(f"{count:8,}  {ending}{'   <-- a fault' if faults[ending] else ''}")
    return int(bool(faults))


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--seeds", type=Path, help="a folder with models of other tools")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-faults"), help="where models at fault are kept")
    return parser.parse_args()


def _read_seeds(folder: Path, more: Path | None) -> Mapping[str, bytes]:
    write_seeds(folder)
    files = [*folder.iterdir(), *(more.rglob("*") if more else ())]
    files = [file for file in files if file.is_file() and file.stat().st_size <= LARGEST_SEED]
    return {str(file): file.read_bytes() for file in files}


def _try(folder: Path, name: str, data: bytes) -> tuple[str, str]:
    """Import a model; return how that ended, and the traceback of a fault."""
    path = folder / f"case{Path(name).suffix}"
    path.write_bytes(data)
    try:
        with _limited_time():
            return _exercise(path), ""
    except UnreadableModel as error:
        return ("a message", "") if _is_clear(str(error)) else (f"an unclear message: {error}", str(error))
    except OSError:
        return "a file that cannot be read", ""
    except (Exception, TooSlowError, ExecutedError) as error:
        places = traceback.extract_tb(error.__traceback__)
        ours = next((each for each in reversed(places) if "specnet" in each.filename), places[-1])
        return f"{type(error).__name__} in {Path(ours.filename).name}:{ours.name}", traceback.format_exc()


def _is_clear(message: str) -> bool:
    return 10 <= len(message) <= 2000 and "Traceback" not in message


def _exercise(path: Path) -> str:
    result = import_model(path)
    assert result.checked.ok, "an imported spec has errors"
    format_report(result)
    json.dumps(describe_report(result, str(path), None))
    json.dumps(make_sarif(result, str(path)))
    return "left something out" if result.imported.lost else "a whole network"


@contextmanager
def _limited_time() -> Iterator[None]:
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"more than {LONGEST} s")


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, resource.RLIM_INFINITY))


def _refuse_execution(event: str, arguments: tuple[object, ...]) -> None:
    if event in EXECUTING and not _is_importing(sys._getframe(1)):
        raise ExecutedError(f"{event} {arguments!r:.200}")


def _is_importing(frame: FrameType | None) -> bool:
    while frame:
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _keep(folder: Path, name: str, data: bytes, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    (folder / f"{name}.txt").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
