"""The techniques of architecture; derived by `studykit build` from their cards."""

from .batch_norm import BatchNorm1d, BatchNorm2d
from .he_init import kaiming_normal_, kaiming_uniform_, xavier_normal_, xavier_uniform_
from .instance_norm import InstanceNorm2d
from .layer_norm import LayerNorm, RMSNorm
from .mlp_mixer import MLPMixer
from .residual_scaling import scale_residual_init_

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "InstanceNorm2d",
    "LayerNorm",
    "MLPMixer",
    "RMSNorm",
    "kaiming_normal_",
    "kaiming_uniform_",
    "scale_residual_init_",
    "xavier_normal_",
    "xavier_uniform_",
]
