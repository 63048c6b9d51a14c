"""How training runs, as a spec declares it."""

from typing import Annotated, Literal

from pydantic import Field

from gan_run.core.base.device import Precision
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.duration import Duration
from gan_run.core.kinds.ema import EMADecay
from gan_run.core.kinds.init_from import InitFromField
from gan_run.core.kinds.watched_number import WatchedNumber


class Train(Declaration):
    """How training runs: its length, device, precision and checkpoints."""

    steps: int = Field(ge=1, description="Number of steps. In a step every player is updated, one after the other.")
    for_: Duration | None = Field(
        default=None,
        alias="for",
        description="How long a command may train, such as 30m, 2h or 1h30m: then it saves a checkpoint and ends, and "
        "the next command goes on for as long. null for no limit.",
    )
    batch_size: int = Field(default=64, ge=1, description="Real images, and generated images, in each update.")
    checkpoint_every: int = Field(default=1000, ge=1, description="Steps between two checkpoints.")
    log_every: int = Field(default=50, ge=1, description="Steps between two lines of metrics.jsonl.")
    keep: int = Field(default=2, ge=1, description="Number of latest checkpoints to keep, besides the final one.")
    keep_best: WatchedNumber | None = Field(
        default=None,
        description="A number of a metric: the checkpoint at which it was best is kept beside the latest ones, for "
        "--checkpoint best.",
    )
    on_nan: Literal["stop", "rollback"] = Field(
        default="stop",
        description="What follows a loss or a weight that is not finite: stop ends the run; rollback goes back to the "
        "last good checkpoint and goes on from there with other random numbers.",
    )
    rollbacks: int = Field(default=3, ge=1, description="How often a run may go back, with on_nan: rollback.")
    device: str = Field(default="auto", description="A torch device; auto is an accelerator where there is one.")
    precision: Precision = Field(
        default="fp32",
        description="fp32, tf32 (TF32 products on CUDA), bf16 or fp16 (autocast; fp16 with loss scaling, for GPUs "
        "without bf16), or auto: the fastest of fp32, tf32 and bf16.",
    )
    channels_last: bool = Field(
        default=False, description="Store convolution weights in channels-last memory format, which some GPUs prefer."
    )
    cudnn_benchmark: bool = Field(
        default=False, description="On CUDA, let cuDNN time its algorithms and choose the fastest."
    )
    accumulate: int = Field(
        default=1,
        ge=1,
        description="Number of parts in which a batch goes through the networks, one after the other, before each "
        "update: less memory for the same gradient, but for batch statistics and terms that compare images.",
    )
    ema: EMADecay | None = Field(
        default=0.999,
        description="Decay of the generator's exponential moving average, a number or a schedule; or "
        '{"half_life": IMAGES}, in real images; null for none.',
    )
    clip: float | None = Field(default=None, gt=0, description="Maximum norm of each player's gradient; null for none.")
    updates: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        default={}, description="Updates per step by player, where it is not one."
    )
    compile: bool = Field(
        default=False, description="Compile each update with torch.compile; the first steps then take long."
    )
    sync_batch_norm: bool = Field(
        default=False,
        description="With several processes on GPUs: batch norms use the statistics of all processes' images.",
    )
    reuse_fakes: bool = Field(
        default=False,
        description="Reuse the discriminator update's fake batch for the generator update instead of generating again.",
    )
    init_from: InitFromField | None = Field(
        default=None,
        description="A run, or one of its checkpoints, whose weights training starts from; or "
        '{"run": RUN, "checkpoint": STEP, "optimizers": true}, which takes the states of optimizers and the EMA too.',
    )
