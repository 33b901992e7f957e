"""Make names that are valid in Python and torch: unused identifiers, and attributes that hide none of nn.Module's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from keyword import iskeyword

MODULE_ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        """T_destination add_module apply bfloat16 bind buffers call_super_init children compile cpu cuda double
        dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu
        load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters
        register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
        register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
        register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
        register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to
        to_empty train training type xpu zero_grad graph code print_readable recompile
        delete_all_unused_submodules delete_submodule add_submodule meta
        shape_env to_folder""",
    )
)
"""Attributes of torch.nn.Module and torch.fx.GraphModule, which a submodule of the same name would hide."""


def escape_attribute(name: str) -> str:
    """Return a name that a submodule can have: `train` and Python's keywords get an underscore, `train_`."""
    return f"{name}_" if name in MODULE_ATTRIBUTES or name == "self" or iskeyword(name) else name


def is_attribute(name: str) -> bool:
    """Return whether `self.NAME` is valid inside a class."""
    return name.isidentifier() and not iskeyword(name) and not name.startswith("__")


def make_unused_name(name: str, taken: Iterable[str]) -> str:
    """Return the name, with underscores appended until it is neither taken nor a keyword."""
    while name in taken or iskeyword(name):
        name += "_"
    return name


def make_numbered_name(name: str, taken: Iterable[str]) -> str:
    """Return the name, with the first number from 2 appended if it is taken or a keyword."""
    number, new = 1, name
    while new in taken or iskeyword(new):
        number += 1
        new = f"{name}{number}"
    return new
