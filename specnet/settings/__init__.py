"""The lines of a `train` section: one file a line, in it the choices that may follow the line's name."""

from specnet.settings.training import (
    Training,
    from_record,
    get_choice,
    get_choices,
    list_lines,
    takes_several,
    to_record,
)

__all__ = ["Training", "from_record", "get_choice", "get_choices", "list_lines", "takes_several", "to_record"]
