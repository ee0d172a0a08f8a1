"""What can go wrong, by name. Each message says what is wrong, where, and what would be right."""


class UnderstudyError(Exception):
    """Anything that the user can mend; its text is one sentence fit to be shown."""


class VideoError(UnderstudyError):
    """The video cannot be read, or has no picture."""


class NobodyError(UnderstudyError):
    """The video shows no performer."""


class ModelError(UnderstudyError):
    """A network that the detector needs is missing or unfit."""


class DetectorError(UnderstudyError):
    """The detector ended without a result: native code crashed, or a system library is missing."""


class RecordError(UnderstudyError):
    """A take, performance or clip file cannot be read: not one of ours, damaged, or from a newer version."""


class PresetError(UnderstudyError):
    """A rig preset is not well formed."""


class RigError(UnderstudyError):
    """A character has nothing that a performance could drive, or is of no known kind."""


class CharacterError(UnderstudyError):
    """A character file cannot be read."""


class RenderError(UnderstudyError):
    """The scene cannot be rendered as asked."""


class SettingsError(UnderstudyError):
    """A setting is out of its range, or unknown."""


class ExportError(UnderstudyError):
    """A performance cannot be written in the form asked for."""


class CaptureError(UnderstudyError):
    """A face capture of a phone cannot be read, or cannot be laid over a performance."""


class CalibrationError(UnderstudyError):
    """A calibration of a performer's face cannot be made or read."""


class Cancelled(UnderstudyError):
    """The user stopped the work; nothing was written."""


class OutputError(UnderstudyError):
    """A result cannot be written where it was asked for."""


class ServiceError(UnderstudyError):
    """A server or another program cannot be started or reached, or refuses what it is asked for."""
