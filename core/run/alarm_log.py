"""The reports of a run's alarms, in alarms.jsonl."""

from collections.abc import Mapping

from gan_run.core.run.run_folder import RunFolder


class AlarmLog:
    """Writes reports, and knows which alarms ring; those of a resumed run rang before.

    Args:
        folder: The run folder, whose alarms.jsonl has the reports up to the present step.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._ringing = set(folder.ringing_alarms())

    def add(self, step: int, alarm: str, message: str | None, readings: Mapping[str, float]) -> bool:
        """Write a report.

        Args:
            step: The step that it is about.
            alarm: The alarm's name.
            message: What it says while it rings; None while it is quiet.
            readings: What it has measured.

        Returns:
            Whether the alarm begins to ring.
        """
        self._folder.append_alarm({"step": step, "alarm": alarm, "message": message, "readings": dict(readings)})
        if message is None:
            self._ringing.discard(alarm)
            return False
        begins = alarm not in self._ringing
        self._ringing.add(alarm)
        return begins
