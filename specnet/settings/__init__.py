"""The lines of a `train` section: one file a line, in it the choices that may follow the line's name."""

from specnet.settings.training import Training, choice_of, choices, from_record, lines, takes_several, to_record

__all__ = ["Training", "choice_of", "choices", "from_record", "lines", "takes_several", "to_record"]
