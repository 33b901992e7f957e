"""The lines of a `train` section: one file per line, with the choices that may follow the line's name."""

from specnet.settings.training import (
    Training,
    explain_absent,
    find_unknown_choice,
    from_record,
    get_choice,
    get_choices,
    list_lines,
    takes_several,
    to_record,
)

__all__ = [
    "Training",
    "explain_absent",
    "find_unknown_choice",
    "from_record",
    "get_choice",
    "get_choices",
    "list_lines",
    "takes_several",
    "to_record",
]
