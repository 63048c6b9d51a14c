"""What is computed on."""

import torch


def wait_for(device: torch.device) -> None:
    """Until all that was asked of `device` is done."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
