"""The order of the channels that are made of a block of pixels, or that become one."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

BlockOrder = Literal["HWC", "HCW", "WHC", "WCH", "CHW", "CWH"]
"""The axes of a block, from the one that varies slowest among the channels to the one that varies fastest."""

TORCH_ORDER: BlockOrder = "CHW"

BLOCK_ORDER: Any = Field(TORCH_ORDER, description="order of a block's axes among the channels, as WHC")
