"""The processes that train one network together: each is a rank, and the first of them writes, shows and decides.

`Ranks` is a single process, with nothing to agree on; `ProcessGroup` is several, started by torchrun or by `launch`.
"""

from specnet.training.distributed.process_group import (
    count_restarts,
    get_launch_id,
    is_distributed,
    is_first_rank,
    join_process_group,
)
from specnet.training.distributed.single_process import SINGLE_PROCESS, Network, Ranks, Share

__all__ = [
    "SINGLE_PROCESS",
    "Network",
    "Ranks",
    "Share",
    "count_restarts",
    "get_launch_id",
    "is_distributed",
    "is_first_rank",
    "join_process_group",
]
