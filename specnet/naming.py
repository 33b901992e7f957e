"""Make names that are valid in Python and torch: unused identifiers, and attributes that hide none of nn.Module's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from keyword import iskeyword

MODULE_ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        """T_destination ___needs_generation_tag_patch _apply _backward_hooks _backward_pre_hooks _boxed_call
        _buffers _call_impl _code
        _compiled_call_impl _create_node_hooks _deepcopy_hooks _deepcopy_init _erase_node_hooks _forward_hooks
        _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks _forward_pre_hooks_with_kwargs
        _get_backward_hooks _get_backward_pre_hooks _get_name _graph _graphmodule_cls_name _is_full_backward_hook
        _lineno_map _load_from_state_dict _load_state_dict_post_hooks _load_state_dict_pre_hooks
        _maybe_warn_non_full_backward_hook _modules _named_members _non_persistent_buffers_set _parameters
        _prologue_start _recompile_submodules _register_create_node_hook _register_deepcopy_hook
        _register_erase_node_hook _register_load_state_dict_pre_hook _register_replace_node_hook
        _register_state_dict_hook _replace_hooks _replicate_for_data_parallel _save_to_state_dict _set_replace_hook
        _slow_forward _state_dict_hooks _state_dict_pre_hooks _tracer_cls _tracer_extras _unregister_create_node_hook
        _unregister_deepcopy_hook _unregister_erase_node_hook _unregister_replace_node_hook _version _wrapped_call
        _wrapped_call_impl add_module add_submodule apply bfloat16 bind buffers call_super_init children code compile
        cpu cuda delete_all_unused_submodules delete_submodule double dump_patches eval extra_repr float forward
        get_buffer get_extra_state get_parameter get_submodule graph half ipu load_state_dict meta modules mtia
        named_buffers named_children named_modules named_parameters parameters print_readable recompile
        register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
        register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
        register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
        register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule shape_env share_memory state_dict to
        to_empty to_folder train training type xpu zero_grad""",
    )
)
"""Attributes of torch.nn.Module and torch.fx.GraphModule, which a submodule of the same name would hide."""

FORWARD_NAMES = frozenset(
    re.findall(r"\w+", "self super torch nn F math Tensor range float getattr inf nan NoneType device fx_pytree pytree")
)
"""Names that the module's code, in memory or written, uses itself, so that no value can have them."""

DUNDER = re.compile(r"__\w*[^\W_]__")
"""A name that Python reserves, `__init__`."""


def is_reserved(name: str) -> bool:
    """Return whether neither a module nor a value of the network can have this name."""
    return name in MODULE_ATTRIBUTES or name in FORWARD_NAMES or iskeyword(name) or bool(DUNDER.fullmatch(name))


def escape_name(name: str) -> str:
    """Return a name that a module and a value can have: a reserved one gets an underscore, `train_`."""
    while is_reserved(name):
        name += "_"
    return name


def is_attribute(name: str) -> bool:
    """Return whether `self.NAME` is valid inside a class."""
    return name.isidentifier() and not iskeyword(name) and not name.startswith("__")


def make_unused_name(name: str, taken: Iterable[str]) -> str:
    """Return the name, with underscores appended until it is neither taken nor one that Python keeps for itself."""
    while name in taken or iskeyword(name) or DUNDER.fullmatch(name):
        name += "_"
    return name


def make_numbered_name(name: str, taken: Iterable[str]) -> str:
    """Return the name, with the first number from 2 appended if it is taken or a keyword."""
    number, new = 1, name
    while new in taken or iskeyword(new):
        number += 1
        new = f"{name}{number}"
    return new
