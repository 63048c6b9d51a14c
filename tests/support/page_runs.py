"""What runs have logged and drawn, for pages."""

from pathlib import Path

from PIL import Image

from made_runs import entry

EVIL = "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
"""A text that takes the page over if it is not escaped."""


def log(steps: int = 40) -> list[dict[str, object]]:
    """Lines of metrics.jsonl: two players, a report with an evil name, a schedule, a spike, a metric on the way."""
    lines: list[dict[str, object]] = [
        {
            "step": step,
            "generator/hinge": 1 / step,
            "discriminator/hinge": 100.0 if step == 7 else 1.0 + step / steps,
            f"discriminator/hinge/{EVIL}": float(step),
            "generator/lr": 0.001,
            "discriminator/lr": 0.1 / step**2,
            "losses[1].weight": step / steps,
            "discriminator/augment/ada/p": 0.5,
            "time": {"images_per_second": 50.0, "unix": 1700000000.0 + step},
        }
        for step in range(1, steps + 1)
    ]
    measured = [{"step": step, "metrics": [entry({"distance": 4.0 * step}, every=20)]} for step in (20, 40)]
    return [*lines, *measured]


def alarms() -> list[dict[str, object]]:
    """Lines of alarms.jsonl: one that rings twice, one whose reading another one has too."""
    ringing = {10: "first", 11: f"second {EVIL}", 30: "third"}
    return [
        line
        for step in range(1, 41)
        for line in (
            {"step": step, "alarm": "code/c", "message": ringing.get(step), "readings": {"recovery": step / 40}},
            {"step": step, "alarm": "hidden/c", "message": None, "readings": {"recovery": step / 40, "effect": 2.0}},
        )
    ]


def draw(path: Path, colour: int, size: tuple[int, int] = (60, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, colour).save(path)
