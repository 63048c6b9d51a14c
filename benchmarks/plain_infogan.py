"""InfoGAN on MNIST in one file that imports nothing of gan-run: what gan-run is timed beside.

    python benchmarks/plain_infogan.py --root DATA --steps 50

The mathematics of examples/infogan-mnist.json (Chen et al. 2016, appendix C.1), in one of three implementations:

    plain     a competent user's loop: torchvision's dataset through a DataLoader, transformed sample by sample, losses
              read with .item() at every step
    resident  the same with all images in memory as uint8, normalised in bulk
    bare      resident, without anything that a step does not need: D's weights take no gradients in G's update, fused
              Adam, losses left on the device

DATA/MNIST/raw holds the files as torchvision keeps them. Prints one line of JSON.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

NOISE, CLASSES, CONTINUOUS = 62, 10, 2


def generator() -> nn.Sequential:
    """(N, 74) -> (N, 1, 28, 28) in [0, 1]"""
    return nn.Sequential(
        nn.Linear(NOISE + CLASSES + CONTINUOUS, 1024),
        nn.BatchNorm1d(1024),
        nn.ReLU(),
        nn.Linear(1024, 7 * 7 * 128),
        nn.BatchNorm1d(7 * 7 * 128),
        nn.ReLU(),
        nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 1, 4, stride=2, padding=1),
        nn.Sigmoid(),
    )


class Discriminator(nn.Module):
    """(N, 1, 28, 28) in [-1, 1] -> logits (N,), logits of the category (N, 10), means of c1 and c2 (N, 2)"""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 64, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(64, 128, 4, stride=2, padding=1),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(7 * 7 * 128, 1024),
            nn.BatchNorm1d(1024),
            nn.LeakyReLU(0.1),
        )
        self.head = nn.Linear(1024, 1)
        self.q = nn.Sequential(
            nn.Linear(1024, 128), nn.BatchNorm1d(128), nn.LeakyReLU(0.1), nn.Linear(128, CLASSES + CONTINUOUS)
        )

    def judge(self, images: Tensor) -> Tensor:
        """The logits alone"""
        logits: Tensor = self.head(self.trunk(images))
        return logits.squeeze(1).float()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.trunk(images)
        codes = self.q(features).float()
        return self.head(features).squeeze(1).float(), codes[:, :CLASSES], codes[:, CLASSES:]


def initialise(module: nn.Module) -> None:
    """DCGAN's"""
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        nn.init.normal_(module.weight, 1.0, 0.02)


def draw(n: int, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """G's input (N, 74), and the codes in it"""
    category = torch.randint(CLASSES, (n,), device=device)
    continuous = torch.rand(n, CONTINUOUS, device=device) * 2 - 1
    noise = torch.rand(n, NOISE, device=device) * 2 - 1
    return torch.cat([noise, F.one_hot(category, CLASSES).float(), continuous], dim=1), category, continuous


def minus_information(logits: Tensor, means: Tensor, category: Tensor, continuous: Tensor) -> Tensor:
    """Minus the bound in nats: Q is categorical, and normal of unit variance"""
    category_bound = math.log(CLASSES) - F.cross_entropy(logits, category)
    per_code = -0.5 * (continuous - means).square() - 0.5 * math.log(2 * math.pi)
    return -(category_bound + (per_code.mean(dim=0) + math.log(2)).sum())


def loaded(dataset: datasets.MNIST, args: argparse.Namespace) -> Iterator[Tensor]:
    """Batches (N, 1, 28, 28) in [-1, 1] without end"""
    loader = DataLoader(dataset, args.batch_size, shuffle=True, drop_last=True, num_workers=args.workers)
    while True:
        for images, _ in loader:
            yield images.to(args.device)


def resident(dataset: datasets.MNIST, args: argparse.Namespace) -> Iterator[Tensor]:
    """The same from memory"""
    everything = dataset.data.to(args.device)
    while True:
        for indices in torch.split(torch.randperm(len(everything), device=args.device), args.batch_size):
            if len(indices) == args.batch_size:
                yield everything[indices].unsqueeze(1).float() / 127.5 - 1


def train(args: argparse.Namespace) -> Iterator[None]:
    """Yields after each step"""
    bare = args.hand == "bare"
    g, d = generator().to(args.device), Discriminator().to(args.device)
    g.apply(initialise)
    d.apply(initialise)
    averaged = AveragedModel(g, multi_avg_fn=get_ema_multi_avg_fn(0.999))  # type: ignore[no-untyped-call]  # torch leaves it untyped
    g_adam = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.5, 0.999), fused=bare or None)
    d_adam = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=bare or None)
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])
    dataset = datasets.MNIST(args.root, transform=transform)
    batches = loaded(dataset, args) if args.hand == "plain" else resident(dataset, args)

    for _, real in zip(range(args.steps), batches, strict=False):
        ones, zeros = torch.ones(len(real), device=args.device), torch.zeros(len(real), device=args.device)

        d_adam.zero_grad()
        with torch.autocast(args.device, torch.bfloat16, enabled=args.bf16):
            latents, category, continuous = draw(len(real), args.device)
            with torch.no_grad():
                fake = g(latents) * 2 - 1
            real_logits = d.judge(real)
            fake_logits, logits, means = d(fake)
        d_loss = F.binary_cross_entropy_with_logits(real_logits, ones)
        d_loss = d_loss + F.binary_cross_entropy_with_logits(fake_logits, zeros)
        d_information = minus_information(logits, means, category, continuous)
        (d_loss + d_information).backward()  # type: ignore[no-untyped-call]  # likewise
        d_adam.step()

        g_adam.zero_grad()
        if bare:
            d.requires_grad_(False)
        with torch.autocast(args.device, torch.bfloat16, enabled=args.bf16):
            latents, category, continuous = draw(len(real), args.device)
            fake_logits, logits, means = d(g(latents) * 2 - 1)
        g_loss = F.binary_cross_entropy_with_logits(fake_logits, ones)
        g_information = minus_information(logits, means, category, continuous)
        (g_loss + g_information).backward()  # type: ignore[no-untyped-call]  # likewise
        g_adam.step()
        if bare:
            d.requires_grad_(True)
        averaged.update_parameters(g)

        if not bare:
            losses = [loss.item() for loss in (d_loss, d_information, g_loss, g_information)]
            assert all(map(math.isfinite, losses))
        yield


def synchronize(device: str) -> None:
    """Block until all work queued on `device` has finished"""
    if device != "cpu":
        torch.accelerator.synchronize(device)


def main() -> None:
    """Time the steps"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, help="where torchvision's MNIST folder is")
    parser.add_argument("--hand", choices=["plain", "resident", "bare"], default="plain")
    parser.add_argument("--steps", type=int, default=50, help="timed steps")
    parser.add_argument("--warmup", type=int, default=5, help="steps before those that are timed")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--workers", type=int, default=0, help="of the DataLoader; `plain` alone uses it")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true", help="bf16 autocast")
    parser.add_argument("--tf32", action="store_true", help="TF32 products and convolutions on a GPU; else float32")
    args = parser.parse_args()
    torch.set_float32_matmul_precision("high" if args.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = args.tf32

    timed, args.steps = args.steps, args.steps + args.warmup
    steps = train(args)
    for _ in range(args.warmup):
        next(steps)
    synchronize(args.device)
    begin = time.perf_counter()
    for _ in steps:
        pass
    synchronize(args.device)
    seconds = time.perf_counter() - begin
    print(json.dumps({"steps_per_second": timed / seconds, "images_per_second": timed * args.batch_size / seconds}))


if __name__ == "__main__":
    main()
