"""`scipy.special` with gradients; needs SciPy: ``pip install autograd-core[scipy]``.

Most of it is ufuncs: ``scipy.special.erf(t)`` of a Tensor comes here by NumPy's
protocol, and there is nothing to import. What SciPy has as functions of Python
(`logsumexp`, `softmax`, `polygamma`, ...) refuses a Tensor that requires grad; here are
those that do not. Functions have SciPy's names and SciPy's arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

try:
    from scipy import special as _scipy
except ImportError as error:
    raise ImportError(
        "autograd_core.special needs SciPy: pip install autograd-core[scipy]"
    ) from error

from autograd_core.op import Op
from autograd_core.special import (
    bessel,
    elementary,
    errors,
    gammas,
    hypergeometric,
    packed,
    sums,
)
from autograd_core.special.bessel import (
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jn,
    jv,
    k0,
    k0e,
    k1,
    k1e,
    kn,
    kv,
    kve,
    y0,
    y1,
    yn,
    yv,
)
from autograd_core.special.elementary import (
    boxcox,
    boxcox1p,
    cbrt,
    cosdg,
    cosm1,
    cotdg,
    entr,
    exp2,
    exp10,
    expit,
    expm1,
    exprel,
    huber,
    inv_boxcox,
    inv_boxcox1p,
    kl_div,
    log1p,
    log_expit,
    logit,
    pseudo_huber,
    rel_entr,
    sindg,
    tandg,
    wrightomega,
    xlog1py,
    xlogy,
)
from autograd_core.special.errors import (
    dawsn,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfi,
    erfinv,
    exp1,
    expi,
    expn,
    log_ndtr,
    ndtr,
    ndtri,
    ndtri_exp,
    owens_t,
)
from autograd_core.special.gammas import (
    beta,
    betainc,
    betaincc,
    betaincinv,
    betaln,
    chdtr,
    chdtrc,
    digamma,
    gamma,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
    gammaln,
    gammasgn,
    loggamma,
    multigammaln,
    pdtr,
    poch,
    polygamma,
    psi,
    rgamma,
    stdtr,
)
from autograd_core.special.hypergeometric import (
    ellipe,
    ellipeinc,
    ellipk,
    ellipkinc,
    hyp0f1,
    hyp1f1,
    hyp2f1,
    hyperu,
    spence,
)
from autograd_core.special.packed import (
    airy,
    fresnel,
    shichi,
    sici,
)
from autograd_core.special.sums import (
    log_softmax,
    logsumexp,
    softmax,
    softplus,
)

__all__ = [
    "airy",
    "beta",
    "betainc",
    "betaincc",
    "betaincinv",
    "betaln",
    "boxcox",
    "boxcox1p",
    "cbrt",
    "chdtr",
    "chdtrc",
    "cosdg",
    "cosm1",
    "cotdg",
    "dawsn",
    "digamma",
    "ellipe",
    "ellipeinc",
    "ellipk",
    "ellipkinc",
    "entr",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfi",
    "erfinv",
    "exp1",
    "exp2",
    "exp10",
    "expi",
    "expit",
    "expm1",
    "expn",
    "exprel",
    "fresnel",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "gammaln",
    "gammasgn",
    "huber",
    "hyp0f1",
    "hyp1f1",
    "hyp2f1",
    "hyperu",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "inv_boxcox",
    "inv_boxcox1p",
    "iv",
    "ive",
    "j0",
    "j1",
    "jn",
    "jv",
    "k0",
    "k0e",
    "k1",
    "k1e",
    "kl_div",
    "kn",
    "kv",
    "kve",
    "log1p",
    "log_expit",
    "log_ndtr",
    "log_softmax",
    "loggamma",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "ndtri_exp",
    "owens_t",
    "pdtr",
    "poch",
    "polygamma",
    "pseudo_huber",
    "psi",
    "rel_entr",
    "rgamma",
    "shichi",
    "sici",
    "sindg",
    "softmax",
    "softplus",
    "spence",
    "stdtr",
    "tandg",
    "wrightomega",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
    "yn",
    "yv",
]

FAMILIES = (bessel, elementary, errors, gammas, hypergeometric, packed, sums)

TABLE: Mapping[str, Op[...]] = MappingProxyType(
    {
        op.name: op
        for family in FAMILIES
        for op in vars(family).values()
        if isinstance(op, Op) and op.__module__ == family.__name__
    }
)

UFUNCS: Mapping[np.ufunc, Callable[..., Any]] = MappingProxyType(
    {
        ufunc: globals()[name]
        for name in __all__
        if isinstance(ufunc := getattr(_scipy, name, None), np.ufunc)
    }
)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
