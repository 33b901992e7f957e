"""The processes that train one network together: each is a rank, and the first of them writes, shows and decides.

`Ranks` is one process alone, with nothing to do; `Together` is several, started by torchrun or by `launch`.
"""

from specnet.training.ranks.alone import ALONE, Network, Ranks
from specnet.training.ranks.joining import are_started, is_first, joined, launch_id, restarts
from specnet.training.ranks.share import Share

__all__ = ["ALONE", "Network", "Ranks", "Share", "are_started", "is_first", "joined", "launch_id", "restarts"]
