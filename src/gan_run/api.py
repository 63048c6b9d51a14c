"""The public API: all that plugins and users import from `gan_run`. What is not listed here may change."""

from gan_run.core.base.device import full_precision
from gan_run.core.base.errors import (
    DataError,
    GanRunError,
    NotFoundByName,
    PluginError,
    Problem,
    RunError,
    SpecError,
    TrainingError,
    UnreadableError,
    suggest,
)
from gan_run.core.base.files import cache_folder, check_file, hash_file
from gan_run.core.base.image import ImageShape, PixelCodec, resize_pixels, to_float, to_uint8
from gan_run.core.base.progress import track_progress
from gan_run.core.base.randomness import isolated_rng, permutation
from gan_run.core.base.tensor_cache import cached_tensors, hash_tensors
from gan_run.core.images.array_file import ArrayFile, ArrayHeader
from gan_run.core.images.array_formats import array_file
from gan_run.core.images.binary_file import HeaderReader, read_binary_array, read_binary_header, read_exactly
from gan_run.core.images.columns import (
    Column,
    ColumnKind,
    Columns,
    fill_missing,
    is_known,
    mean_over_known,
    unseen_categories,
)
from gan_run.core.images.downloads import damaged_file, download_files
from gan_run.core.images.feed import Feed, FeedContext, IndexFeed, ShuffledFeed
from gan_run.core.images.grid import image_grid, save_png, why_not_shown
from gan_run.core.images.heat_map import save_heat_map
from gan_run.core.images.image_cache import Decoded, Decoding, Unpacking, decode_once, unpack_once
from gan_run.core.images.image_reader import ImageInput, ImageReader
from gan_run.core.images.image_set import Batch, ImageSet
from gan_run.core.images.info import DataInfo, Split
from gan_run.core.images.mat_file import mat_shapes, read_mat
from gan_run.core.images.picture_decoder import PictureDecoder
from gan_run.core.images.picture_files import list_pictures, log_left_out, read_pictures
from gan_run.core.images.splitting import split_at_random, split_by_name, warn_of_uneven_split
from gan_run.core.images.stores import ImageStore, SelectedImages, StoredImages
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.augmentation import Augmentation, AugmentationModule, Augmentations
from gan_run.core.kinds.callback import Callback, DeclaredCallback
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.control import Control
from gan_run.core.kinds.criterion import Criterion, compare_pairs
from gan_run.core.kinds.data_source import DataSource, Splits, WrappedSource
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.diagnostics import Diagnostics
from gan_run.core.kinds.discriminator import (
    Discriminator,
    DiscriminatorModule,
    Features,
    Head,
    HeadModule,
    StackedTrunk,
    Trunk,
    TrunkModule,
)
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.events import (
    AlarmRaised,
    ArtifactRendered,
    CheckpointSaved,
    Event,
    MetricMeasured,
    ReportAlarm,
    RunEnded,
    RunStarted,
    StepLogged,
)
from gan_run.core.kinds.feature_network import FeatureExtractor, FeatureIdentity, FeatureNetwork, ImageFeatures
from gan_run.core.kinds.generator import Generator, GeneratorModule, StyledGenerator
from gan_run.core.kinds.inversion import Inversion
from gan_run.core.kinds.latent import Latent, LatentContext
from gan_run.core.kinds.latent_module import LatentModule, LogLikelihood, Values, log_prob
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace
from gan_run.core.kinds.loss import Encoder, Loss, LossContext, LossTerm
from gan_run.core.kinds.metric import Headline, Measurement, Metric
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.optimizer import Optimizer, ParameterGroup
from gan_run.core.kinds.resized_pictures import ResizedPictures
from gan_run.core.kinds.schedule import FollowsProgress, Progress, Schedule, Scheduled, value_at, wrong_value
from gan_run.core.kinds.spec import Spec
from gan_run.core.kinds.spec_path import SpecPath
from gan_run.core.kinds.spec_view import SpecView
from gan_run.core.kinds.strips import Strip, Strips
from gan_run.core.kinds.train import Train
from gan_run.core.kinds.update_context import DiscriminatorOutput, UpdateContext
from gan_run.core.kinds.watched_number import WatchedNumber
from gan_run.core.nn.borrowed import Borrowed
from gan_run.core.nn.layers import (
    BatchNorm1d,
    Norm,
    frozen_running_stats,
    init_normal,
    norm_1d,
    norm_2d,
    scaled,
    spectral_norm,
)
from gan_run.core.nn.rates import RateMultiplier
from gan_run.core.nn.resolutions import UpsamplingPlan, check_resolution, upsampling_plan_of
from gan_run.core.run.categories import AssignedImages, assign_categories, contingency, match_classes
from gan_run.core.run.options import RunOptions
from gan_run.core.run.stopping import Stopped
from gan_run.core.run.traversal import Traversals
from gan_run.loading import load
from gan_run.registry.hookspecs import hookimpl
from gan_run.registry.plugins import load_plugins
from gan_run.results.comparison import Comparison, compare
from gan_run.results.evaluation import evaluate
from gan_run.results.grouping import RunGroup
from gan_run.results.run import HeadlineNumber, Run
from gan_run.runs import read_spec, resume, train
from gan_run.sampling.dataset import sample_dataset
from gan_run.seeds import TrainedSeeds, train_seeds
from gan_run.selection import select
from gan_run.sweeps.sweep import Sweep, sweep

__all__ = [
    "AlarmRaised",
    "ArrayFile",
    "ArrayHeader",
    "Artifact",
    "ArtifactRendered",
    "AssignedImages",
    "Augmentation",
    "AugmentationModule",
    "Augmentations",
    "Batch",
    "BatchNorm1d",
    "Borrowed",
    "Callback",
    "CheckpointSaved",
    "CodeDim",
    "Column",
    "ColumnKind",
    "Columns",
    "Comparison",
    "Component",
    "Control",
    "Criterion",
    "DataError",
    "DataInfo",
    "DataSource",
    "Declaration",
    "DeclaredCallback",
    "Decoded",
    "Decoding",
    "Diagnostics",
    "Discriminator",
    "DiscriminatorModule",
    "DiscriminatorOutput",
    "Encoder",
    "Encoding",
    "Event",
    "FeatureExtractor",
    "FeatureIdentity",
    "FeatureNetwork",
    "Features",
    "Feed",
    "FeedContext",
    "FollowsProgress",
    "GanRunError",
    "Generator",
    "GeneratorModule",
    "Head",
    "HeadModule",
    "HeaderReader",
    "Headline",
    "HeadlineNumber",
    "ImageFeatures",
    "ImageInput",
    "ImageReader",
    "ImageSet",
    "ImageShape",
    "ImageStore",
    "IndexFeed",
    "Inversion",
    "Latent",
    "LatentContext",
    "LatentModule",
    "LatentSpace",
    "LogLikelihood",
    "Loss",
    "LossContext",
    "LossTerm",
    "Measurement",
    "Metric",
    "MetricMeasured",
    "Model",
    "Norm",
    "NotFoundByName",
    "Optimizer",
    "ParameterGroup",
    "PictureDecoder",
    "PixelCodec",
    "PluginError",
    "Problem",
    "Progress",
    "RateMultiplier",
    "ReportAlarm",
    "ResizedPictures",
    "Run",
    "RunEnded",
    "RunError",
    "RunGroup",
    "RunOptions",
    "RunStarted",
    "Schedule",
    "Scheduled",
    "SelectedImages",
    "ShuffledFeed",
    "Spec",
    "SpecError",
    "SpecPath",
    "SpecView",
    "Split",
    "Splits",
    "StackedTrunk",
    "StepLogged",
    "Stopped",
    "StoredImages",
    "Strip",
    "Strips",
    "StyledGenerator",
    "Sweep",
    "Train",
    "TrainedSeeds",
    "TrainingError",
    "Traversals",
    "Trunk",
    "TrunkModule",
    "Unpacking",
    "UnreadableError",
    "UpdateContext",
    "UpsamplingPlan",
    "Values",
    "WatchedNumber",
    "WrappedSource",
    "array_file",
    "assign_categories",
    "cache_folder",
    "cached_tensors",
    "check_file",
    "check_resolution",
    "compare",
    "compare_pairs",
    "contingency",
    "damaged_file",
    "decode_once",
    "download_files",
    "evaluate",
    "fill_missing",
    "frozen_running_stats",
    "full_precision",
    "hash_file",
    "hash_tensors",
    "hookimpl",
    "image_grid",
    "init_normal",
    "is_known",
    "isolated_rng",
    "list_pictures",
    "load",
    "load_plugins",
    "log_left_out",
    "log_prob",
    "mat_shapes",
    "match_classes",
    "mean_over_known",
    "norm_1d",
    "norm_2d",
    "permutation",
    "read_binary_array",
    "read_binary_header",
    "read_exactly",
    "read_mat",
    "read_pictures",
    "read_spec",
    "resize_pixels",
    "resume",
    "sample_dataset",
    "save_heat_map",
    "save_png",
    "scaled",
    "select",
    "spectral_norm",
    "split_at_random",
    "split_by_name",
    "suggest",
    "sweep",
    "to_float",
    "to_uint8",
    "track_progress",
    "train",
    "train_seeds",
    "unpack_once",
    "unseen_categories",
    "upsampling_plan_of",
    "value_at",
    "warn_of_uneven_split",
    "why_not_shown",
    "wrong_value",
]
