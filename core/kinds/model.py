"""A trained model: generates images from latent values, and encodes images to codes."""

import copy
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from gan_run.core.base.errors import CodeError, GanRunError, suggest
from gan_run.core.base.image import UINT8, ImageShape, PixelCodec
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.images.image_reader import ImageInput, ImageReader, default_decoder
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.picture_decoder import PictureDecoder
from gan_run.core.kinds.chunks import CHUNK, chunk_size
from gan_run.core.kinds.code_names import NO_CODE_NAMES, CodeNames
from gan_run.core.kinds.discriminator import DiscriminatorModule
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.generator import GeneratorModule, GeneratorStack
from gan_run.core.kinds.graphs import CodesOfImages, ImagesOfValues, posterior_params
from gan_run.core.kinds.inversion import Inversion, Inverter
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace
from gan_run.core.kinds.loss import Encoder
from gan_run.core.kinds.norm_statistics import STATISTICS_BATCH, use_batch_statistics, with_standing_statistics
from gan_run.core.kinds.numbered_samples import BLOCK, Samples, Wanted, numbered_samples
from gan_run.core.kinds.strips import Strips, strip_of
from gan_run.core.nn.layers import NORMS, to_local_batch_norm

RESERVED_NAMES = frozenset({"self", "n", "seed", "codes", "options"})
"""The arguments of `Model.sample`, which takes latents as keywords too."""


class Model:
    """A trained model, in evaluation mode.

    The model has copies of the networks, so that its use does not disturb their training. The images that it generates
    are float (N, C, H, W) in [-1, 1]; those that it encodes may also be arrays, pictures or files (`ImageReader.read`).
    """

    def __init__(
        self,
        stack: GeneratorStack,
        discriminator: DiscriminatorModule,
        encoders: Sequence[Encoder],
        image: ImageShape,
        device: torch.device,
        averaged: GeneratorStack | None = None,
        code_names: CodeNames = NO_CODE_NAMES,
        codec: PixelCodec = UINT8,
        batch_statistics: bool = False,
        decoder: PictureDecoder | None = None,
    ) -> None:
        """Copy the networks.

        Args:
            stack: The latents and the generator as trained.
            discriminator: Its trunk is the encoders' input.
            encoders: The encoders of all losses.
            image: Shape of the images.
            device: Where the networks are.
            averaged: The EMA of `stack`, which generates the images in its place.
            code_names: Names that users gave codes and their values.
            codec: How the dataset stores pixels.
            batch_statistics: Whether batch norms use the statistics of each batch, and not standing ones.
            decoder: How the dataset decodes picture files; None for the centre in the images' size.
        """
        generating = stack if averaged is None else averaged
        # One deepcopy of all, since an encoder may share modules with the discriminator.
        self._stack, self._discriminator, self._encoders = copy.deepcopy((generating, discriminator, list(encoders)))
        for part in self._parts:
            to_local_batch_norm(part.eval().requires_grad_(False))
        if batch_statistics:
            use_batch_statistics(self._parts)
        elif averaged is not None:
            self._stack = with_standing_statistics(averaged, chunk_size(image, STATISTICS_BATCH))
        self.image = image
        self.device = device
        self.code_names = code_names
        self.codec = codec
        self.reader = ImageReader(image, codec, decoder or default_decoder(image, codec))

    def __repr__(self) -> str:
        counts = {name: self.latents[name].count for name in self.latents}
        latents = ", ".join(name if count == 1 else f"{name} ({count})" for name, count in counts.items())
        return f"Model(images: {self.image}; latents: {latents}; codes: {', '.join(self.codes) or 'none'})"

    @property
    def latents(self) -> LatentSpace:
        """The generator's latents."""
        return self._stack.latents

    @property
    def sampling_options(self) -> Mapping[str, float]:
        """The generator's sampling options, each with the value that it has in training."""
        generator = self._stack.generator
        return generator.sampling_options if isinstance(generator, GeneratorModule) else {}

    @property
    def codes(self) -> tuple[str, ...]:
        """Names of the latents that the encoders recover from images."""
        return tuple(code for encoder in self._encoders for code in encoder.codes)

    def code_dims(self, names: Iterable[str] | None = None) -> list[CodeDim]:
        """The dimensions of codes that the encoders recover.

        Args:
            names: Codes (`c`, all its copies) or copies (`c[1]`); None for all that are recovered.

        Returns:
            Their dimensions, in order.

        Raises:
            NotFoundByName: A name is that of no latent and no copy.
            CodeError: No loss trains an encoder of one.
        """
        dims = self.latents.code_dims(self.codes if names is None else names)
        for dim in dims:
            if dim.name not in self.codes:
                hint = "one such as mutual-information that names it in its codes would train an encoder"
                raise CodeError(f"no loss reads {dim.name!r} off images: {hint}")
        return dims

    def labelled_dims(self) -> list[CodeDim]:
        """The dimensions that say what an image shows.

        Returns:
            Those of codes, then those of conditions that are numbers.
        """
        conditions = (name for name in self.latents if self.latents[name].is_observed)
        names = dict.fromkeys((*self.codes, *conditions))
        return self.latents.code_dims(name for name in names if not self.latents[name].value_shape)

    @property
    def chunk_size(self) -> int:
        """Images in one forward pass: 500 up to 64x64 pixels, fewer of larger images, so that memory is bounded."""
        return chunk_size(self.image, CHUNK)

    def sample_latents(self, n: int, codes: Mapping[str, float | str] | None = None) -> dict[str, Tensor]:
        """Draw latent values, with torch's global random number generator.

        Args:
            n: Number of images.
            codes: Codes to hold fixed, by `name`, `name[copy]` or the name that a user gave; each with a number, or
                with the name of a category.

        Returns:
            Values by latent, (n,) or (n, count), on the model's device.

        Raises:
            NotFoundByName: No code has this name.
            CodeError: The code cannot have this value.
        """
        return self.latents.sample(n, held=self.code_values(codes or {}))

    def code_values(self, codes: Mapping[str, float | str]) -> dict[CodeDim, Tensor]:
        """Values of codes, as users write them.

        Args:
            codes: As in `sample_latents`.

        Returns:
            Scalars on the CPU, by dimension.

        Raises:
            NotFoundByName: No code has this name.
            CodeError: The code cannot have this value.
        """
        values: dict[CodeDim, Tensor] = {}
        for text, wanted in codes.items():
            code_dim = self.code_names.code_dim(self.latents, text)
            number = self.code_names.number(code_dim, wanted) if isinstance(wanted, str) else wanted
            try:
                values[code_dim] = self.latents[code_dim.name].value(number)
            except ValueError as error:
                raise CodeError(f"{text}={number:g}: {error}") from None
        return values

    @torch.no_grad()
    def generate(self, values: Values, options: Mapping[str, float] | None = None) -> Tensor:
        """Generate images from latent values.

        Args:
            values: Values of every latent, (N, …) or (N, count, …), on any device.
            options: Sampling options of the generator, by name, such as `truncation`.

        Returns:
            Images (N, C, H, W), on the CPU; real ones are in [-1, 1].

        Raises:
            CodeError: The generator has no such option.
        """
        for name in options or {}:
            if name not in self.sampling_options:
                raise CodeError(f"the generator has no sampling option {name!r}{suggest(name, self.sampling_options)}")
        for name, number in (options or {}).items():
            if not math.isfinite(number):
                raise CodeError(f"the sampling option {name} has to be a finite number, not {number:g}")
        n = len(next(iter(values.values())))
        chunks = []
        for start in range(0, n, self.chunk_size):
            chunk = {name: value[start : start + self.chunk_size].to(self.device) for name, value in values.items()}
            chunks.append(self._stack(chunk, options).cpu())
        return torch.cat(chunks)

    def sample(
        self,
        n: int,
        seed: int | None = None,
        codes: Mapping[str, float | str] | None = None,
        options: Mapping[str, float] | None = None,
        **more: float | str,
    ) -> Tensor:
        """Generate images of random latent values: `sample(64, category=3, c1=0.5)`.

        Args:
            n: Number of images, at least 1.
            seed: Makes the images reproducible and leaves torch's global random number generator unchanged: the i-th
                image depends on the seed, i and its codes alone. Without one, that generator is used.
            codes: Codes to hold fixed, as in `sample_latents`; needed for names such as `"c[0]"`.
            options: Sampling options of the generator, as in `generate`.
            more: The same, as keywords.

        Returns:
            Images (n, C, H, W) in [-1, 1], on the CPU.

        Raises:
            NotFoundByName: No code has this name.
            CodeError: A code cannot have this value or is given twice, or the generator has no such option.
            GanRunError: `n` is less than 1.
        """
        if n < 1:
            raise GanRunError(f"n: {n} images cannot be drawn")
        if twice := more.keys() & (codes or {}).keys():
            raise CodeError(f"{', '.join(sorted(twice))}: given in `codes` and as a keyword")
        held = {**(codes or {}), **more}
        if seed is None:
            return self.generate(self.sample_latents(n, held), options)
        values = self.code_values(held)
        samples = self.numbered_samples((Wanted(seed, number, values) for number in range(n)), options)
        return torch.cat([block.images for block in samples])

    def numbered_samples(
        self, wanted: Iterable[Wanted], options: Mapping[str, float] | None = None
    ) -> Iterator[Samples]:
        """Generate images of which each depends on its seed, its number and its codes alone.

        Args:
            wanted: The images.
            options: Sampling options of the generator, as in `generate`.

        Returns:
            An iterator over images with their latent values, some at a time, so that memory holds few.

        Raises:
            CodeError: The generator has no such option.
        """
        size = min(BLOCK, self.chunk_size)
        return numbered_samples(self.latents, lambda values: self.generate(values, options), wanted, size)

    def traverse(
        self,
        *codes: str,
        low: float | None = None,
        high: float | None = None,
        steps: int = 10,
        rows: int = 5,
        seed: int = 0,
        channels: Sequence[int] | None = None,
        options: Mapping[str, float] | None = None,
    ) -> Strips:
        """Generate a strip of images for each of several codes: the code changes, everything else is fixed.

        Args:
            codes: Latents (`c`, all its copies), copies (`c[1]`) or their names; none for all codes that the encoders
                recover.
            low: The first value of a real-valued code; None for the code's own range.
            high: The last value.
            steps: Values of a code that does not have its own number of values, at least 2.
            rows: Rows of a strip, each with noise of its own, which is the same for every code.
            seed: Of the noise; torch's global random number generator is left unchanged.
            channels: The channels that are shown as red, green and blue; None for the first three.
            options: Sampling options of the generator, as in `generate`.

        Returns:
            The strips by code, which a notebook shows: `gan.traverse("c1")`, `gan.traverse()["c1"].save("c1.png")`.

        Raises:
            NotFoundByName: No code has this name.
            CodeError: The generator has no such option.
            GanRunError: `steps` or `rows` is too small.
        """
        if rows < 1 or steps < 2:
            raise GanRunError(f"a strip has at least 1 row and 2 values, not {rows} and {steps}")
        strips = {}
        with isolated_rng("traverse", seed):
            held = self.sample_latents(rows)
            for code_dim in self.code_names.code_dims(self.latents, codes or self.codes):
                values = self.latents[code_dim.name].traversal_values(steps, low, high)
                strips[str(code_dim)] = strip_of(self, held, code_dim, values, channels, options)
        return Strips(strips)

    @torch.no_grad()
    def posterior_params(self, images: ImageInput) -> dict[str, Tensor]:
        """Q's output for images.

        Args:
            images: N images, as for `encode`.

        Returns:
            Posterior parameters (N, P) by code, float32 on the model's device.

        Raises:
            DataError: `images` has another shape, type or range, or a picture cannot be read.
        """
        params = [posterior_params(self._discriminator, self._encoders, chunk) for chunk in self._chunks(images)]
        return {name: torch.cat([chunk[name] for chunk in params]) for name in self.codes}

    def encode(self, images: ImageInput) -> Encoding:
        """The codes of images. Batch norms use running statistics, but in `with_batch_statistics`.

        Args:
            images: Float (N, C, H, W) in [-1, 1] on any device; stored pixels, such as uint8; arrays of either, with
                channels first or last; PIL images and paths of any size; or a sequence of these.

        Returns:
            The most likely values by code on the CPU, (N,), or (N, count) of several copies; with `probabilities` of
            categories and `deviations` of numbers.

        Raises:
            DataError: `images` has another shape, type or range, or a picture cannot be read.
        """
        self.reader.warn_of_scale(images)
        return Encoding(self.latents, self.posterior_params(images))

    def encode_set(self, images: ImageSet, shuffle: bool = False) -> Encoding:
        """The codes of each image of a split; mirrored copies are left out.

        Images are decoded and encoded in chunks of equal size, of at most `chunk_size`.

        Args:
            images: The split, of M images.
            shuffle: Whether chunks are drawn at random, with torch's global random number generator: batch norms that
                use the statistics of the chunk (`with_batch_statistics`) then do not depend on the split's order.

        Returns:
            The codes in the split's order, as `encode` gives them.
        """
        order = torch.randperm(images.count) if shuffle else torch.arange(images.count)
        chunks = order.tensor_split(math.ceil(images.count / self.chunk_size))
        encoded = [self.posterior_params(images.batch(chunk).images) for chunk in chunks]
        at = order.argsort().to(self.device)
        return Encoding(self.latents, {code: torch.cat([chunk[code] for chunk in encoded])[at] for code in self.codes})

    def reconstruct(self, images: ImageInput, options: Mapping[str, float] | None = None) -> Tensor:
        """Generate images from the codes of given ones; latents that no encoder recovers are drawn.

        Args:
            images: N images, as for `encode`.
            options: Sampling options of the generator, as in `generate`.

        Returns:
            Images (N, C, H, W), on the CPU.

        Raises:
            DataError: `images` has another shape, type or range, or a picture cannot be read.
            CodeError: The generator has no such option.
        """
        read = self.reader.read(images)
        found = {name: value.to(self.device) for name, value in self.encode(read).items()}
        return self.generate(self.latents.sample(len(read), found), options)

    def invert(
        self,
        images: ImageInput,
        *,
        steps: int = 300,
        seed: int = 0,
        blind: bool = False,
    ) -> Inversion:
        """Find latents that reproduce images, by gradient descent.

        The search begins at what Q reads off each image, with 64 draws of the noise, of which four are kept. First the
        noise is optimised, then all continuous latents, to equal pixels and features of the trunk. Discrete latents
        keep the best of several values: the likeliest by Q, and drawn ones of a latent that Q does not read.
        Continuous ones stay among the values that their priors draw. What is found for an image depends on the seed and
        the image; on other images by rounding alone, which shows in noise that hardly changes the image.

        Args:
            images: N images, as for `encode`.
            steps: Steps of Adam, 0 or more.
            seed: The seed of what is drawn; torch's global random number generator is left unchanged.
            blind: Whether the search begins at random codes, as it does for a model without codes.

        Returns:
            The latents, the reconstructions, and their errors.

        Raises:
            DataError: `images` has another shape, type or range, or a picture cannot be read.
            GanRunError: `steps` is negative.
        """
        if steps < 0:
            raise GanRunError(f"steps: {steps} steps cannot be taken")
        read = self.reader.read(images).float()
        trunk, unit = self._discriminator.trunk, (self.codec.high - self.codec.low) / 2
        inverter = Inverter(self.latents, self._stack, trunk, steps, seed, self.chunk_size)
        found = list(inverter.find(read, self.encode(read) if self.codes and not blind else None))
        values = {name: torch.cat([each.values[name].cpu() for each in found]) for name in self.latents}
        made = self.generate(values)
        squared = (made - read.cpu()).square().flatten(1).mean(1)
        start, blindly = (
            torch.cat(list(parts)).cpu() for parts in ((f.start for f in found), (f.blind for f in found))
        )
        return Inversion(values, made, *(unit * each.sqrt() for each in (squared, start, blindly)))

    @torch.no_grad()
    def features(self, images: ImageInput) -> Tensor:
        """The trunk's features.

        Args:
            images: N images, as for `encode`.

        Returns:
            Features (N, F), float32 on the CPU.

        Raises:
            DataError: `images` has another shape, type or range, or a picture cannot be read.
        """
        trunk = self._discriminator.trunk
        return torch.cat([trunk(chunk).vector.float().cpu() for chunk in self._chunks(images)])

    @property
    def generator_graph(self) -> ImagesOfValues:
        """The generator with its latents' embedding, as a module of tensors: values to images. It shares the model's
        weights."""
        return ImagesOfValues(self._stack)

    @property
    def encoder_graph(self) -> CodesOfImages:
        """Trunk and Q as a module of tensors: images to codes. It shares the model's weights."""
        outputs = tuple(self.encode(torch.zeros(1, *self.image)).tensors())
        return CodesOfImages(self.latents, self._discriminator, self._encoders, outputs)

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The modules with the model's weights, not to be changed: `latents`, `generator`, `trunk`, `encoders.N`."""
        encoders = {f"encoders.{number}": encoder for number, encoder in enumerate(self._encoders)}
        stack = self._stack
        return {"latents": stack.latents, "generator": stack.generator, "trunk": self._discriminator.trunk, **encoders}

    @property
    def has_batch_norms(self) -> bool:
        """Whether running and batch statistics differ: whether there is a batch norm in any network."""
        return any(isinstance(module, NORMS) for part in self._parts for module in part.modules())

    @cached_property
    def with_batch_statistics(self) -> "Model":
        """A copy whose batch norms use the statistics of each chunk instead of the running statistics."""
        other = copy.deepcopy(self)
        use_batch_statistics(other._parts)
        return other

    @property
    def _parts(self) -> tuple[nn.Module, ...]:
        return self._stack, self._discriminator, *self._encoders

    def _chunks(self, images: ImageInput) -> Iterator[Tensor]:
        """`images` in chunks on the model's device. Raises DataError as `encode` does."""
        for chunk in torch.split(self.reader.read(images), self.chunk_size):
            yield chunk.to(self.device)
